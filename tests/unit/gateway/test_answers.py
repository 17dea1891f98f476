"""Answers: times, receipts, pages, statements."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.answers.clearing import statement_csv
from services.gateway.answers.moments import instant, instant_or_none, last_day
from services.gateway.answers.movements import RECEIPT_LINE_MAX, MovementAnswers
from services.gateway.directory.aliases import MemberAliases
from services.gateway.directory.languages import Languages
from services.gateway.domain.caller import Caller, KeyFacts, Partner
from services.gateway.domain.clearing import Span, Standing, Statement, StatementLine, StatementLineType
from services.gateway.domain.movements import Accepted, Balance, Movement, MovementType, RefundFigures
from services.gateway.domain.pages import Cursor, page_of
from services.runtime.clock import to_micros
from services.runtime.errors import Fault, InvalidRequest
from services.runtime.ids import new_id
from services.runtime.principal import Programme


@given(st.integers(min_value=-(10**15), max_value=25 * 10**16))
def test_an_instant_reads_back_exactly(micros: int) -> None:
    text = instant(micros)
    assert text.endswith("Z")
    assert to_micros(datetime.fromisoformat(text)) == micros


def test_no_time_is_null() -> None:
    assert instant_or_none(0) is None
    assert instant_or_none(1) == "1970-01-01T00:00:00.000001Z"


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Europe/Berlin", "2028-03-31"), ("America/New_York", "2028-03-31"), ("UTC", "2028-03-31")],
)
def test_the_last_day_of_points_is_the_day_before_they_expire_where_the_programme_is(
    zone: str, day: str
) -> None:
    midnight = datetime.fromisoformat("2028-04-01T00:00:00")
    assert last_day(to_micros(midnight.replace(tzinfo=ZoneInfo(zone))), zone) == day


def _caller() -> Caller:
    programme = Programme(1, "plaza", "Europe/Berlin", "EUR", is_test=True)
    return Caller(
        KeyFacts(new_id(), "", "", frozenset(), Partner(new_id(), "g", "G"), programme), "key_x", b""
    )


def _pending(earn: Movement) -> Movement:
    return earn._replace(points=0, pending=earn.points, matures_at_us=1_775_000_000_000_000)


def test_pending_points_are_earned_and_not_in_the_balance_and_the_receipt_says_from_when_on() -> None:
    answers, caller = MovementAnswers(MemberAliases(bytes(32)), Languages(10, {})), _caller()
    earn = Movement(
        new_id(), 1, MovementType.EARN, new_id(), new_id(), "r", new_id(), 25, 7, 1, 1, 1_838_152_800_000_000
    )  # fmt: skip
    answer = answers.earn(caller, _pending(earn))
    assert (answer["points"], answer["pending"], answer["balance"]) == (25, 25, 7)
    assert answer["matures_at"] == "2026-03-31T23:33:20Z"
    assert answer["receipt"]["lines"] == [
        "Points earned: 25",
        # Where the programme is, it is April by then.
        "To be spent from 2026-04-01 on",
        "Balance: 7 points",
        "Use these points by 2028-03-31",
    ]
    moved = answers.transaction(caller, _pending(earn))
    assert (moved["points"], moved["pending"]) == (0, 25)
    wallet = answers.balance("mem_x", Balance(7, 0, 0, 0, 25, 25, 1_775_000_000_000_000))
    assert (wallet["available"], wallet["pending"]) == (7, 25)
    assert wallet["next_maturity"] == {"points": 25, "at": "2026-03-31T23:33:20Z"}
    at_once = answers.earn(caller, earn)
    assert (at_once["pending"], at_once["matures_at"], at_once["receipt"]["pending"]) == (0, None, 0)


@given(points=st.integers(0, 10**9), balance=st.integers(0, 10**15))
def test_receipt_lines_fit_a_receipt(points: int, balance: int) -> None:
    answers = MovementAnswers(MemberAliases(bytes(32)), Languages(10, {}))
    earn = Movement(
        new_id(),
        1,
        MovementType.EARN,
        new_id(),
        new_id(),
        "r",
        new_id(),
        points,
        balance,
        1,
        1,
        1_838_152_800_000_000,
    )
    burn = earn._replace(points=-points, expires_at_us=0)
    figures = RefundFigures(points, points, points, points, points, points)
    receipts = [
        answers.earn(_caller(), earn)["receipt"],
        answers.redemption(_caller(), burn)["receipt"],
        answers.purchase(_caller(), Accepted(earn, replayed=False, linked=(burn,)))["receipt"],
        answers.refund(_caller(), Accepted(earn._replace(refund=figures), replayed=False))["receipt"],
        answers.earn(_caller(), _pending(earn))["receipt"],
    ]
    assert all(len(line) <= RECEIPT_LINE_MAX for receipt in receipts for line in receipt["lines"])
    assert receipts[0]["expires_on"] == "2028-03-31"
    assert receipts[1]["burned"] == receipts[2]["burned"] == points


def test_a_refund_without_figures_is_a_fault_and_no_zero() -> None:
    answers = MovementAnswers(MemberAliases(bytes(32)), Languages(10, {}))
    refund = Movement(new_id(), 1, MovementType.REFUND, new_id(), new_id(), "r", None, 0, 0, 1, 1, 0)
    with pytest.raises(Fault):
        answers.refund(_caller(), Accepted(refund, replayed=False))


def _ids(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last)]


def test_a_page_starts_after_its_cursor_and_says_whether_there_is_more() -> None:
    entries = _ids(0, 10)
    page = page_of(entries, str, Cursor(4))
    assert (page.entries, page.has_more) == (_ids(0, 4), True)
    page = page_of(entries, str, Cursor(4, starting_after="7"))
    assert (page.entries, page.has_more) == (["8", "9"], False)


def test_the_page_before_holds_the_entries_next_to_its_cursor() -> None:
    entries = _ids(0, 10)
    page = page_of(entries, str, Cursor(4, ending_before="7"))
    assert (page.entries, page.has_more) == (_ids(3, 7), True)
    page = page_of(entries, str, Cursor(4, ending_before="2"))
    assert (page.entries, page.has_more) == (_ids(0, 2), False)


@given(count=st.integers(0, 30), limit=st.integers(1, 10))
def test_pages_forwards_tile_the_list(count: int, limit: int) -> None:
    entries, seen, after = _ids(0, count), [], ""
    while True:
        page = page_of(entries, str, Cursor(limit, starting_after=after))
        seen.extend(page.entries)
        if not page.has_more:
            break
        after = page.entries[-1]
    assert seen == entries


def test_a_cursor_that_is_not_in_the_list_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        page_of(_ids(0, 3), str, Cursor(2, starting_after="9"))


def test_the_csv_of_a_statement_adds_up_to_its_net() -> None:
    lines = (
        StatementLine(StatementLineType.ISSUED, 3, 1_000, 10_000, 10_000_000),
        StatementLine(StatementLineType.REVERSED, 2, 150, 10_000, -1_500_000),
        StatementLine(StatementLineType.BURNED, 1, 500, 9_000, -4_500_000),
        StatementLine(StatementLineType.RETURNED, 1, 100, 9_000, 900_000),
        StatementLine(StatementLineType.CARRY_IN, 0, 0, 0, -3_200),
        StatementLine(StatementLineType.CARRY_OUT, 0, 0, 0, 3_200),
    )
    statement = Statement(
        new_id(), 7, 1, 2, "EUR", 1_000, 150, 500, 100, 4_900_000, -3_200, -3_200, 490, 3,
        Span(7, 7, 1, 2, 1, 9), -20, 470, Standing.OPEN, 4, 0, lines,
    )  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(statement_csv(statement))))
    assert [(row["line"], row["amount"]) for row in rows] == [
        ("issued", "10.000000"),
        ("reversed", "-1.500000"),
        ("burned", "-4.500000"),
        ("returned", "0.900000"),
        ("carry_in", "-0.003200"),
        ("carry_out", "0.003200"),
        ("net", "4.90"),
        ("opening", "-0.20"),
        ("closing", "4.70"),
    ]
    assert sum(Decimal(row["amount"]) for row in rows[:-3]) == Decimal(rows[-3]["amount"])
    assert {row["currency"] for row in rows} == {"EUR"}
