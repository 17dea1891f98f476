"""Burns by rules against the model: alone and for sales, by holds and at once, over days and changes of rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.points.domain.burning import BurnRule, Treatment
from tests.property.points.side_by_side import (
    BACKDATE_DAYS,
    MEMBERS,
    PARTNERS,
    Take,
    Wait,
    movements_of,
    seen_in,
    set_up,
    takes,
    waits,
    with_rates,
)
from tests.support.burn_model import TakenFor
from tests.support.ledger_facts import DAY_US, Ask, Expiry
from tests.support.ledger_model import LedgerModel
from tests.support.paper_ledger import PaperLedger
from tests.support.paper_words import pair, posted_of, verdict_of

RICH = 100_000


@dataclass(frozen=True)
class Burn:
    """A burn of some number of points for a basket, of which a part may be excluded.

    `off` is by how much the till of a sale is wrong about what the points are worth, `ago_us` how late it tells of it.
    """

    kind: Literal["redeem", "hold", "capture", "void", "sale", "sale of a hold"]
    partner: UUID
    member: UUID
    points: int
    basket: tuple[int, int] | None
    pick: int
    off: int
    ago_us: int

    def asks(self, ledger: PaperLedger, model: LedgerModel, key: str, now_us: int) -> list[Ask]:
        """As the till asks for it."""
        holds = [hold for hold in seen_in(ledger).holds if hold.partner == self.partner]
        if self.kind in ("redeem", "hold") or (self.kind != "sale" and not holds):
            kind = "redeem" if self.kind == "redeem" else "hold"
            return [
                Ask(kind, self.partner, key, self.member, key, now_us, self.points, 900 * (kind == "hold"), basket=self.basket)
            ]  # fmt: skip
        hold = holds[self.pick % len(holds)] if holds else None
        if self.kind == "sale" or hold is None:
            burn = Ask("redeem", self.partner, key, self.member, key, now_us, self.points)
            return self._sale(model, burn, self.points)
        if self.kind == "void":
            return [Ask("void", self.partner, key, hold.member, "", now_us, 0, 0, hold.seq)]
        points = self.points if self.pick % 3 else 0
        burn = Ask("capture", self.partner, key, hold.member, "", now_us, points, 0, hold.seq)
        if self.kind == "capture":
            return [burn]
        return self._sale(model, burn, points or model.holds[hold.seq].points)

    def _sale(self, model: LedgerModel, burn: Ask, points: int) -> list[Ask]:
        rule = model.burn_rules.deciding(burn)
        worth = points * rule.worth // rule.points if rule is not None else 0
        amount = (self.basket or (2 * points, 0))[0]
        in_points = 0 if rule is None or rule.discount else worth
        paid = max(0, amount - worth) if rule is not None and rule.discount else amount
        in_points = max(0, min(paid, in_points + self.off))
        earn = Ask(
            "earn", burn.partner, f"e{burn.key}", burn.member, f"e{burn.key}", burn.occurred_us, paid, in_points=in_points, linked=True
        )  # fmt: skip
        return [earn, burn]


burns = st.builds(
    Burn,
    st.sampled_from(("redeem", "hold", "hold", "capture", "void", "sale", "sale", "sale of a hold")),
    st.sampled_from((PARTNERS[0], PARTNERS[0], PARTNERS[1])),
    st.sampled_from(MEMBERS[:2]),
    st.one_of(st.integers(1, 40), st.sampled_from((1, 2, 6, 10, 12, 30))),
    st.one_of(st.none(), st.tuples(st.integers(0, 120), st.integers(-5, 60))),
    st.integers(0, 20),
    st.sampled_from((0, 0, 0, 0, 1, -1)),
    st.sampled_from((0, 0, 0, 1, DAY_US)),
)
scripts = st.lists(
    st.one_of(st.lists(burns, min_size=1, max_size=5), st.lists(burns, min_size=1, max_size=5), takes, waits),
    min_size=3,
    max_size=14,
)


def _rich() -> tuple[PaperLedger, LedgerModel]:
    """A ledger in which the members have more points than they will spend."""
    ledger, model = pair("America/New_York", Expiry("months_after_earn", 24), BACKDATE_DAYS)
    with_rates(ledger, model)
    now_us = ledger.now_us + 1
    _post(
        ledger, model, [Ask("earn", PARTNERS[0], f"m{member}", member, f"m{member}", now_us, RICH) for member in MEMBERS]
    )  # fmt: skip
    return ledger, model


def _post(ledger: PaperLedger, model: LedgerModel, asks: Sequence[Ask]) -> None:
    now_us = max(ledger.now_us, ledger.last_time_us + 1)
    verdicts = [verdict_of(each, ledger) for each in ledger.post(movements_of(ledger, asks))]
    assert verdicts == model.post_all(asks, now_us)


@given(takes, scripts)
@settings(max_examples=150, deadline=None)
def test_every_burn_is_decided_as_the_rules_say(first: Take, script: list[list[Burn] | Take | Wait]) -> None:
    ledger, model = _rich()
    keys = count()
    set_up(ledger, model, first)
    for step in script:
        if isinstance(step, Wait):
            ledger.now_us += step.micros
        elif isinstance(step, Take):
            set_up(ledger, model, step)
        else:
            now_us = max(ledger.now_us, ledger.last_time_us + 1)
            asks = [
                ask
                for burn in step
                for ask in burn.asks(ledger, model, f"b{next(keys)}", now_us - burn.ago_us)
            ]
            _post(ledger, model, asks)
    assert [posted_of(ledger, seq) for seq in ledger.postings] == model.journal
    ledger.check()


@given(
    st.integers(1, 1_000),
    st.integers(1, 1_000),
    st.integers(1, 20),
    st.integers(1, 5),
    st.integers(1, 100),
    st.integers(0, 100_000),
)
def test_the_most_points_of_a_basket_are_the_most(
    points: int, worth: int, step: int, steps: int, share: int, counted: int
) -> None:
    rule = BurnRule(
        1, points, worth, step * steps, step, share, 0, frozenset(), frozenset(), Treatment.TENDER
    )
    most, most_minor = rule.most_points(counted), rule.most_minor(counted)
    assert most_minor * 100 <= counted * share < (most_minor + 1) * 100
    assert most % step == rule.fewest % step == 0
    assert rule.worth_of(rule.fewest) >= 1
    assert rule.fewest - step < rule.minimum or rule.worth_of(rule.fewest - step) < 1
    if most:
        assert most >= rule.fewest >= rule.minimum
        assert rule.worth_of(most) <= most_minor
    following = max(most + step, rule.fewest)
    assert rule.worth_of(following) > most_minor


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 7), st.integers(1, 4), st.integers(1, 300))
def test_the_points_for_an_amount_are_found_by_trying_all(
    points: int, worth: int, step: int, steps: int, minor: int
) -> None:
    rule = BurnRule(1, points, worth, step * steps, step, 100, 0, frozenset(), frozenset(), Treatment.TENDER)
    taken = range(rule.fewest, (minor + 1) * points + 1, step)
    fitting = [each for each in taken if rule.worth_of(each) <= minor]
    best = max(map(rule.worth_of, fitting), default=0)
    assert rule.points_for(minor) == min((each for each in fitting if rule.worth_of(each) == best), default=0)


def test_the_script_meets_every_refusal() -> None:
    """So that the property above is about something: one of each, by hand."""
    ledger, model = _rich()
    rule = TakenFor(1, 1, 4, 2, 50, 20, barred=False, discount=False)
    set_up(ledger, model, Take(PARTNERS[0], -(10**15), rule))
    now_us = ledger.last_time_us + 1
    met: list[str] = []
    for points, basket in ((3, (100, 0)), (5, (100, 0)), (12, (20, 0)), (22, (100, 0)), (20, (100, 0))):
        ask = Ask(
            "redeem", PARTNERS[0], f"k{points}", MEMBERS[0], f"k{points}", now_us, points, basket=basket
        )
        met += [verdict.reason or verdict.outcome for verdict in model.post_all([ask], now_us)]
    assert met == ["BURN_TOO_SMALL", "BURN_STEP", "BURN_SHARE", "BURN_DAILY_LIMIT", "accepted"]
