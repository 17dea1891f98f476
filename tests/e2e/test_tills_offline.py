"""What a till sold while nobody could be reached: told later, in batches."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from services.launcher.platform import Platform
from services.operations import ledger, proofs
from services.operations import members as operated
from services.runtime.clock import from_micros, to_micros
from tests.support.gateway_claims import claimed
from tests.support.gateway_mall import (
    OCCURRED_AT,
    Mall,
    back,
    earned,
    key,
    new_card,
    posted,
    running_mall,
    sale,
)
from tests.support.gateway_members import luhn
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mall(platform: Platform) -> AsyncGenerator[Mall]:
    """The grocer's contract lets a till that was offline take up to 1,000 points."""
    async with running_mall(platform) as opened:
        await opened.command("guards", "set", "grocer", "--told-later", "1000")
        yield opened


async def test_a_till_that_was_offline_for_two_hours_loses_nothing(mall: Mall) -> None:
    members = [await mall.member(0) for _ in range(7)]
    now = from_micros((await ledger.head(mall.session, mall.programme)).now_us)
    await ledger.move_clock(mall.session, mall.programme, to_micros(now + timedelta(hours=2)))
    moments = [
        (now + timedelta(seconds=50 * number)).replace(microsecond=0).isoformat() for number in range(140)
    ]
    sales = [
        sale(members[number % 7][0], 1_000 + number, occurred_at=moment, store="S1")
        for number, moment in enumerate(moments[:138])
    ]
    # The last sale before the connection went had arrived; another was put into the file twice.
    await posted(mall.grocer, "/v1/earns", sales[0])
    sales.append(sales[17])
    # This card passes its check digit, and is of no range: nobody has it.
    sales.append(sale(new_card("9955"), 4_200, occurred_at=moments[139], store="S1"))
    # This one is of a range, and nobody has enrolled it yet.
    await operated.set_card_range(mall.session, mall.programme, "603555", 16, "grocer", 0)
    handed_out = new_card("603555")[:15]
    handed_out = luhn(handed_out)
    sales[23] = {**sales[23], "member": {"card": handed_out}}
    sales[30] = {**sales[30], "member": {"card": handed_out}}
    lines: list[dict[str, Any]] = [{"type": "earn", **each} for each in sales]
    assert len(lines) == 140
    headers = key()
    first, again = [
        await mall.grocer.post("/v1/batches", json={"lines": lines}, headers=headers) for _ in range(2)
    ]
    told = first.json()
    assert (first.status_code, told["status"]) == (201, "completed")
    assert told["counts"] == {
        "lines": 140,
        "accepted": 137,
        "replayed": 2,
        "refused": 1,
        "waiting": 0,
        "parked": 0,
    }
    assert (again.headers["idempotency-replayed"], again.json()) == ("true", told)
    outcomes = [each["outcome"] for each in told["results"]]
    assert outcomes == ["replayed", *["accepted"] * 137, "replayed", "refused"]
    assert told["results"][138]["transaction"] == told["results"][17]["transaction"]
    error = told["results"][139]["error"]
    assert (error["code"], error["remembered"]) == ("member_unknown", False)
    assert error["receipt_text"] == "Card is not registered"
    # Nothing is lost: each sale is there once, at its own time, with its points.
    for line, result in zip(lines[:139], told["results"], strict=False):
        listed = (await mall.grocer.get("/v1/transactions", params={"reference": line["reference"]})).json()
        assert listed["data"] == [result["transaction"]]
        assert listed["data"][0]["occurred_at"] == line["occurred_at"].replace("+00:00", "Z")
        assert listed["data"][0]["points"] == earned(line["amount"])
    by_card: Counter[str] = Counter()
    for each in sales[:138]:
        by_card[each["member"]["card"]] += earned(each["amount"])
    for card, member in members:
        assert (await mall.balance(member))["available"] == by_card[card]
    await claimed(mall, handed_out, by_card[handed_out])
    # Once its owner is enrolled the one that was refused is sent again, with all the others or alone.
    answer = await mall.grocer.post("/v1/members", json={"card": sales[139]["member"]["card"]}, headers=key())
    assert answer.status_code == 201, answer.text
    counts = [
        (await mall.grocer.post("/v1/batches", json={"lines": lines}, headers=key())).json()["counts"]
        for _ in range(2)
    ]
    assert counts == [
        {"lines": 140, "accepted": 1, "replayed": 139, "refused": 0, "waiting": 0, "parked": 0},
        {"lines": 140, "accepted": 0, "replayed": 140, "refused": 0, "waiting": 0, "parked": 0},
    ]


