"""Whatever a partner's file lacks or has too much: each is named once, and the totals bridge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.reconciliation.comparing import Amounts, Row, Step
from services.gateway.domain.reconciliation.operations import USUAL, OperationKind
from tests.support.reconciling import DAY, NEXT, compare, elsewhere, ours, theirs

_FATES = ("same", "missing_there", "missing_here", "different", "amount", "twice", "another_day", "dated")
_Planted = Sequence[tuple[str, int, int, int]]
_PLANTED = st.lists(
    st.tuples(
        st.sampled_from(_FATES),
        st.integers(0, len(USUAL) - 1),
        st.integers(-(10**6), 10**6),
        st.integers(0, 10**8),
    ),
    max_size=40,
)


def _rows(planted: _Planted) -> tuple[list[Row], Counter[tuple[str, str, str]]]:
    """Rows with what was planted, and how often each difference is expected by type, kind and reference."""
    rows: list[Row] = []
    expected: Counter[tuple[str, str, str]] = Counter()
    line = 1
    for number, (fate, place, points, amount) in enumerate(planted):
        kind, reference = USUAL[place], f"R{number}"
        on_day = fate not in ("missing_here", "another_day")
        if on_day:
            rows.append(ours(reference, points, amount, kind))
        if fate == "another_day":
            rows.append(elsewhere(reference, kind=kind))
        if fate != "missing_there":
            line += 1
            other = points + 1 if fate == "different" else points
            money = amount + 1 if fate == "amount" else amount
            day = NEXT if fate == "dated" else DAY
            rows.append(theirs(line, reference, other, money, kind, day))
        if fate == "twice":
            line += 1
            rows.append(theirs(line, reference, points, amount, kind))
        name = {"amount": "different", "dated": "another_day"}.get(fate, fate)
        if fate != "same":
            expected[name, kind.value, reference] += 1
    return rows, expected


@given(_PLANTED, st.integers(1, 50), st.randoms())
def test_each_planted_difference_is_named_exactly_once_and_the_totals_bridge(
    planted: _Planted, at_once: int, random: Random
) -> None:
    rows, expected = _rows(planted)
    random.shuffle(rows)
    comparison, found = compare(rows, at_once)
    named = Counter((each.type.value, each.kind.value if each.kind else "", each.reference) for each in found)
    assert named == expected
    assert {type_.value: number for type_, number in comparison.counts.items() if number} == dict(
        Counter(type_ for type_, _, _ in expected.elements())
    )
    assert comparison.matched == sum(fate in ("same", "twice") for fate, *_ in planted)
    _assert_bridges(rows, comparison.bridge())


def _assert_bridges(rows: Sequence[Row], bridge: Mapping[OperationKind, Mapping[Step, Amounts]]) -> None:
    for kind in USUAL:
        mine = [row for row in rows if row.kind is kind and row.side == 0]
        their = [row for row in rows if row.kind is kind and row.side == 2]
        if not mine and not their:
            assert kind not in bridge
            continue
        steps = bridge[kind]
        for side, step in ((mine, Step.OURS), (their, Step.THEIRS)):
            sums = len(side), sum(row.points for row in side), sum(row.amount_minor for row in side)
            assert steps[step] == sums
        for place in range(3):
            assert (
                sum(steps[step][place] for step in Step if step is not Step.OURS) == steps[Step.OURS][place]
            )


def _any_row(side: int, reference: str, points: int, amount: int, dated: bool, line: int) -> Row:
    if side == 0:
        return ours(reference, points, amount)
    if side == 1:
        return elsewhere(reference)
    return theirs(line, reference, points, amount, day=NEXT if dated else DAY)


_ANY_ROW = st.builds(
    _any_row,
    st.integers(0, 2), st.sampled_from(["", "A", "B", "C"]), st.integers(-9, 9), st.integers(0, 9), st.booleans(),
    st.integers(1, 10**6),
)  # fmt: skip


@given(st.lists(_ANY_ROW, max_size=30))
def test_rows_without_any_sense_bridge_as_well(rows: list[Row]) -> None:
    comparison, found = compare(rows)
    _assert_bridges(rows, comparison.bridge())
    assert len(found) == sum(comparison.counts.values())
