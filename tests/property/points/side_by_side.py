"""What is asked of a ledger on paper and of its model, side by side, at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hypothesis import strategies as st

from services.points.domain.burning import BurnRule, Treatment
from services.points.domain.earning import EarnRate
from services.points.domain.movements import Act, CreditFloor, FloorChange, Movement, Refund
from services.points.domain.refunding import RefundRule, Shortfall, TenderOrder
from services.points.domain.terms import Limits
from tests.property.points.promises import Fund, Promise, fund, promise
from tests.property.points.roughs import NOTHING_SEEN, Referred, Rough, Seen, roughs, without_hasty
from tests.support.burn_model import TakenFor
from tests.support.credit_model import issued, set_floor
from tests.support.ledger_facts import DAY_US, SECOND_US, Ask, Expiry, Verdict
from tests.support.ledger_model import LedgerModel
from tests.support.paper_ledger import PaperLedger
from tests.support.paper_words import movement_of, reversal_of, verdict_of
from tests.support.park_model import unpark_all

NOW_US = 1_490_000_000 * SECOND_US
BACKDATE_DAYS = 400
PARTNERS = [UUID(int=number) for number in (0xA0, 0xB1, 0xC2)]
MEMBERS = [UUID(int=number) for number in (0x10, 0x21, 0x31)]
RATES = {
    PARTNERS[0]: [(1, 1, 1), (NOW_US + DAY_US, 1, 1, 70), (NOW_US + 200 * DAY_US, 2, 1)],
    PARTNERS[1]: [(1, 3, 7, 40), (NOW_US - 20 * DAY_US, 0, 1), (NOW_US - DAY_US // 2, 5, 2, 14)],
}
# Offsets from the ledger's clock to the till's, and those at both edges of what is taken.
OFFSETS_US = (0, 0, 0, -1, -DAY_US, -35 * DAY_US, -200 * DAY_US, -500 * DAY_US, 400 * SECOND_US)
EDGES_US = (-BACKDATE_DAYS * DAY_US, -BACKDATE_DAYS * DAY_US - 1, 300 * SECOND_US, 300 * SECOND_US + 1)


@dataclass(frozen=True)
class Close:
    member: UUID


@dataclass(frozen=True)
class Allow:
    """What one person may adjust alone, and members give each other at once and in a day."""

    points: tuple[int, int, int]


@dataclass(frozen=True)
class Wait:
    micros: int


@dataclass(frozen=True)
class Unparking:
    """What is parked is posted as far as it fits."""


@dataclass(frozen=True)
class Rule:
    partner: UUID
    shortfall: Shortfall
    order: TenderOrder


@dataclass(frozen=True)
class Take:
    """What a partner takes points for, from a time so far from the clock on."""

    partner: UUID
    offset_us: int
    rule: TakenFor

    def rule_at(self, now_us: int) -> BurnRule:
        """The rule in the service's words."""
        rule = self.rule
        return BurnRule(
            max(1, now_us + self.offset_us), rule.points, rule.worth, rule.minimum, rule.step, rule.share, rule.daily,
            frozenset({"tobacco"} if rule.barred else ()), frozenset(),
            Treatment.DISCOUNT if rule.discount else Treatment.TENDER,
        )  # fmt: skip


@dataclass(frozen=True)
class Limit:
    """A credit floor so many points below what the partner has issued (None: none), on what was there `late` seqs ago."""

    partner: UUID
    room: int | None
    late: int
    parks: bool

    def asked(self, model: LedgerModel) -> CreditFloor:
        """The floor, as of now."""
        floor = None if self.room is None else -issued(model, self.partner) - self.room
        return CreditFloor(floor, max(0, len(model.journal) - self.late), self.parks and floor is not None)


