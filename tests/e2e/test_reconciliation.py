"""A partner checks its books: files of the days add up to its statement, and its own journal is told where it differs."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any, Final

import httpx2
import pytest
import pytest_asyncio

from services.launcher.platform import Platform
from services.operations import ledger
from services.runtime.clock import to_micros
from tests.support.command_line import run_command
from tests.support.gateway_bodies import CARD_READ
from tests.support.gateway_mall import (
    OCCURRED_AT,
    SOLD,
    STARTS_AT,
    Mall,
    back,
    held_500,
    key,
    paid,
    posted,
    running_mall,
    sale,
    undo,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
_DAYS, _UPLOADS = "/v1/reconciliation/days", "/v1/reconciliation/uploads"
_FIGURES: Final = ("points_issued", "points_reversed", "points_burned", "points_returned")
_LATE: Final = "2024-01-02T04:59:00Z"  # A minute before midnight in New York


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mall(platform: Platform) -> AsyncGenerator[Mall]:
    """A week of two partners, closed: two days with something, five without."""
    async with running_mall(platform) as opened:
        spender = await _first_day(opened)
        await _clock(opened, STARTS_AT + timedelta(days=1, minutes=1))
        await _second_day(opened, spender)
        await _clock(opened, STARTS_AT + timedelta(days=7, minutes=1))
        until = f"{STARTS_AT + timedelta(days=7):%Y-%m-%d}"
        status, _, err = await run_command(
            "settle", "close", "--until", until, "-p", opened.programme.slug, environment=opened.environment
        )
        assert status == 0, err
        yield opened


async def _clock(mall: Mall, now: Any) -> None:
    await ledger.move_clock(mall.session, mall.programme, to_micros(now))


async def _first_day(mall: Mall) -> str:
    """Answers the card of a member who owes points afterwards."""
    card, _ = await mall.member(1_400)
    for number in range(8):
        body = sale(card, 1_000 + 100 * number, reference=f"S{number}", store="S1")
        await posted(mall.grocer, "/v1/earns", body)
    hold, _ = await held_500(mall, card)
    await posted(mall.grocer, "/v1/purchases", paid(card, reference="P", hold={"id": hold}))
    await posted(mall.grocer, "/v1/refunds", back({"reference": "S1"}, 300, reference="R"))
    body, of_sale = paid(card, reference="Q", redeem={"points": 500}), key("till-7-0815")
    assert (await mall.grocer.post("/v1/purchases", json=body, headers=of_sale)).status_code == 201
    undone = await mall.grocer.post("/v1/reversals", json=undo(of_sale), headers=key("till-7-0816"))
    assert undone.status_code == 201, undone.text
    # All of what this one earned is spent at the other partner before the goods come back: it is owed.
    spender, _ = await mall.member(0)
    await posted(mall.grocer, "/v1/earns", sale(spender, 5_000, reference="D"))
    spent = {
        "member": {"card": spender},
        "reference": "spent",
        "occurred_at": OCCURRED_AT,
        "points": 50,
        "authorisation": CARD_READ,
    }
    await posted(mall.fuel, "/v1/redemptions", spent)
    refunded = await posted(mall.grocer, "/v1/refunds", back({"reference": "D"}, reference="E"))
    assert refunded["points_owed"] == 50
    return spender


async def _second_day(mall: Mall, spender: str) -> None:
    card, _ = await mall.member(0)
    # The till was offline at closing time; the member who owed pays with what is earned now, at the other partner.
    await posted(mall.grocer, "/v1/earns", sale(card, 1_900, reference="LATE", occurred_at=_LATE))
    await posted(mall.fuel, "/v1/earns", sale(spender, 3_000, reference="F"))


async def _records(client: httpx2.AsyncClient, day: str) -> list[dict[str, str]]:
    answer = await client.get(f"{_DAYS}/{day}", headers={"Accept": "text/csv"})
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    lines = [line for line in answer.content.splitlines(keepends=True) if line.startswith(b"line,")]
    assert rows[-1]["sha256"] == hashlib.sha256(b"".join(lines)).hexdigest()
    assert int(rows[-1]["count"]) == len(lines)
    return rows


async def test_the_days_of_a_window_add_up_to_its_statement(mall: Mall) -> None:
    for client in (mall.grocer, mall.fuel):
        (statement,) = (await client.get("/v1/statements")).json()["data"]
        days = (await client.get(_DAYS)).json()
        assert [day["status"] for day in days["data"]] == ["open", *["closed"] * 7]
        week = days["data"][1:]
        assert (week[-1]["first_seq"], week[0]["last_seq"]) == (
            statement["covers"]["first_seq"],
            statement["covers"]["last_seq"],
        )
        lines = [
            line for day in week for line in await _records(client, day["date"]) if line["record"] == "line"
        ]
        for name in _FIGURES:
            assert sum(day[name] for day in week) == statement[name], name
            assert sum(int(line[name]) for line in lines) == statement[name], name
        totals = [total for day in week for total in day["totals"]]
        assert sum(total["count"] for total in totals) == len(lines)
    # The debt was to the grocer, and was paid on the second day.
    assert days["data"][6]["date"] == "2024-01-02"
    grocer = (await mall.grocer.get(_DAYS)).json()["data"][6]
    assert [(each["kind"], each["points_reversed"]) for each in grocer["totals"]] == [
        ("earn", 0),
        ("debt_repayment", 30),
    ]
    assert (await mall.grocer.get("/v1/statements")).json()["data"][0]["points_reversed"] > 30


async def test_the_file_of_a_day_has_each_operation_by_the_till_s_own_name(mall: Mall) -> None:
    lines = [line for line in await _records(mall.grocer, "2024-01-01") if line["record"] == "line"]
    told = {(line["kind"], line["reference"]): line for line in lines}
    assert {name for kind, name in told if kind == "earn"} == {
        *(f"S{number}" for number in range(8)),
        "P",
        "Q",
        "D",
    }
    assert [kind for kind, _ in told if kind not in ("earn", "refund")] == [
        "hold", "capture", "redemption", "reversal",
    ]  # fmt: skip
    assert ("reversal", "till-7-0816") in told
    assert told["earn", "S0"]["store"] == "S1"
    burn = told["redemption", "Q"]
    assert (burn["points"], burn["idempotency_key"], burn["original_reference"]) == (
        "-500",
        "till-7-0815",
        "Q",
    )
    assert int(told["reversal", "till-7-0816"]["points"]) == 500 - SOLD.earned
    fuel = {line["member"] for line in await _records(mall.fuel, "2024-01-01") if line["record"] == "line"}
    assert fuel.isdisjoint(line["member"] for line in lines)
    assert (await mall.grocer.get(f"{_DAYS}/2024-01-01")).content == (
        await mall.grocer.get(f"{_DAYS}/2024-01-01")
    ).content


def _journal(lines: list[dict[str, str]]) -> list[list[str]]:
    """The till's own journal of what the file says."""
    kinds = ("earn", "redemption", "capture", "refund", "reversal")
    return [
        [line["reference"], line["kind"], line["points"], line["amount"], "2024-01-01"]
        for line in lines
        if line["record"] == "line" and line["kind"] in kinds
    ]


