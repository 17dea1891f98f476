"""The daily file: the same bytes every time, sums that are those of its lines, and nobody else's business in it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from services.gateway.schemas.lists import ListOf
from services.gateway.schemas.reconciliation import DailyRecord, ReconciliationDay
from services.runtime.ids import new_id, to_text
from tests.support.gateway import House, open_house
from tests.support.gateway_operations import DAY_START_US, DAY_US

pytestmark = pytest.mark.asyncio(loop_scope="module")
_DAYS = "/v1/reconciliation/days"
_DAY = f"{_DAYS}/2026-03-14"


@pytest_asyncio.fixture(loop_scope="module")
async def house() -> AsyncGenerator[House]:
    """A gateway of the test's own: no day that another knew."""
    async with open_house() as opened:
        _record_a_day(opened)
        yield opened


def _record_a_day(house: House) -> None:
    record, mine, other = house.operations.record, house.partner_id, new_id()
    record(mine, "earn", "OLD", DAY_START_US - 1, issued=1, amount_minor=100)
    record(mine, "earn", "A", issued=25, amount_minor=2_599)
    record(other, "earn", "THEIRS", issued=7)
    record(mine, "bonus", "A", bonus_issued=50)
    record(mine, "capture", "H", key="b:A", burned=500, amount_minor=450)
    record(mine, "refund", "R,1", issued=0, reversed=5, returned=100, bonus_reversed=10, amount_minor=500)
    record(mine, "reversal", "k:off", key="k:off", reversed=20)
    record(mine, "earn", "LAST", DAY_START_US + DAY_US - 1, key="r:earn:LAST", issued=3)
    record(mine, "earn", "NEXT", DAY_START_US + DAY_US, issued=9)


def _records(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


async def test_a_day_is_told_line_by_line_then_summed_then_ended(house: House) -> None:
    answer = await house.get(_DAY)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="operations-2026-03-14.ndjson"'
    records = _records(answer.text)
    for record in records:
        DailyRecord.model_validate(record)
    lines = [record for record in records if record["record"] == "line"]
    assert [(line["kind"], line["reference"], line["idempotency_key"], line["points"]) for line in lines] == [
        ("earn", "A", "A", 25), ("bonus", "A", "A", 0), ("capture", "H", "A", -500), ("refund", "R,1", "R,1", 95),
        ("reversal", "off", "off", -20), ("earn", "LAST", "", 3),
    ]  # fmt: skip
    totals = {each["kind"]: each for each in records if each["record"] == "total"}
    assert list(totals) == ["earn", "capture", "refund", "reversal", "bonus"]
    for kind, total in totals.items():
        mine = [line for line in lines if line["kind"] == kind]
        assert total["count"] == len(mine)
        for name in ("points", "points_issued", "points_reversed", "points_burned", "points_returned",
                     "bonus_issued", "bonus_reversed", "amount"):  # fmt: skip
            assert total[name] == sum(line[name] for line in mine), (kind, name)
    end = records[-1]
    assert (end["record"], end["count"], end["status"], end["first_seq"], end["last_seq"]) == (
        "end", 6, "closed", 2, 8,
    )  # fmt: skip
    bytes_of_lines = b"".join(line for line in answer.content.splitlines(keepends=True) if b'"line"' in line)
    assert end["sha256"] == hashlib.sha256(bytes_of_lines).hexdigest()


async def test_as_csv_it_says_the_same(house: House) -> None:
    by_format = await house.get(_DAY, format="csv")
    by_accept = await house.client.get(
        _DAY, headers={"Authorization": f"Bearer {house.secret}", "Accept": "text/csv"}
    )
    assert by_format.content == by_accept.content
    assert by_format.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(by_format.text, newline="")))
    records = _records((await house.get(_DAY)).text)
    assert [
        {name: value for name, value in row.items() if value != "" and name != "sha256"} for row in rows
    ] == [
        {name: str(value) for name, value in record.items() if value != "" and name != "sha256"}
        for record in records
    ]
    lines = [line for line in by_format.content.splitlines(keepends=True) if line.startswith(b"line,")]
    assert rows[-1]["sha256"] == hashlib.sha256(b"".join(lines)).hexdigest()