limits = st.builds(
    Limit,
    st.sampled_from((PARTNERS[0], *PARTNERS)),
    st.sampled_from((None, -9, 0, 5, 30, 60)),
    st.sampled_from((0, 0, 2)),
    st.booleans(),
)
rules = st.builds(
    Rule, st.sampled_from(PARTNERS[:2]), st.sampled_from(list(Shortfall)), st.sampled_from(list(TenderOrder))
)
allows = st.builds(
    Allow,
    st.tuples(st.sampled_from((0, 20, 10_000)), st.integers(0, 40), st.sampled_from((0, 30, 60, 10_000))),
)


@st.composite
def _takes(draw: st.DrawFn) -> Take:
    step = draw(st.sampled_from((1, 1, 1, 2, 3)))
    minimum = step * draw(st.sampled_from((1, 1, 2, 5)))
    points, worth = draw(st.sampled_from(((1, 1), (1, 1), (1, 1), (3, 2), (2, 3), (100, 7))))
    daily = draw(st.sampled_from((0, 0, 15, 40)))
    share = draw(st.sampled_from((100, 100, 50, 30, 1)))
    barred, discount = draw(st.sampled_from((False, False, False, True))), draw(st.booleans())
    # (So many a day as are worth something, whatever the ratio.)
    rule = TakenFor(
        points, worth, minimum, step, share, daily and max(daily, minimum, 2 * points), barred, discount
    )
    offset_us = draw(st.sampled_from((-(10**15), -(10**15), 0, -DAY_US)))
    return Take(draw(st.sampled_from(PARTNERS[:2])), offset_us, rule)


takes = _takes()
waits = st.builds(Wait, st.sampled_from((0, 1, DAY_US, 31 * DAY_US, 400 * DAY_US)))
closes = st.builds(Close, st.sampled_from(MEMBERS))
batches = st.lists(roughs(PARTNERS, MEMBERS, OFFSETS_US), min_size=1, max_size=14)
edgy_batches = st.lists(roughs(PARTNERS, MEMBERS, OFFSETS_US + EDGES_US), min_size=1, max_size=12)
# Many at the clock's own time, so that there is much to refer to.
busy_batches = st.lists(roughs(PARTNERS, MEMBERS, (0, 0, 0, -1, -35 * DAY_US)), min_size=4, max_size=14)
# Floors that are set between the items of one batch.
gated_batches = st.tuples(limits, busy_batches, limits, busy_batches, limits)
expiries = st.sampled_from(
    (
        *(Expiry("months_after_earn", months) for months in (0, 1, 2, 24)),
        Expiry("fixed_date", 0, 3, 31),
        Expiry("fixed_date", 1, 2, 29),
        Expiry("fixed_date", 6, 12, 31),
        *(Expiry("activity", months) for months in (1, 2, 12)),
    )
)


def with_rates(ledger: PaperLedger, model: LedgerModel) -> None:
    for partner, rates in RATES.items():
        ledger.rates[partner] = [EarnRate(*rate) for rate in rates]
        for rate in rates:
            model.set_rate(partner, *rate)
    ledger.now_us = NOW_US
    allow(ledger, model, Allow((30, 25, 60)))


def set_up(
    ledger: PaperLedger, model: LedgerModel, step: Close | Allow | Rule | Promise | Fund | Take
) -> None:
    """What the operator sets, in both."""
    if isinstance(step, Close):
        ledger.closed.add(step.member)
        model.closed.add(step.member)
    elif isinstance(step, Allow):
        allow(ledger, model, step)
    elif isinstance(step, Take):
        rule = step.rule_at(ledger.now_us)
        ledger.burns.set(step.partner, rule)
        model.burn_rules.set(step.partner, rule.valid_from_us, step.rule)
    elif isinstance(step, Promise):
        promise(ledger, model, step)
    elif isinstance(step, Fund):
        fund(ledger, model, step)
    else:
        ledger.refund_rules[step.partner] = RefundRule(step.shortfall, step.order)
        model.refund_rules[step.partner] = (step.shortfall.value, step.order.value)


