"""What is quoted and posted at once is posted as it was quoted; and a quote changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from coalition.points.v1 import movement_pb2 as pb
from coalition.points.v1.quotes_pb2 import QuoteResponse
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.runtime.errors import CoalitionError, code_of
from tests.support.campaign_wire import promote
from tests.support.points import PointsHouse, RunningPoints, Till
from tests.support.points_database import as_superuser
from tests.support.points_wire import earn, reason, redemption, refund
from tests.support.quote_wire import contents, exchange_of, figures, quote
from tests.support.servers import ServiceDatabase

pytestmark = pytest.mark.asyncio(loop_scope="module")

CATEGORIES = ("food", "tobacco")


@dataclass(frozen=True)
class Terms:
    """What a partner has agreed on."""

    points: int
    per_minor: int
    pending_days: int
    burn: dict[str, Any] | None
    refunds: tuple[str, str]
    campaigns: tuple[tuple[dict[str, int], int], ...]
    room: int | None
    parks: bool


@dataclass(frozen=True)
class Step:
    """Something that a till does; `pick` says of which sale, or how far beyond what was quoted."""

    kind: str
    amount: int
    tobacco: int
    in_points: int
    pick: int


fewest = st.sampled_from(((1, 1), (7, 1), (20, 5), (55, 5), (60, 10)))
ratios = st.fixed_dictionaries(
    {
        "points": st.integers(1, 7),
        "worth_minor": st.integers(1, 9),
        "share_percent": st.sampled_from((10, 50, 100)),
        "daily_points": st.sampled_from((0, 60, 500)),
        "excluded_categories": st.sampled_from(([], ["tobacco"])),
    }
)


def _rule(rule: dict[str, Any], least: tuple[int, int]) -> dict[str, Any]:
    return {**rule, "minimum_points": least[0], "step_points": least[1]}


burns = st.builds(_rule, ratios, fewest)
effects = st.one_of(
    st.fixed_dictionaries({"multiplier_percent": st.sampled_from((150, 300))}),
    st.fixed_dictionaries(
        {"fixed_points": st.integers(1, 30), "min_amount_minor": st.sampled_from((0, 400))}
    ),
)
terms = st.builds(
    Terms, st.integers(1, 5), st.integers(1, 5), st.sampled_from((0, 0, 14)), st.one_of(st.none(), burns),
    st.tuples(
        st.sampled_from(("ALLOW_NEGATIVE", "WITHIN_BALANCE", "PENDING_ONLY")),
        st.sampled_from(("PRO_RATA", "POINTS_FIRST", "MONEY_FIRST")),
    ),
    st.lists(st.tuples(effects, st.sampled_from((20, 400, 5_000))), max_size=2).map(tuple),
    st.sampled_from((None, None, 900)), st.booleans(),
)  # fmt: skip
steps = st.lists(
    st.builds(
        Step, st.sampled_from(("earn", "earn", "most", "over", "elsewhere", "refund", "refund", "exchange")),
        st.integers(0, 900), st.integers(0, 300), st.sampled_from((0, 0, 40)), st.integers(0, 50),
    ),
    min_size=4, max_size=9,
)  # fmt: skip


class Counter:
    """A partner's till, another partner's, a member, and the sales so far."""

    def __init__(self, house: PointsHouse, till: Till, other: Till, member: UUID) -> None:
        self.house, self.till, self.other, self.member = house, till, other, member
        self.sales: list[bytes] = []

    def sale(self, step: Step) -> pb.Item:
        lines = [pb.SaleLine(sku="f", category=CATEGORIES[0], amount_minor=step.amount)]
        lines.append(pb.SaleLine(sku="t", category=CATEGORIES[1], amount_minor=step.tobacco))
        whole = step.amount + step.tobacco
        tenders = [pb.Tender(kind="points", amount_minor=min(step.in_points, whole))]
        return earn(self.member, whole, lines=lines, tenders=tenders)

    async def do(self, step: Step) -> None:
        if step.kind == "earn":
            item = self.sale(step)
            told = await quote(self.till, item)
            await self.post(told.earn, item)
        elif step.kind in ("most", "over"):
            await self.burn(step)
        elif step.kind == "elsewhere":
            await self.other.redeem(self.member, 1 + step.amount // 4)
        elif self.sales:
            given = refund(self.sales[step.pick % len(self.sales)], step.amount)
            taken = self.sale(step)
            items = (given,) if step.kind == "refund" else exchange_of(given, taken)
            await self.back(*items)

    async def post(self, told: pb.Result, item: pb.Item) -> None:
        (posted,) = await self.till.post(item)
        assert figures(told) == figures(posted)
        if posted.outcome == pb.OUTCOME_ACCEPTED:
            self.sales.append(posted.transaction.transaction_id)

    async def burn(self, step: Step) -> None:
        sale = self.sale(step).earn.sale
        told = (await quote(self.till, self.sale(step))).burn
        basket = pb.Basket(
            amount_minor=sale.amount_minor, currency="USD", lines=sale.lines, tenders=sale.tenders
        )
        if step.kind == "most" and told.most:
            posted = await self.till.redeem(self.member, told.most, basket=basket)
            assert posted.outcome == pb.OUTCOME_ACCEPTED, posted
            assert posted.transaction.worth == told.worth
        elif told.most:
            for points in (told.most + told.step, told.most + 1, told.least - 1):
                if points:
                    (posted,) = await self.till.post(redemption(self.member, points, basket=basket))
                    assert reason(posted), (points, told)
        else:
            posted = await self.till.redeem(self.member, told.least, basket=basket)
            assert (reason(posted), dict(posted.error.metadata)) == _refusal(told)

    async def back(self, *items: pb.Item) -> None:
        try:
            told = await quote(self.till, *items)
        except CoalitionError as error:
            posted = await self.till.post(*items)
            assert code_of(error.reason) in [reason(each) for each in posted]
            return
        posted = await self.till.post(*items)
        quoted = [told.refund, told.earn][: len(items)]
        assert [figures(each) for each in quoted] == [figures(each) for each in posted]
        if len(posted) == 2 and posted[1].outcome == pb.OUTCOME_ACCEPTED:
            self.sales.append(posted[1].transaction.transaction_id)


def _refusal(told: Any) -> tuple[str, dict[str, str]]:
    return code_of(told.refusal.reason), dict(told.refusal.metadata)


async def _counter(house: PointsHouse, agreed: Terms) -> Counter:
    till = await house.till(agreed.points, agreed.per_minor, agreed.pending_days)
    counter = Counter(house, till, await house.till(), house.member())
    if agreed.burn is not None:
        await house.set_burn_rule(till.partner_id, **agreed.burn)
    await house.set_refund_rule(till.partner_id, *agreed.refunds)
    for effect, budget in agreed.campaigns:
        await promote(house, budget, **effect)
    if agreed.room is not None:
        await house.set_floor(till.partner_id, -agreed.room, parks=agreed.parks)
    return counter


@given(terms, steps)
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.target],
)
async def test_what_is_quoted_is_what_is_posted(
    running: RunningPoints, agreed: Terms, script: list[Step]
) -> None:
    house = running.house()
    counter = await _counter(house, agreed)
    for step in script:
        await counter.do(step)
    await _quote_changes_nothing(counter, counter.sale(script[0]))
    await house.assert_sound()


async def _quote_changes_nothing(counter: Counter, sale: pb.Item) -> None:
    """A job posts what is parked, in any ledger, as soon as there is room: then once more, since that was not the quote."""
    database = counter.house.database
    for _ in range(5):
        heads, before = await _heads(database), await contents(database)
        told: QuoteResponse = await quote(counter.till, sale)
        assert told.available == (await counter.till.balance(counter.member)).available
        after = await contents(database)
        if after == before:
            return
        assert await _heads(database) != heads, "changed, and not by a batch"
    pytest.fail("there is a batch whenever a quote is asked for")


async def _heads(database: ServiceDatabase) -> str:
    async with as_superuser(database) as connection:
        return await connection.fetchval(
            "SELECT string_agg(h::text, '|' ORDER BY ledger_id) FROM ledger_head h"
        )