async def test_a_day_that_is_over_is_the_same_every_time_and_one_that_goes_on_says_how_far_it_goes(
    house: House,
) -> None:
    before = (await house.get(_DAY)).content
    today = _records((await house.get(f"{_DAYS}/2026-03-15")).text)[-1]
    assert (today["status"], today["count"], today["last_seq"]) == ("open", 1, 9)
    house.operations.record(house.partner_id, "earn", "MORE", DAY_START_US + DAY_US + 1, issued=1)
    assert (await house.get(_DAY)).content == before
    later = _records((await house.get(f"{_DAYS}/2026-03-15")).text)[-1]
    assert (later["count"], later["last_seq"]) == (2, 10)
    empty = _records((await house.get(f"{_DAYS}/2026-03-01")).text)
    assert [(each["record"], each["count"], each["status"]) for each in empty] == [("end", 0, "closed")]


@pytest.mark.parametrize(
    "day", ["2026-03-16", "2026-02-30", "today", "1999-12-31", "9999-12-31", "2026-3-4", "%00"]
)
async def test_what_is_no_day_yet_is_not_found(house: House, day: str) -> None:
    answer = await house.get(f"{_DAYS}/{day}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_days_are_listed_from_today_back_to_the_first(house: House) -> None:
    page = ListOf[ReconciliationDay].model_validate_json((await house.get(_DAYS)).content)
    assert [(day.date, day.status, day.count, day.points_issued) for day in page.data] == [
        ("2026-03-15", "open", 1, 9),
        ("2026-03-14", "closed", 6, 28),
        ("2026-03-13", "closed", 1, 1),
    ]
    assert not page.has_more
    assert page.data[1].starts_at == "2026-03-13T23:00:00Z"
    end = _records((await house.get(_DAY)).text)
    assert [each.model_dump() for each in page.data[1].totals] == [
        {name: value for name, value in record.items() if name != "record"}
        for record in end
        if record["record"] == "total"
    ]


async def test_pages_of_days_follow_each_other(house: House) -> None:
    async def dates(**asked: Any) -> tuple[list[str], bool]:
        page = (await house.get(_DAYS, **asked)).json()
        return [day["date"] for day in page["data"]], page["has_more"]

    assert await dates(limit=2) == (["2026-03-15", "2026-03-14"], True)
    assert await dates(limit=2, starting_after="2026-03-14") == (["2026-03-13"], False)
    assert await dates(starting_after="2026-03-13") == ([], False)
    assert await dates(limit=1, ending_before="2026-03-13") == (["2026-03-14"], True)
    assert await dates(ending_before="2026-03-13") == (["2026-03-15", "2026-03-14"], False)
    for odd in ("2026-03-16", "x", "txn_1"):
        answer = await house.get(_DAYS, starting_after=odd)
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")


async def test_sums_of_days_that_are_over_are_asked_for_once(house: House) -> None:
    await house.get(_DAYS)
    before = house.operations.reads
    await house.get(_DAYS)
    # Today's alone.
    assert house.operations.reads == before + 1


async def test_a_partner_sees_its_own_operations_and_members_under_its_own_names(house: House) -> None:
    stranger = house.new_key()
    nothing = _records((await house.get(_DAY, secret=stranger)).text)
    assert [record["record"] for record in nothing] == ["end"]
    text = (await house.get(_DAY)).text
    assert "THEIRS" not in text
    for book in house.operations.books.values():
        for operation in book:
            assert to_text("mem", UUID(bytes=operation.member_id)) not in text


async def test_the_scope_is_that_of_statements(house: House) -> None:
    poor = house.new_key(["points:read"])
    for path in (_DAYS, _DAY, "/v1/reconciliation/uploads"):
        answer = await house.get(path, secret=poor)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert (await house.client.get(path)).status_code == 401
