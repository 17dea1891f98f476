"""From points to cohorts, from cohorts to revenue, from revenue to journals."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Final
from uuid import UUID

import pytest

from services.partners.domain.liability.cohorts import (
    PARTS,
    Cohort,
    Flow,
    Month,
    Paid,
    cohorts_of,
    triangle_of,
)
from services.partners.domain.liability.estimates import TAIL_MAX, TAIL_NONE, CohortEstimate, estimate
from services.partners.domain.liability.ifrs15 import (
    CohortKey,
    RollForward,
    Standing,
    recognised,
    roll_forward,
    roll_forwards,
    standing_of,
    standings_of,
)
from services.partners.domain.liability.journal_file import JournalHead, journal_file
from services.partners.domain.liability.journals import (
    CHART,
    AccountKey,
    Journal,
    JournalKind,
    JournalLine,
    Margin,
    Settled,
    balances_of,
    journals_of,
    margin_of,
    renamed,
)
from services.partners.domain.liability.lots import LotKind, OfLot, Told, Undoing, movements_of, wanted_of
from services.runtime.errors import InvalidRequest

GROCER, FUEL = UUID(int=1), UUID(int=2)
JAN, FEB, MAR = (Month.of(2026, month) for month in (1, 2, 3))


def test_revenue_is_what_the_standard_says_of_its_example():
    """9,000 allocated. Year one: 4,500 used of 9,700 expected. Year two: 8,500 of 9,900, or of 9,200."""
    first = recognised(9_000, 4_500, 9_700)
    assert first == 4_175
    assert recognised(9_000, 8_500, 9_900) - first == 3_552
    assert recognised(9_000, 8_500, 9_200) - first == 4_140


@pytest.mark.parametrize(
    ("allocated", "used", "expected", "revenue"),
    [(10, 1, 4, 2), (10, 3, 4, 8), (100, 0, 0, 0), (100, 5, 0, 0), (100, 7, 5, 100), (0, 1, 2, 0)],
)
def test_revenue_is_rounded_half_even_and_never_more_than_there_is(
    allocated: int, used: int, expected: int, revenue: int
):
    assert recognised(allocated, used, expected) == revenue


@pytest.mark.parametrize(("used", "expected"), [(-1, 5), (1, -5)])
def test_points_below_zero_have_no_revenue(used: int, expected: int):
    with pytest.raises(ValueError, match="not below zero"):
        recognised(100, used, expected)


def of_example(used: int, expected: int) -> Standing:
    """10,000 points at 0.9 minor units each; `expected` of them will be used."""
    cohort = Cohort(JAN, False, 10_000, used, 0, 10_000 * 9_000, used * 9_000, (10_000 - used) * 9_000)
    return standing_of(CohortEstimate(cohort, expected, 0, False, expected - used))


@pytest.mark.parametrize(("expected", "revenue"), [(9_900, 3_552), (9_200, 4_140)])
def test_a_roll_forward_tells_use_breakage_and_change_of_estimate_apart(expected: int, revenue: int):
    first = roll_forward(None, of_example(4_500, 9_700))
    assert first == RollForward(0, 9_000, 4_050, 125, 0, 4_825)
    second = roll_forward(of_example(4_500, 9_700), of_example(8_500, expected))
    assert (second.opening, second.deferred, second.redeemed) == (4_825, 0, 3_600)
    assert second.revenue == revenue
    # Were 9,700 expected still: 9,000 x 8,500 / 9,700 = 7,887.
    assert second.breakage == 7_887 - 4_175 - 3_600
    assert second.change_of_estimate == revenue - 3_600 - second.breakage
    assert second.closing == second.opening + second.deferred - second.revenue == 9_000 - 4_175 - revenue


def test_what_has_lapsed_for_good_leaves_no_liability():
    gone = Cohort(JAN, False, 100, 40, 60, 1_000_000, 400_000, 0)
    found = standings_of(estimate([gone], triangle_of([], JAN), 80).cohorts)[CohortKey(JAN, False)]
    assert (found.allocated, found.redeemed, found.recognised, found.liability) == (100, 40, 100, 0)


def test_cohorts_add_up_what_was_issued_used_and_lapsed_and_who_carries_the_rest():
    flows = [
        Flow(JAN, JAN, LotKind.ISSUED, 1_000),
        Flow(JAN, FEB, LotKind.REVERSED, 100),
        Flow(JAN, FEB, LotKind.BURNED, 300),
        Flow(JAN, MAR, LotKind.RETURNED, 50),
        Flow(JAN, MAR, LotKind.LAPSED, 150),
        Flow(FEB, FEB, LotKind.ISSUED, 70, True),
    ]
    # Half of 900 is the grocer's, of which three quarters are due once used; what it carries is 3/8 of each point.
    paid = [Paid(JAN, GROCER, 2_500, 7_500, PARTS // 2, 900, 250, 150)]
    january, opening = cohorts_of(flows, paid)
    assert (january.issued, january.used, january.lapsed, january.outstanding) == (900, 250, 150, 500)
    assert (january.deferred_micros, january.used_micros) == (900 * 2_500, 250 * 2_500)
    assert (january.outstanding_micros, january.potential_micros) == (500 * 2_500, 500 * 7_500)
    assert dict(january.carried) == {GROCER: 187_500_000, UUID(int=0): 312_500_000}
    assert (opening.is_opening, opening.outstanding, opening.deferred_micros) == (True, 70, 0)
    assert dict(opening.carried) == {UUID(int=0): 70 * PARTS}


def test_a_triangle_has_whole_months_alone_and_use_before_issue_in_the_month_of_issue():
    flows = [
        Flow(JAN, JAN, LotKind.ISSUED, 100),
        Flow(JAN, JAN, LotKind.BURNED, 10),
        Flow(JAN, FEB, LotKind.USE_HERE, 20),
        Flow(JAN, MAR, LotKind.BURNED, 40),
        Flow(FEB, JAN, LotKind.BURNED, 3),
        Flow(FEB, FEB, LotKind.ISSUED, 50),
        Flow(MAR, MAR, LotKind.ISSUED, 60),
        Flow(JAN, JAN, LotKind.ISSUED, 999, True),
    ]
    found = triangle_of(flows, FEB)
    assert found.months == (JAN, FEB)
    assert found.rows == ((100, 10, 30), (50, 3))
    assert triangle_of(flows, Month.of(2025, 12)).last is None
    with pytest.raises(ValueError, match="600 months"):
        triangle_of(flows, Month.of(2076, 1))


def resolved(months: int, *, gone: bool) -> list[Flow]:
    """Cohorts of 1,000 points, of which 400 are used in their month and 300 in the next; the rest lapses in the third, or stays."""
    flows: list[Flow] = []
    for place in range(months):
        issue = Month(JAN.number + place)
        flows.append(Flow(issue, issue, LotKind.ISSUED, 1_000))
        for age, (kind, points) in enumerate(
            [(LotKind.BURNED, 400), (LotKind.BURNED, 300), *([(LotKind.LAPSED, 300)] if gone else [])]
        ):
            if place + age < months:
                flows.append(Flow(issue, Month(issue.number + age), kind, points))
    return flows


def test_breakage_is_expected_once_the_oldest_cohort_is_all_but_gone_and_not_before():
    for gone in (True, False):
        flows = resolved(5, gone=gone)
        found = estimate(cohorts_of(flows, []), triangle_of(flows, Month(JAN.number + 4)), 80)
        assert [each.ultimate for each in found.cohorts] == [700] * 5
        assert found.is_mature is gone
        assert found.resolved_percent == (100 if gone else 70)
        outstanding = sum(each.cohort.outstanding for each in found.cohorts)
        assert found.more == (300 if gone else outstanding)
        assert found.ultimate_more == 300
        assert not any(each.is_capped for each in found.cohorts)
        assert (found.interval.low, found.interval.high) == (300, 300)


def test_a_point_that_is_gone_makes_no_programme_mature():
    flows = [Flow(JAN, JAN, LotKind.ISSUED, 1), Flow(JAN, JAN, LotKind.BURNED, 1), *resolved(2, gone=True)]
    early = [flow._replace(cohort=Month(flow.cohort.number - (flow.points == 1))) for flow in flows]
    found = estimate(cohorts_of(early, []), triangle_of(early, FEB), 80)
    assert not found.is_mature


def test_a_stated_tail_is_used_though_no_cohort_is_gone_and_goes_no_further_than_there_are_points():
    flows = resolved(5, gone=False)
    cohorts, triangle = cohorts_of(flows, []), triangle_of(flows, Month(JAN.number + 4))
    found = estimate(cohorts, triangle, 80, 1_100_000)
    assert found.is_mature
    assert [each.ultimate for each in found.cohorts] == [770] * 5
    assert found.more == 4 * 70 + 370
    capped = estimate(cohorts, triangle, 80, 2_000_000)
    assert [each.ultimate for each in capped.cohorts] == [1_000] * 5
    assert all(each.is_capped for each in capped.cohorts)
    assert capped.interval.high == sum(each.outstanding for each in cohorts)
    for tail in (TAIL_NONE - 1, TAIL_MAX + 1, -1):
        with pytest.raises(ValueError, match="a tail is"):
            estimate(cohorts, triangle, 80, tail)


def test_the_month_under_way_and_points_of_other_books():
    flows = [
        *resolved(4, gone=True),
        Flow(Month(JAN.number + 4), Month(JAN.number + 4), LotKind.ISSUED, 500),
        Flow(Month(JAN.number + 4), Month(JAN.number + 4), LotKind.BURNED, 30),
        Flow(JAN, JAN, LotKind.ISSUED, 80, True),
    ]
    found = estimate(cohorts_of(flows, []), triangle_of(flows, Month(JAN.number + 3)), 80)
    by = {(each.cohort.month, each.cohort.is_opening): each for each in found.cohorts}
    # Seven in ten of the new ones, of which 30 are used; of the others, all.
    assert by[Month(JAN.number + 4), False].ultimate == 350
    assert by[Month(JAN.number + 4), False].more == 320
    assert by[JAN, True].more == 80
    assert (found.interval.low, found.interval.high) == (300 + 320 + 80, 300 + 320 + 80)


def test_without_a_whole_month_all_is_expected_to_be_used():
    flows = [Flow(JAN, JAN, LotKind.ISSUED, 100), Flow(JAN, JAN, LotKind.BURNED, 10)]
    found = estimate(cohorts_of(flows, []), triangle_of(flows, Month.of(2025, 12)), 80, 1_000_000)
    assert (found.is_mature, found.more, found.ultimate_more) == (False, 90, 90)
    assert estimate([], triangle_of([], JAN), 80).more == 0


SOME: Final = RollForward(100, 1_000, 500, 40, -15, 575)


def test_journals_balance_and_a_figure_below_zero_changes_sides():
    margin = margin_of(SOME, Settled(10, 20), Settled(25, 320))
    assert (margin.revenue, margin.breakage, margin.charged, margin.reimbursed) == (525, 25, 15, 300)
    assert (margin.booked, margin.at_zero_breakage) == (240, 215)
    made = journals_of(SOME, margin)
    assert [each.kind for each in made] == list(JournalKind)
    change = made[3]
    assert [(line.key, line.debit_minor, line.credit_minor) for line in change.lines] == [
        (AccountKey.REVENUE_BREAKAGE, 15, 0),
        (AccountKey.CONTRACT_LIABILITY, 0, 15),
    ]
    balances = balances_of(made)
    assert sum(balances.values()) == 0
    assert balances[AccountKey.CONTRACT_LIABILITY] == SOME.opening - SOME.closing
    assert balances[AccountKey.PARTNERS] == 1_000 + 15 - 300
    assert journals_of(RollForward(), Margin(0, 0, 0, 0)) == []
    with pytest.raises(ValueError, match="does not balance"):
        Journal(
            JournalKind.CHARGED, "", (JournalLine(AccountKey.PARTNERS, CHART[AccountKey.PARTNERS], 1, 0),)
        )


def test_a_cohort_that_is_new_or_gone_is_rolled_forward_too():
    one = of_example(4_500, 9_700)
    january, february = CohortKey(JAN, False), CohortKey(FEB, False)
    found = roll_forwards({january: one}, {february: one})
    assert found[january].closing == 0
    assert found[february].opening == 0
    assert list(found) == [january, february]


def test_accounts_are_renamed_and_text_that_would_be_a_formula_is_not_one():
    chart = renamed([("contract_liability", "=3250", '@SUM(A1), "quoted"')])
    text = journal_file(
        JournalHead("plaza", 1, 4, "2026-01-31", "EUR"),
        journals_of(SOME, margin_of(SOME, Settled(0, 0), Settled(0, 0)), chart),
    )
    assert text.count("\r\n") == 1 + 2 * 4
    rows = list(csv.DictReader(StringIO(text, newline="")))
    deferred = [row for row in rows if row["kind"] == "deferred"]
    assert [(row["account"], row["debit"], row["credit"]) for row in deferred] == [
        ("1400", "10.00", ""), ("'=3250", "", "10.00"),
    ]  # fmt: skip
    assert deferred[1]["account_name"] == '\'@SUM(A1), "quoted"'
    assert {row["journal"] for row in deferred} == {"plaza-1-4-deferred"}
    assert not any(cell[:1] in "=+-@\t\r" for row in rows for cell in row.values() if cell)


@pytest.mark.parametrize(
    "names",
    [
        [("cash", "1", "Cash")],
        [("partners", "1", "One"), ("partners", "2", "Two")],
        [("partners", "", "One")],
        [("partners", "1" * 21, "One")],
        [("partners", "1", "n" * 101)],
        [("partners", "1", "a\tb")],
        [("partners", "1", " ")],
    ],
)
def test_an_account_that_cannot_be_renamed_so_is_refused(names: list[tuple[str, str, str]]):
    with pytest.raises(InvalidRequest):
        renamed(names)


def kinds(told: list[Told], used: dict[int, int]) -> list[tuple[str, int, int]]:
    return [(each.kind.value, each.earned_seq, each.points) for each in movements_of(told, used)]


def test_an_earn_undone_out_of_other_lots_makes_these_used_and_its_own_unused_or_not_lapsed():
    """Earn 1 of 100: 60 were used, 30 lapsed, 10 are left. Undone, 10 are its own; 90 come from earns 5 and 6."""
    undone = Told(
        9,
        0,
        undone=[Undoing(1, GROCER, 100, [OfLot(1, GROCER, 10), OfLot(5, FUEL, 50), OfLot(6, FUEL, 40)])],
    )
    assert wanted_of([undone]) == {1}
    assert kinds([undone], {1: 60}) == [
        ("reversed", 1, 100),
        ("use_here", 5, 50), ("use_away", 1, 50),
        ("use_here", 6, 40), ("use_away", 1, 10), ("lapse_away", 1, 30),
    ]  # fmt: skip


def test_what_was_used_is_followed_within_a_block_too():
    burn = Told(8, 0, burned=[OfLot(1, GROCER, 25)])
    undone = [Told(seq, 0, undone=[Undoing(1, GROCER, 20, [OfLot(5, FUEL, 20)])]) for seq in (9, 10)]
    found = kinds([burn, *undone], {1: 0})
    assert found.count(("use_here", 5, 20)) == 2
    assert [each for each in found if each[1] == 1 and each[0].endswith("away")] == [
        ("use_away", 1, 20), ("use_away", 1, 5), ("lapse_away", 1, 15),
    ]  # fmt: skip


def test_an_earn_undone_out_of_its_own_lot_is_merely_reversed():
    undone = Told(9, 0, undone=[Undoing(1, GROCER, 10, [OfLot(1, GROCER, 10)])])
    assert wanted_of([undone]) == set()
    assert kinds([undone], {}) == [("reversed", 1, 10)]