def allow(ledger: PaperLedger, model: LedgerModel, allowed: Allow) -> None:
    ledger.limits = Limits(*allowed.points)
    model.limits = allowed.points


def seen_in(ledger: PaperLedger) -> Seen:
    """The holds, and what can be refunded by itself."""
    found = Seen([], [], list(ledger.decisions))
    for told in ledger.told:
        each = told.transaction
        if each.partner_id is not None:
            by = Referred(each.seq, each.partner_id, ledger.now_of(each.member_id))
            if told.kind == "held":
                found = found._replace(holds=[*found.holds, by])
            elif ledger.sale(each.seq) is not None:
                found = found._replace(sales=[*found.sales, by])
    return found


def movements_of(ledger: PaperLedger, asks: Sequence[Ask]) -> list[Movement]:
    return [
        movement
        for ask in asks
        for movement in [
            reversal_of(ask, ledger)
            if ask.kind == "reverse"
            else movement_of(ask, sale=ledger.sale(ask.original_seq))
        ]
        if movement is not None
    ]


def reachable(ledger: PaperLedger, asks: Sequence[Ask]) -> list[Ask]:
    """Those that come to the door: a refund or a void is not reversed."""
    return [
        ask for ask in without_hasty(asks) if ask.kind != "reverse" or reversal_of(ask, ledger) is not None
    ]


def asks_of(batch: Sequence[Rough], now_us: int, seen: Seen = NOTHING_SEEN) -> list[Ask]:
    return [ask for rough in batch for ask in rough.at(now_us, seen)]


def compare(ledger: PaperLedger, model: LedgerModel, parts: Sequence[Limit | list[Rough]]) -> None:
    """Posts movements and floors in one batch, and one after the other by the model."""
    now_us = max(ledger.now_us, ledger.last_time_us + 1)
    seen, met, given_up = seen_in(ledger), set[tuple[UUID, str]](), set[UUID]()
    taken_away: set[int] = set()
    acts: list[Act] = []
    steps: list[list[Ask] | tuple[UUID, CreditFloor]] = []
    for part in parts:
        if isinstance(part, Limit):
            asked = part.asked(model)
            acts.append(FloorChange(part.partner, asked, "stf_1"))
            steps.append((part.partner, asked))
        else:
            asks = reachable(ledger, asks_of(part, now_us, seen))
            asks = [ask for ask in asks if ask.kind != "reverse" or (ask.partner, ask.target) not in met]
            met |= {(ask.partner, ask.key) for ask in asks}
            # A refund that meets the merge of its own member is asked again: it comes to the door for the other one then.
            given_up |= {ask.member for ask in asks if ask.kind == "merge"}
            asks = [ask for ask in asks if ask.kind != "refund" or ask.member not in given_up]
            asks = [ask for ask in asks if not _taken_away_again(ledger, ask, taken_away)]
            acts += movements_of(ledger, asks)
            steps.append(asks)
    verdicts = [verdict_of(each, ledger) for each in ledger.post(acts)]
    expected: list[Verdict] = []
    for step in steps:
        if isinstance(step, list):
            expected += model.post_all(step, now_us)
        else:
            set_floor(model, step[0], *step[1], now_us)
    assert verdicts == expected


def _taken_away_again(ledger: PaperLedger, ask: Ask, taken_away: set[int]) -> bool:
    """Whether a reversal meets one before it of the same parked pair: it is asked again, and finds it taken away then."""
    found = reversal_of(ask, ledger) if ask.kind == "reverse" else None
    if not isinstance(found, Refund) or not found.unparks:
        return False
    again = found.unparks in taken_away
    taken_away.add(found.unparks)
    return again


def unpark(ledger: PaperLedger, model: LedgerModel) -> None:
    now_us = max(ledger.now_us, ledger.last_time_us + 1)
    ledger.post(ledger.parks.acts(ledger))
    unpark_all(model, now_us)