async def test_what_was_bought_and_brought_back_offline_goes_in_one_batch(mall: Mall) -> None:
    await mall.refund_rule("allow_negative", "pro_rata")
    card, member = await mall.member(0)
    bought = sale(card, 10_000, store="S1")
    lines = [
        {"type": "refund", **back({"reference": "not-sold-yet"})},
        {"type": "earn", **bought},
        {"type": "refund", **back({"reference": bought["reference"]}, 4_000)},
        {"type": "refund", **back({"reference": bought["reference"]}, 6_001)},
        {"type": "earn", **sale(card, 300)},
        {"type": "refund", **back({"reference": bought["reference"]})},
    ]
    answers = [
        (await mall.grocer.post("/v1/batches", json={"lines": lines}, headers=key())).json() for _ in range(2)
    ]
    assert [each["outcome"] for each in answers[0]["results"]] == [
        "waiting", "accepted", "accepted", "refused", "accepted", "accepted",
    ]  # fmt: skip
    assert [each["outcome"] for each in answers[1]["results"]] == [
        "waiting", "replayed", "replayed", "refused", "replayed", "replayed",
    ]  # fmt: skip
    results = answers[0]["results"]
    assert [each["error"]["code"] for each in results if each["error"]] == ["refund_too_large"]
    assert (results[3]["error"]["left"], results[3]["error"]["required"]) == (6_000, 6_001)
    # The sale of the first line comes later, and its refund right after it.
    await posted(mall.grocer, "/v1/earns", {**sale(card, 500), "reference": "not-sold-yet"})
    told = (await mall.grocer.post("/v1/batches", json={"lines": lines[:1]}, headers=key())).json()[
        "results"
    ][0]
    assert (told["outcome"], told["transaction"]["refund"]["points_clawed_back"]) == ("replayed", 5)
    refunds = [results[place]["transaction"]["refund"] for place in (2, 5)]
    assert [(each["points_clawed_back"], each["money"]["amount"]) for each in refunds] == [
        (40, 4_000),
        (60, 6_000),
    ]
    assert (await mall.balance(member))["available"] == 3


async def test_the_lines_of_a_sale_come_to_the_same_in_any_order(mall: Mall) -> None:
    await mall.refund_rule("allow_negative", "pro_rata")
    orders = list(itertools.permutations(range(3)))
    members = [await mall.member(30) for _ in orders]
    columns = "type,reference,member_card,store,occurred_at,amount,currency,points,original_reference"
    rows = [columns]
    for place in range(3):
        for (card, _), order in zip(members, orders, strict=True):
            sold = f"{card}-sale"
            rows.append(
                (
                    f"earn,{sold},{card},S1,{OCCURRED_AT},9999,USD,,",
                    f"refund,{card}-back,,S2,{OCCURRED_AT},3333,USD,,{sold}",
                    f"redemption,{card}-burn,{card},S1,{OCCURRED_AT},,,30,",
                )[order[place]]
            )
    headers = {**key(), "Content-Type": "text/csv"}
    answer = await mall.grocer.post("/v1/batches", content="\n".join(rows).encode(), headers=headers)
    assert answer.status_code == 202, answer.text
    place = answer.headers["location"]

    async def completed() -> bool:
        return (await mall.grocer.get(place)).json()["status"] == "completed"

    await until(completed)
    counts = (await mall.grocer.get(place)).json()["progress"]["counts"]
    assert counts["accepted"] == counts["lines"] == 3 * len(orders)
    left = earned(9_999 - 3_333)
    assert {(await mall.balance(member))["available"] for _, member in members} == {left}


async def test_the_books_are_right_after_all_that(mall: Mall) -> None:
    found = await proofs.prove_ledger(mall.session, mall.programme)
    assert [proof.name for proof in found if not proof.holds] == []