async def _upload(mall: Mall, rows: list[list[str]]) -> dict[str, Any]:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["reference", "kind", "points", "amount", "date"], *rows])
    answer = await mall.grocer.post(
        _UPLOADS, params={"date": "2024-01-01"}, content=text.getvalue().encode(),
        headers={"Content-Type": "text/csv", **key()},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_till_s_own_journal_that_is_right_agrees(mall: Mall) -> None:
    rows = _journal(await _records(mall.grocer, "2024-01-01"))
    told = await _upload(mall, rows)
    assert (told["agrees"], told["matched"], told["lines"]) == (True, len(rows), len(rows))
    # The file says of a day that is over what the list of days does.
    day = next(each for each in (await mall.grocer.get(_DAYS)).json()["data"] if each["date"] == "2024-01-01")
    ours = {bridge["kind"]: bridge["steps"][-1] for bridge in told["bridges"]}
    for total in day["totals"]:
        if total["kind"] in ours:
            assert [ours[total["kind"]][name] for name in ("count", "points", "amount")] == [
                total[name] for name in ("count", "points", "amount")
            ]


async def test_three_missing_two_extra_one_different_one_twice_and_one_a_day_later(mall: Mall) -> None:
    rows = _journal(await _records(mall.grocer, "2024-01-01"))
    by_reference = {(row[1], row[0]): row for row in rows}
    missing = [by_reference["earn", "S0"], by_reference["capture", _hold(rows)], by_reference["refund", "R"]]
    changed = by_reference["earn", "S2"]
    theirs = [row for row in rows if row not in missing and row is not changed]
    theirs.append([*changed[:2], str(int(changed[2]) + 1), *changed[3:]])
    # One that nobody has heard of, and one that is the other partner's.
    theirs += [["X", "earn", "9", "900", "2024-01-01"], ["F", "earn", "30", "3000", "2024-01-01"]]
    theirs.append(by_reference["earn", "S3"])
    theirs.append(["LATE", "earn", "19", "1900", "2024-01-01"])
    told = await _upload(mall, theirs)
    assert told["differences"] == {
        "missing_there": 3, "missing_here": 2, "different": 1, "twice": 1, "another_day": 1, "unreadable": 0,
    }  # fmt: skip
    assert told["matched"] == len(rows) - 4
    for bridge in (told["bridge"], *(each["steps"] for each in told["bridges"])):
        *others, ours = bridge
        for name in ("count", "points", "amount"):
            assert sum(step[name] for step in others) == ours[name]
    assert told["bridge"][0]["points"] == sum(int(row[2]) for row in theirs)
    assert told["bridge"][-1]["points"] == sum(int(row[2]) for row in rows)
    listed = (await mall.grocer.get(f"{_UPLOADS}/{told['id']}/differences")).json()["data"]
    assert sorted((each["type"], each["kind"], each["reference"]) for each in listed) == sorted(
        [
            *(("missing_there", row[1], row[0]) for row in missing), ("missing_here", "earn", "X"), ("missing_here", "earn", "F"),
            ("different", "earn", "S2"), ("twice", "earn", "S3"), ("another_day", "earn", "LATE"),
        ]
    )  # fmt: skip
    late = next(each for each in listed if each["type"] == "another_day")
    assert (late["ours"]["date"], late["theirs"]["date"]) == ("2024-01-02", "2024-01-01")
    (again,) = [each for each in listed if each["type"] == "twice"]
    assert again["line"] == len(theirs)
    # It can be read again, and by nobody else.
    assert (await mall.grocer.get(f"{_UPLOADS}/{told['id']}")).json() == told
    assert (await mall.fuel.get(f"{_UPLOADS}/{told['id']}")).status_code == 404


def _hold(rows: list[list[str]]) -> str:
    return next(row[0] for row in rows if row[1] == "capture")
