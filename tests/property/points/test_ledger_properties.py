"""The whole service, through gRPC and PostgreSQL, against the model of the ledger, over random scripts."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from coalition.points.v1 import movement_pb2 as pb
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.runtime.clock import from_micros
from tests.support.ledger_model import DAY_US, Ask, LedgerModel, Verdict
from tests.support.ledger_replay import journal_of, verdict_of
from tests.support.points import PointsHouse, RunningPoints, Till
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import earn, redemption

pytestmark = pytest.mark.asyncio(loop_scope="module")

# The clock stands at 10:00 UTC on days 10 to 20 of a month only, and tills a day off at least from the edges of what
# is taken: the microseconds that a call takes decide nothing. (The pure decision is tested at the very edges.)
START_US = STARTS_AT_US + 13 * DAY_US + 5 * 3_600_000_000
PAUSES_DAYS = (1, 28, 30, 61, 92, 365)
OFFSETS_DAYS = (0, 0, 0, -1, -30, -75, -399, -401, 1)


@dataclass(frozen=True)
class Rough:
    kind: str
    partner: int
    key: int
    member: int
    reference: int
    offset_days: int
    amount: int


@dataclass(frozen=True)
class Pause:
    days: int


@dataclass(frozen=True)
class Rate:
    partner: int
    points: int
    per_minor: int
    offset_days: int


roughs = st.builds(
    Rough,
    kind=st.sampled_from(("earn", "earn", "redeem")),
    partner=st.sampled_from((0, 0, 1)),
    key=st.integers(0, 15),
    member=st.integers(0, 1),
    reference=st.integers(0, 15),
    offset_days=st.sampled_from(OFFSETS_DAYS),
    amount=st.integers(1, 60),
)
batches = st.lists(roughs, min_size=1, max_size=8)
rates = st.builds(
    Rate,
    partner=st.integers(0, 1),
    points=st.integers(0, 9),
    per_minor=st.integers(1, 5),
    offset_days=st.sampled_from((-90, -1, 0, 20)),
)
scripts = st.lists(
    st.one_of(batches, batches, st.builds(Pause, st.sampled_from(PAUSES_DAYS)), rates), min_size=1, max_size=7
)


class Play:
    """A ledger and its model, side by side."""

    def __init__(self, house: PointsHouse) -> None:
        self.house, self.now_us = house, START_US
        self.model = LedgerModel(house.programme.zone, 2, 400)
        self.tills = [Till(house), Till(house)]
        self.members = [house.member() for _ in range(2)]
        self.answers: list[tuple[pb.Result, Verdict]] = []

    async def run(self, script: list[list[Rough] | Pause | Rate]) -> None:
        await self.house.move_clock(self.now_us)
        await self._rate(Rate(0, 1, 1, -10_000))
        for step in script:
            if isinstance(step, Pause):
                self.now_us = _between(self.now_us + step.days * DAY_US)
                await self.house.move_clock(self.now_us)
            elif isinstance(step, Rate):
                await self._rate(step)
            else:
                await self._post(step)

    async def _rate(self, rate: Rate) -> None:
        partner, valid_from_us = self.tills[rate.partner].partner_id, self.now_us + rate.offset_days * DAY_US
        await self.house.set_rate(partner, rate.points, rate.per_minor, valid_from_us)
        self.model.set_rate(partner, valid_from_us, rate.points, rate.per_minor)

    async def _post(self, batch: list[Rough]) -> None:
        asks = [self._ask(rough) for rough in batch]
        for till in self.tills:
            own = [ask for ask in asks if ask.partner == till.partner_id]
            if own:
                results = await till.post(*(_item(ask) for ask in own))
                verdicts = self.model.post_all(own, self.now_us)
                self.answers += zip(results, verdicts, strict=True)

    def _ask(self, rough: Rough) -> Ask:
        return Ask(
            "earn" if rough.kind == "earn" else "redeem",
            self.tills[rough.partner].partner_id,
            f"k{rough.key}",
            self.members[rough.member],
            f"r{rough.reference}",
            self.now_us + rough.offset_days * DAY_US,
            rough.amount,
        )

    async def compare(self) -> None:
        records = await self.house.journal()
        journal = {posted.seq: posted for posted in journal_of(records)}
        assert list(journal.values()) == self.model.journal
        assert [verdict_of(result, journal) for result, _ in self.answers] == [
            verdict for _, verdict in self.answers
        ]
        for member in self.members:
            balance = (await self.tills[0].balance(member)).available
            assert balance == self.model.available(member, self.now_us)
        told = [(purchase.seq, purchase.sale.amount_minor) for purchase in await self.house.purchases()]
        asked = {ask.transaction.seq for ask, verdict in self.answers if verdict.outcome == "accepted"}
        assert {seq for seq, _ in told} == {seq for seq in asked if journal[seq].kind == "earn"}
        assert [event.seq for event in await self.house.events() if event.seq] == list(journal)
        await self.house.assert_sound()


def _between(moment_us: int) -> int:
    """The nearest time after that is far from any month's end."""
    while not 10 <= from_micros(moment_us).day <= 20:
        moment_us += DAY_US
    return moment_us


def _item(ask: Ask) -> pb.Item:
    make = earn if ask.kind == "earn" else redemption
    return make(ask.member, ask.amount, key=ask.key, reference=ask.reference, occurred_at_us=ask.occurred_us)


@given(script=scripts)
@settings(
    max_examples=20,
    deadline=None,
    # Without shrinking: a script is short, and each one tried costs many transactions.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_every_answer_balance_and_posting_of_the_service_is_the_models(
    running: RunningPoints, script: list[list[Rough] | Pause | Rate]
) -> None:
    play = Play(running.house())
    await play.run(script)
    await play.compare()
