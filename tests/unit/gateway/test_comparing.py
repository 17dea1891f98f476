"""A partner's file against our books: each difference by its name, and a bridge that adds up."""

from __future__ import annotations

from services.gateway.domain.reconciliation.comparing import Amounts, DifferenceType, Step
from services.gateway.domain.reconciliation.operations import OperationKind
from tests.support.reconciling import DAY, NEXT, compare, elsewhere, ours, theirs

_EARN = OperationKind.EARN


def test_two_sides_that_are_the_same_agree() -> None:
    comparison, found = compare([ours("A", 10, 1_000), theirs(2, "A", 10, 1_000)])
    assert (found, comparison.matched, sum(comparison.counts.values())) == ([], 1, 0)
    steps = comparison.bridge()[_EARN]
    assert steps[Step.THEIRS] == steps[Step.OURS] == Amounts(1, 10, 1_000)


def test_each_difference_has_its_name_and_moves_the_bridge() -> None:
    rows = [
        ours("A", 10, 100), theirs(2, "A", 10, 100),
        ours("B", 20, 200),
        theirs(3, "C", 30, 300),
        ours("D", 40, 400), theirs(4, "D", 41, 400),
        ours("E", 50, 500), theirs(5, "E", 50, 500), theirs(6, "E", 50, 500),
        theirs(7, "F", 60, 600), elsewhere("F"),
    ]  # fmt: skip
    comparison, found = compare(rows)
    assert [(each.type.value, each.reference, each.line, each.fields) for each in found] == [
        ("missing_there", "B", None, ()),
        ("missing_here", "C", 3, ()),
        ("different", "D", 4, ("points",)),
        ("twice", "E", 6, ()),
        ("another_day", "F", 7, ()),
    ]
    assert comparison.matched == 2
    assert comparison.bridge() == {
        _EARN: {
            Step.THEIRS: Amounts(6, 241, 2_400),
            Step.MISSING_THERE: Amounts(1, 20, 200),
            Step.MISSING_HERE: Amounts(-1, -30, -300),
            Step.DIFFERENT: Amounts(0, -1, 0),
            Step.TWICE: Amounts(-1, -50, -500),
            Step.ANOTHER_DAY: Amounts(-1, -60, -600),
            Step.OURS: Amounts(4, 120, 1_200),
        }
    }


def test_what_they_date_otherwise_is_another_day_and_costs_the_bridge_nothing() -> None:
    comparison, found = compare([ours("A", 10), theirs(2, "A", 10, day=NEXT)])
    assert [each.type for each in found] == [DifferenceType.ANOTHER_DAY]
    assert found[0].ours is not None
    assert found[0].theirs is not None
    assert (found[0].ours.day, found[0].theirs.day) == (DAY, NEXT)
    assert comparison.bridge()[_EARN][Step.ANOTHER_DAY] == Amounts()


def test_other_figures_on_another_date_are_different_once() -> None:
    comparison, found = compare([ours("A", 10, 5), theirs(2, "A", 11, 6, day=NEXT)])
    assert [(each.type, each.fields) for each in found] == [
        (DifferenceType.DIFFERENT, ("points", "amount", "date"))
    ]
    assert comparison.bridge()[_EARN][Step.DIFFERENT] == Amounts(0, -1, -1)


def test_another_kind_is_another_operation() -> None:
    _, found = compare([ours("A", 10), theirs(2, "A", 10, kind=OperationKind.REFUND)])
    assert sorted(each.type.value for each in found) == ["missing_here", "missing_there"]


def test_what_has_no_reference_any_more_is_missing_there_each_by_itself() -> None:
    comparison, found = compare([ours("", 10), ours("", 20), theirs(1, "A", 10)])
    assert [each.type.value for each in found] == ["missing_there", "missing_there", "missing_here"]
    assert comparison.bridge()[_EARN][Step.MISSING_THERE] == Amounts(2, 30, 0)


def test_of_a_line_thrice_the_others_are_twice() -> None:
    _, found = compare([theirs(line, "A", 1) for line in (2, 3, 4)])
    assert [(each.type.value, each.line) for each in found] == [
        ("missing_here", 2),
        ("twice", 3),
        ("twice", 4),
    ]


def test_an_operation_that_is_cut_between_two_turns_is_one() -> None:
    rows = [ours("A", 1), elsewhere("A"), theirs(1, "A", 1), theirs(2, "A", 1), ours("B", 2)]
    whole, expected = compare(rows)
    for at_once in (1, 2, 3):
        comparison, found = compare(rows, at_once)
        assert (found, comparison.bridge()) == (expected, whole.bridge())
