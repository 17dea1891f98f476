"""The whole service, through gRPC and PostgreSQL, against the model of the ledger, over random scripts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
from coalition.points.v1 import movement_pb2 as pb
from coalition.points.v1.points_pb2 import SetCampaignRequest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.runtime.clock import from_micros
from services.runtime.errors import InvalidRequest
from services.runtime.expiry_policy import ExpiryPolicy, ExpiryRule
from services.runtime.ids import new_id
from tests.property.points.roughs import Referred, Rough, Seen, roughs, without_hasty
from tests.support.campaign_model import Deal, load, set_campaign
from tests.support.campaign_wire import load_budget, terms
from tests.support.credit_model import issued, set_floor
from tests.support.ledger_facts import DAY_US, OPERATOR, Ask, Expiry, Verdict
from tests.support.ledger_model import LedgerModel
from tests.support.ledger_replay import comparable, journal_of, verdict_of
from tests.support.park_model import unpark_all
from tests.support.points import RunningPoints, Till
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import capture, earn, hold, redemption, refund, reversal, void
from tests.support.wallet_wire import adjustment, merge, opening, transfer

pytestmark = pytest.mark.asyncio(loop_scope="module")

# The clock stands at 10:00 UTC on days 10 to 20 of a month only, and tills a day off at least from the edges of what
# is taken: the microseconds that a call takes decide nothing. (The pure decision is tested at the very edges.)
LIMITS = (30, 25, 60)
START_US = STARTS_AT_US + 13 * DAY_US + 5 * 3_600_000_000
PAUSES_DAYS = (1, 28, 30, 61, 92, 365)
OFFSETS_DAYS = (0, 0, 0, -1, -30, -75, -399, -401, 1)


@dataclass(frozen=True)
class Pause:
    days: int


@dataclass(frozen=True)
class Rule:
    partner: int
    shortfall: str
    order: str


@dataclass(frozen=True)
class Offer:
    """The next version of a campaign, from and for so many days (0: without an end), and points for its budget."""

    place: int
    percent: int
    fixed: int
    from_days: int
    days: int
    points: int


@dataclass(frozen=True)
class Limit:
    """A credit floor so many points below what the partner has issued; None: none."""

    partner: int
    room: int | None
    parks: bool


@dataclass(frozen=True)
class Unparking:
    """What is parked is posted as far as it fits."""


@dataclass(frozen=True)
class Rate:
    partner: int
    points: int
    per_minor: int
    offset_days: int
    pending_days: int = 0


@dataclass(frozen=True)
class Change:
    expiry: Expiry


# Who they are is known once there is a ledger: these stand for them.
PARTNERS, MEMBERS = ([UUID(int=first + place) for place in range(2 + first // 20)] for first in (10, 20))
batches = st.lists(
    roughs(PARTNERS, MEMBERS, [days * DAY_US for days in OFFSETS_DAYS], (3 * 86_400, 7 * 86_400)),
    min_size=2,
    max_size=9,
)
refund_rules = st.builds(
    Rule, st.integers(0, 1), st.sampled_from(("ALLOW_NEGATIVE", "WITHIN_BALANCE", "PENDING_ONLY")),
    st.sampled_from(("PRO_RATA", "POINTS_FIRST", "MONEY_FIRST")),
)  # fmt: skip
limits = st.builds(Limit, st.integers(0, 1), st.sampled_from((None, -5, 0, 20, 50)), st.booleans())
rates = st.builds(
    Rate,
    partner=st.integers(0, 1),
    points=st.integers(0, 9),
    per_minor=st.integers(1, 5),
    offset_days=st.sampled_from((-90, -1, 0, 20)),
    pending_days=st.sampled_from((0, 14, 45)),
)
# Short, so that points lapse within a script, and on days that the clock never stands on.
DATED = (Expiry("months_after_earn", 2), Expiry("fixed_date", 1, 3, 31), Expiry("fixed_date", 0, 2, 29))
BY_ACTIVITY = (Expiry("activity", 1), Expiry("activity", 2))
expiries = st.one_of(st.sampled_from(DATED), st.sampled_from(BY_ACTIVITY))
offers = st.builds(
    Offer, st.integers(0, 1), st.sampled_from((150, 300)), st.sampled_from((0, 0, 4)), st.sampled_from((-90, -1, 0)),
    st.sampled_from((0, 0, 40)), st.sampled_from((5, 80, 400)),
)  # fmt: skip
scripts = st.lists(
    st.one_of(
        offers,
        batches,
        batches,
        batches,
        st.builds(Pause, st.sampled_from(PAUSES_DAYS)),
        rates,
        refund_rules,
        limits,
        st.just(Unparking()),
        st.builds(Change, expiries),
    ),
    min_size=2,
    max_size=8,
)


class Play:
    """A ledger and its model, side by side."""

    def __init__(self, running: RunningPoints, expiry: Expiry) -> None:
        self.house, self.now_us = running.house(expiry=_policy(expiry)), START_US
        self.model = LedgerModel(self.house.programme.zone, expiry, 400)
        self.tills = [Till(self.house), Till(self.house)]
        self.members = [self.house.member() for _ in MEMBERS]
        self.answers: list[tuple[pb.Result, Verdict]] = []
        self.ids: dict[int, bytes] = {}
        self.campaigns = [new_id() for _ in range(2)]

    async def run(
        self, script: list[list[Rough] | Pause | Rate | Rule | Limit | Unparking | Change | Offer]
    ) -> None:
        await self.house.move_clock(self.now_us)
        await self.house.set_limits(*LIMITS)
        self.model.limits = LIMITS
        await self._rate(Rate(0, 1, 1, -10_000))
        for step in script:
            if isinstance(step, Pause):
                self.now_us = _between(self.now_us + step.days * DAY_US)
                await self.house.move_clock(self.now_us)
            elif isinstance(step, Limit):
                await self._limit(step)
            elif isinstance(step, Unparking):
                await self._unpark()
            elif isinstance(step, Offer):
                await self._offer(step)
            elif isinstance(step, Rate):
                await self._rate(step)
            elif isinstance(step, Change):
                await self._change(step.expiry)
            elif isinstance(step, Rule):
                partner = self.tills[step.partner].partner_id
                await self.house.set_refund_rule(partner, step.shortfall, step.order)
                self.model.refund_rules[partner] = (step.shortfall.lower(), step.order.lower())
            else:
                await self._post(step)

    async def _change(self, expiry: Expiry) -> None:
        """Sets another policy; to or from activity only as long as nothing was posted."""
        switches = (expiry.rule == "activity") is not (self.model.expiry.rule == "activity")
        if switches and self.model.journal:
            with pytest.raises(InvalidRequest):
                await self.house.set_expiry(_policy(expiry))
        else:
            await self.house.set_expiry(_policy(expiry))
            self.model.expiry = expiry

    async def _offer(self, offer: Offer) -> None:
        campaign, start_us = self.campaigns[offer.place], self.now_us + offer.from_days * DAY_US
        end_us = start_us + offer.days * DAY_US if offer.days else 0
        deal = Deal(start_us, end_us, 0 if offer.fixed else offer.percent, offer.fixed)
        known = campaign in self.model.campaigns
        effect = {"fixed_points": offer.fixed} if offer.fixed else {"multiplier_percent": offer.percent}
        request = SetCampaignRequest(
            campaign=terms(campaign, valid_from_us=start_us, valid_to_us=end_us, **effect), create=not known
        )
        await self.house.as_staff(self.house.stub.SetCampaign, request)
        set_campaign(self.model, campaign, deal)
        await load_budget(self.house, campaign.bytes, offer.points)
        load(self.model, campaign, offer.points, self.now_us)

    async def _limit(self, limit: Limit) -> None:
        partner, basis_seq = self.tills[limit.partner].partner_id, len(self.model.journal)
        floor = None if limit.room is None else -issued(self.model, partner) - limit.room
        parks = limit.parks and floor is not None
        answer = await self.house.set_floor(partner, floor, basis_seq, parks=parks)
        assert answer.applied == set_floor(self.model, partner, floor, basis_seq, parks, self.now_us)

    async def _unpark(self) -> None:
        before, first = len(self.model.parked), len(self.model.journal) + 1
        ended = await self.house.unpark()
        unpark_all(self.model, self.now_us)
        assert ended == before - len(self.model.parked)
        self.ids |= {
            record.transaction.seq: record.transaction.transaction_id
            for record in await self.house.journal(first)
        }

    async def _rate(self, rate: Rate) -> None:
        partner, valid_from_us = self.tills[rate.partner].partner_id, self.now_us + rate.offset_days * DAY_US
        await self.house.set_rate(partner, rate.points, rate.per_minor, valid_from_us, rate.pending_days)
        self.model.set_rate(partner, valid_from_us, rate.points, rate.per_minor, rate.pending_days)

    async def _post(self, batch: list[Rough]) -> None:
        for till in self.tills:
            # Each till knows what has been posted before.
            seen = self._seen()
            chains = [self._named(rough).at(self.now_us, seen) for rough in batch]
            own = without_hasty([ask for chain in chains for ask in chain if ask.partner == till.partner_id])
            if own:
                self._note(await till.post(*(self._item(ask) for ask in own)), own)
        staffs = [
            ask for rough in batch for ask in self._named(rough).at(self.now_us) if ask.partner == OPERATOR
        ]
        if staffs:
            self._note(await self.house.post(*(self._item(ask) for ask in staffs)), staffs)

    def _note(self, results: list[pb.Result], asked: list[Ask]) -> None:
        verdicts = self.model.post_all(asked, self.now_us)
        self.answers += zip(results, verdicts, strict=True)
        self.ids |= {
            result.transaction.seq: result.transaction.transaction_id
            for result in results
            if result.HasField("transaction")
        }

    def _named(self, rough: Rough) -> Rough:
        partner, member = PARTNERS.index(rough.partner), MEMBERS.index(rough.member)
        other = self.members[MEMBERS.index(rough.other)]
        return replace(
            rough, partner=self.tills[partner].partner_id, member=self.members[member], other=other
        )

    def _seen(self) -> Seen:
        """The holds, and what can be refunded by itself, as the model has them."""
        holds = [Referred(hold.seq, hold.partner, hold.member) for hold in self.model.holds.values()]
        journal = self.model.journal
        sales = [
            Referred(seq, partner, sale.member)
            for seq, sale in self.model.sales.items()
            if not sale.part_of and (partner := journal[seq - 1].partner) is not None
        ]
        return Seen(holds, sales, list(self.model.by_key))

    def _item(self, ask: Ask) -> pb.Item:
        at: dict[str, Any] = {"key": ask.key, "occurred_at_us": ask.occurred_us, "linked": ask.linked}
        if ask.kind in ("transfer", "adjust", "import", "merge"):
            return self._of_wallets(ask)
        if ask.kind == "earn":
            tenders = [pb.Tender(kind="points", amount_minor=ask.in_points)] if ask.in_points else []
            return earn(ask.member, ask.amount, reference=ask.reference, tenders=tenders, **at)
        if ask.kind == "capture":
            return capture(self.ids[ask.hold_seq], ask.amount, **at)
        if ask.kind == "reverse":
            return reversal(ask.target, by=ask.key, occurred_at_us=ask.occurred_us)
        if ask.kind == "void":
            return void(self.ids[ask.hold_seq], **at)
        if ask.kind == "refund":
            of_burn = self.model.journal[ask.original_seq - 1].kind != "earn"
            return refund(
                self.ids[ask.original_seq], 0 if of_burn else ask.amount, points=ask.amount if of_burn else 0,
                reference=ask.reference, **at,
            )  # fmt: skip
        if ask.kind == "hold":
            return hold(ask.member, ask.amount, reference=ask.reference, seconds=ask.seconds, **at)
        return redemption(ask.member, ask.amount, reference=ask.reference, **at)

    def _of_wallets(self, ask: Ask) -> pb.Item:
        if ask.kind == "adjust":
            return adjustment(ask.member, ask.amount, key=ask.key)
        if ask.kind == "import":
            return opening(
                ask.member, ask.amount, key=ask.key, reference=ask.reference, earned_at_us=ask.occurred_us,
                expires_at_us=ask.expires_us, issuer=ask.issuer if ask.issuer != OPERATOR else None,
            )  # fmt: skip
        assert ask.other is not None
        if ask.kind == "merge":
            return merge(ask.member, ask.other, key=ask.key)
        at: dict[str, Any] = {"occurred_at_us": ask.occurred_us, "reference": ask.reference}
        return transfer(ask.member, ask.other, ask.amount, key=ask.key, **at)

    async def compare(self) -> None:
        records = await self.house.journal()
        journal = {posted.seq: comparable(posted) for posted in journal_of(records)}
        assert list(journal.values()) == [comparable(posted) for posted in self.model.journal]
        assert [verdict_of(result, journal) for result, _ in self.answers] == [
            replace(verdict, posted=comparable(verdict.posted)) if verdict.posted else verdict
            for _, verdict in self.answers
        ]
        for member in self.members:
            balance = (await self.tills[0].balance(member)).available
            assert balance == self.model.available(member, self.now_us)
        told = [(purchase.seq, purchase.sale.amount_minor) for purchase in await self.house.purchases()]
        asked = {ask.transaction.seq for ask, verdict in self.answers if verdict.outcome == "accepted"}
        asked |= {seq for seq, posted in journal.items() if posted.kind == "earn" and posted.original_seq}
        assert {seq for seq, _ in told} == {seq for seq in asked if journal[seq].kind == "earn"}
        assert {parked.seq for parked in (await self.house.parked()).earns} == set(
            sorted(self.model.parked)[:20]
        )
        assert [event.seq for event in await self.house.events() if event.seq] == list(journal)
        await self.house.assert_sound()


def _policy(expiry: Expiry) -> ExpiryPolicy:
    return ExpiryPolicy(ExpiryRule(expiry.rule), expiry.months, expiry.month, expiry.day, 0)


def _between(moment_us: int) -> int:
    """The nearest time after that is far from any month's end."""
    while not 10 <= from_micros(moment_us).day <= 20:
        moment_us += DAY_US
    return moment_us


@given(script=scripts, expiry=expiries)
@settings(
    max_examples=20,
    deadline=None,
    # Without shrinking: a script is short, and each one tried costs many transactions.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_every_answer_balance_and_posting_of_the_service_is_the_models(
    running: RunningPoints,
    script: list[list[Rough] | Pause | Rate | Rule | Limit | Unparking | Change | Offer],
    expiry: Expiry,
) -> None:
    play = Play(running, expiry)
    await play.run(script)
    await play.compare()
