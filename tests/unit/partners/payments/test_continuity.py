"""A statement opens with what the one before it closed with; where it does not, one between them is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from services.partners.domain.payments.continuity import Joint, ToldStatement, joints
from tests.support.payment_model import MONDAY, OWN_IBAN, item, statement

DAYS = [MONDAY + timedelta(days=count) for count in range(5)]


def told(
    number: int, opening: int | None, closing: int | None, on: date | None = None, message: int = 1
) -> ToldStatement:
    """The statement of a day, which came in a message of its own number."""
    day = on or DAYS[number - 1]
    return ToldStatement(message, number, OWN_IBAN, f"S-{number}", number, day, opening, closing)


FIRST, SECOND, THIRD = told(1, 0, 100), told(2, 100, 250), told(3, 250, 240)


def gaps(found: list[Joint]) -> list[tuple[str, str, int]]:
    return [
        (each.before.statement_id, each.after.statement_id, each.gap_minor)
        for each in found
        if each.gap_minor
    ]


def test_statements_that_follow_each_other_have_no_gap_in_whatever_order_they_stand():
    assert gaps(joints([THIRD, FIRST, SECOND], [])) == []
    assert len(joints([THIRD, FIRST, SECOND], [])) == 2


def test_where_one_is_missing_the_next_one_says_by_how_much_and_it_fits_once_it_came():
    assert gaps(joints([THIRD], [FIRST])) == [("S-1", "S-3", 150)]
    found = joints([SECOND], [FIRST, THIRD])
    assert gaps(found) == []
    assert [(each.before, each.after) for each in found] == [(FIRST, SECOND), (SECOND, THIRD)]


def test_statements_that_were_known_before_are_not_looked_at_again():
    broken = replace(THIRD, opening_minor=999)
    assert joints([told(5, 240, 240)], [FIRST, broken]) == [Joint(broken, told(5, 240, 240))]


def test_on_one_day_the_bank_s_own_count_decides_and_then_how_they_came():
    late = told(2, 100, 250, on=DAYS[0])
    assert gaps(joints([late], [FIRST])) == []
    uncounted = [
        replace(each, sequence=0, closed_on=DAYS[0], message_number=place)
        for place, each in enumerate((FIRST, SECOND, THIRD), start=1)
    ]
    assert gaps(joints(uncounted[::-1], [])) == []


def test_a_balance_that_is_not_told_is_compared_with_nothing():
    assert gaps(joints([told(2, None, 250)], [FIRST, THIRD])) == []
    assert gaps(joints([told(2, 100, None)], [FIRST, THIRD])) == []


def test_it_is_of_the_day_that_it_says_or_of_its_last_movement():
    later = item(5, booked_on=DAYS[2])
    said = statement(item(10), later, number="017")
    made = ToldStatement.of(said, 4, 1, date(2026, 12, 31))
    assert (made.closed_on, made.sequence, made.where) == (DAYS[2], 17, (4, 1))
    assert ToldStatement.of(replace(said, closed_on=DAYS[1]), 4, 1, MONDAY).closed_on == DAYS[1]
    assert ToldStatement.of(statement(number="2026/7"), 4, 1, MONDAY).order == (MONDAY, 0, 4, 1)
    assert made.says_the_same(ToldStatement.of(said, 9, 3, MONDAY))
    assert not made.says_the_same(ToldStatement.of(replace(said, opening_minor=1), 9, 3, MONDAY))
