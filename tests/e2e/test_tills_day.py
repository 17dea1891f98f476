"""A till's day: a sale paid in points and money, a connection that breaks, goods that come back, two hours offline."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio

from services.launcher.platform import Platform
from services.operations import proofs, registry
from tests.support.command_line import run_command
from tests.support.gateway_bodies import CARD_READ
from tests.support.gateway_mall import (
    OCCURRED_AT,
    RULED_AT,
    SOLD,
    Mall,
    back,
    figures,
    hang_up,
    held_500,
    key,
    paid,
    posted,
    running_mall,
    sale,
    undo,
)
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mall(platform: Platform) -> AsyncGenerator[Mall]:
    async with running_mall(platform) as opened:
        yield opened


@pytest.mark.parametrize("order", ["pro_rata", "points_first", "money_first"])
async def test_a_sale_with_points_whose_connection_breaks_and_whose_goods_come_back(
    mall: Mall, order: str
) -> None:
    await mall.refund_rule("allow_negative", order)
    card, member = await mall.member(700)
    held = await posted(
        mall.grocer, "/v1/holds",
        {"member": {"card": card}, "reference": secrets.token_hex(8), "occurred_at": OCCURRED_AT, "points": 500, "authorisation": CARD_READ},
    )  # fmt: skip
    assert (await mall.balance(member))["available"] == 200
    # The terminal has taken the rest; the connection is lost while the sale is on its way.
    body, headers = paid(card, hold={"id": held["hold"]}), key()
    await hang_up(mall.grocer, "/v1/purchases", body, headers)
    sold, again = [await mall.grocer.post("/v1/purchases", json=body, headers=headers) for _ in range(2)]
    assert sold.status_code == 201, sold.text
    assert (again.headers["idempotency-replayed"], again.json()) == ("true", sold.json())
    # A till that has lost its key as well has the reference yet.
    other = await mall.grocer.post("/v1/purchases", json=body, headers=key())
    assert (other.headers.get("idempotency-replayed"), other.json()) == ("true", sold.json())
    told = sold.json()
    assert (told["receipt"]["earned"], told["receipt"]["burned"]) == (SOLD.earned, 500)
    assert told["balance"] == (await mall.balance(member))["available"] == 200 + SOLD.earned
    moved = (await mall.grocer.get(f"/v1/members/{member}/transactions")).json()["data"]
    assert [each["type"] for each in moved] == ["capture", "earn", "hold"]
    assert (moved[0]["hold"], moved[0]["original"]) == (held["hold"], told["earn"]["id"])
    # Half of it comes back at another store.
    half, headers = back({"transaction": told["earn"]["id"]}, SOLD.whole // 2), key()
    first, replay = [await mall.grocer.post("/v1/refunds", json=half, headers=headers) for _ in range(2)]
    assert first.status_code == 201, first.text
    assert (replay.headers["idempotency-replayed"], replay.json()) == ("true", first.json())
    returned, taken, money = SOLD.due(SOLD.whole // 2, order)
    assert figures(first.json()) == (returned, taken, money)
    assert first.json()["money"]["currency"] == "USD"
    assert first.json()["balance"] == 200 + SOLD.earned + returned - taken
    # The rest comes back too: all together it is all there was, and the wallet is as it was before the sale.
    rest = await posted(mall.grocer, "/v1/refunds", back({"reference": body["reference"]}))
    both = zip(figures(first.json()), figures(rest), strict=True)
    assert [one + other for one, other in both] == [500, SOLD.earned, SOLD.money]
    assert rest["amount"] == SOLD.whole - SOLD.whole // 2
    more = await mall.grocer.post(
        "/v1/refunds", json=back({"reference": body["reference"]}, 1), headers=key()
    )
    assert (more.status_code, more.json()["code"], more.json()["left"]) == (409, "refund_too_large", 0)
    assert (await mall.balance(member))["available"] == 700


async def test_a_till_is_told_beforehand_and_sells_as_it_was_told(mall: Mall) -> None:
    """Step 1: 300 points now; may burn 200 to 1,240 in steps of 10, worth 12.40. Then step 2, by what was quoted."""
    await mall.refund_rule("allow_negative", "pro_rata")
    await mall.burn_rule("--minimum", "200", "--step", "10")
    card, member = await mall.member(1_249)
    told = await mall.quote({"member": {"card": card}, "sale": {"amount": 30_000, "currency": "USD"}})
    assert (told["member"], told["available"], told["earn"]["points"]) == (member, 1_249, 300)
    burn = told["burn"]
    assert (burn["least"], burn["most"], burn["step"], burn["refusal"]) == (200, 1_240, 10, None)
    assert burn["worth"] == {"amount": 1_240, "currency": "USD", "treatment": "tender"}
    held = await posted(
        mall.grocer, "/v1/holds",
        {"member": {"card": card}, "reference": secrets.token_hex(8), "occurred_at": RULED_AT, "points": 500, "authorisation": CARD_READ},
    )  # fmt: skip
    tenders = [{"kind": "points", "amount": 500}, {"kind": "card", "amount": 29_500}]
    bought = sale(card, 30_000, tenders=tenders, occurred_at=RULED_AT)
    basket = {"amount": 30_000, "currency": "USD", "tenders": tenders}
    told = await mall.quote({"member": {"card": card}, "sale": basket})
    sold = await posted(mall.grocer, "/v1/purchases", {**bought, "hold": {"id": held["hold"]}})
    assert told["earn"]["points"] == sold["receipt"]["earned"] == 295
    # Half of it comes back, and something else is taken instead: quoted, then posted, twice by one key.
    original = {"reference": bought["reference"]}
    given = {"original": original, "amount": 15_000, "currency": "USD"}
    told = await mall.quote({"refund": given, "sale": {"amount": 20_000, "currency": "USD"}})
    taken = {"reference": secrets.token_hex(8), "amount": 20_000, "currency": "USD"}
    body, headers = {**back(original, 15_000), "exchange": taken}, key()
    await hang_up(mall.grocer, "/v1/refunds", body, headers)
    first, again = [await mall.grocer.post("/v1/refunds", json=body, headers=headers) for _ in range(2)]
    assert first.status_code == 201, first.text
    assert (again.headers["idempotency-replayed"], again.json()) == ("true", first.json())
    assert figures(first.json()) == figures(told["refund"])
    assert first.json()["exchange"]["points"] == told["earn"]["points"] == 200
    assert (await mall.balance(member))["available"] == first.json()["exchange"]["balance"]
    wrong = {**body, "reference": "w", "amount": 15_001, "exchange": {**taken, "reference": "w"}}
    refused = await mall.grocer.post("/v1/refunds", json=wrong, headers=key())
    assert (refused.status_code, refused.json()["code"]) == (409, "refund_too_large")
    assert (await mall.balance(member))["available"] == first.json()["exchange"]["balance"]
    # Why these points: each sums to what was posted.
    why = (await mall.grocer.get(f"/v1/transactions/{first.json()['id']}/explain")).json()
    due, before = why["refund"]["due"], why["refund"]["before"]
    assert tuple(due[name] - before[name] for name in ("returned", "taken", "money")) == figures(first.json())
    why = (await mall.grocer.get(f"/v1/transactions/{sold['burn']['id']}/explain")).json()
    assert (why["burn"]["worth"]["amount"], {each["issuer"] for each in why["lots"]}) == (500, {"other"})
    theirs = await mall.fuel.get(f"/v1/transactions/{sold['earn']['id']}/explain")
    assert (theirs.status_code, theirs.json()["code"]) == (404, "not_found")


async def test_many_small_refunds_come_to_what_one_would(mall: Mall) -> None:
    await mall.refund_rule("allow_negative", "pro_rata")
    card, _ = await mall.member(700)
    told = await posted(mall.grocer, "/v1/purchases", paid(card, redeem={"points": SOLD.burned}))
    given, so_far = 0, (0, 0, 0)
    for amount in (1, 99, 1, 700, 333, 17):
        refund = await posted(mall.grocer, "/v1/refunds", back({"transaction": told["earn"]["id"]}, amount))
        given += amount
        so_far = tuple(one + other for one, other in zip(so_far, figures(refund), strict=True))
        assert so_far == SOLD.due(given, "pro_rata")


async def test_a_sale_without_an_answer_that_had_arrived_is_reversed(mall: Mall) -> None:
    await mall.refund_rule("allow_negative", "pro_rata")
    card, member = await mall.member(700)
    hold, of_hold = await held_500(mall, card)
    body, of_sale = paid(card, hold={"id": hold}), key()
    # It arrives, and the answer is lost on its way back.
    sold = await mall.grocer.post("/v1/purchases", json=body, headers=of_sale)
    assert sold.status_code == 201
    assert (await mall.balance(member))["available"] == 200 + SOLD.earned
    headers = key()
    first, again = [
        await mall.grocer.post("/v1/reversals", json=undo(of_sale), headers=headers) for _ in range(2)
    ]
    assert (first.status_code, first.json()["status"]) == (201, "reversed"), first.text
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.json() == first.json()
    assert figures(first.json()) == (500, SOLD.earned, SOLD.money)
    assert first.json()["transaction"]["original"] == sold.json()["earn"]["id"]
    assert (first.json()["balance"], (await mall.balance(member))["available"]) == (700, 700)
    # What the sale was answered stays; there is nothing left of it, and its hold was spent by it.
    late = await mall.grocer.post("/v1/purchases", json=body, headers=of_sale)
    assert (late.headers["idempotency-replayed"], late.json()) == ("true", sold.json())
    more = await mall.grocer.post("/v1/reversals", json=undo(of_sale), headers=key())
    assert (more.status_code, more.json()["status"]) == (200, "nothing_to_reverse")
    spent = await mall.grocer.post("/v1/reversals", json=undo(of_hold), headers=key())
    assert (spent.status_code, spent.json()["code"]) == (409, "hold_resolved")
    assert (await mall.balance(member))["available"] == 700


async def test_a_sale_without_an_answer_that_had_not_arrived_never_will(mall: Mall) -> None:
    card, member = await mall.member(700)
    hold, of_hold = await held_500(mall, card)
    body, of_sale, headers = paid(card, hold={"id": hold}), key(), key()
    first, again = [
        await mall.grocer.post("/v1/reversals", json=undo(of_sale), headers=headers) for _ in range(2)
    ]
    assert (first.status_code, first.json()["status"]) == (200, "nothing_to_reverse"), first.text
    assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
    assert again.json() == first.json()
    # It was on its way all the time.
    for _ in range(2):
        late = await mall.grocer.post("/v1/purchases", json=body, headers=of_sale)
        assert (late.status_code, late.json()["code"]) == (409, "reversed_before_arrival")
    # The hold is open still: it is given up by its key as well.
    assert (await mall.balance(member))["available"] == 200
    freed = await mall.grocer.post("/v1/reversals", json=undo(of_hold), headers=key())
    assert (freed.status_code, freed.json()["status"], freed.json()["released"]) == (201, "reversed", 500)
    assert (await mall.balance(member))["available"] == 700
    moved = (await mall.grocer.get(f"/v1/members/{member}/transactions")).json()["data"]
    assert [each["type"] for each in moved] == ["void", "hold"]


async def test_a_sale_and_its_reversal_at_the_same_moment_leave_nothing_of_it(mall: Mall) -> None:
    card, member = await mall.member(700)
    for _ in range(20):
        body, of_sale = paid(card, redeem={"points": 500}), key()
        await hang_up(mall.grocer, "/v1/purchases", body, of_sale)
        undone = await mall.grocer.post("/v1/reversals", json=undo(of_sale), headers=key())
        late = await mall.grocer.post("/v1/purchases", json=body, headers=of_sale)
        ends = (undone.json()["status"], late.status_code)
        assert ends in (("reversed", 201), ("nothing_to_reverse", 409)), (undone.text, late.text)
        assert (await mall.balance(member))["available"] == 700


async def test_a_sale_whose_hold_is_gone_earns_nothing(mall: Mall) -> None:
    card, member = await mall.member(700)
    hold = {
        "member": {"card": card},
        "reference": secrets.token_hex(8),
        "points": 500,
        "authorisation": CARD_READ,
    }
    held = await posted(mall.grocer, "/v1/holds", {**hold, "occurred_at": OCCURRED_AT})
    await posted(mall.grocer, f"/v1/holds/{held['hold']}/void", {"occurred_at": OCCURRED_AT})
    body, headers = paid(card, hold={"id": held["hold"]}), key()
    for _ in range(2):
        answer = await mall.grocer.post("/v1/purchases", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "hold_resolved")
    assert (await mall.balance(member))["available"] == 700
    moved = (await mall.grocer.get(f"/v1/members/{member}/transactions")).json()["data"]
    assert "earn" not in {each["type"] for each in moved}


async def test_a_sale_that_was_earned_without_its_points_is_not_paid_with_them_afterwards(mall: Mall) -> None:
    card, member = await mall.member(700)
    body, headers = paid(card), key()
    first = await mall.grocer.post("/v1/earns", json=body, headers=headers)
    assert first.status_code == 201, first.text
    for again, status, code in (
        (headers, 422, "idempotency_key_reused"),
        (key(), 409, "reference_reused"),
    ):
        late = await mall.grocer.post(
            "/v1/purchases",
            json={**body, "redeem": {"points": 500}, "authorisation": CARD_READ},
            headers=again,
        )
        assert (late.status_code, late.json()["code"]) == (status, code)
    assert (await mall.balance(member))["available"] == 700 + SOLD.earned


async def test_points_that_were_spent_are_owed_and_the_next_earn_pays_them(mall: Mall) -> None:
    await mall.refund_rule("allow_negative", "pro_rata")
    card, member = await mall.member(0)
    bought = await posted(mall.grocer, "/v1/earns", sale(card, 10_000))
    burn = {
        "member": {"card": card},
        "reference": secrets.token_hex(8),
        "points": 70,
        "authorisation": CARD_READ,
    }
    await posted(mall.fuel, "/v1/redemptions", {**burn, "occurred_at": OCCURRED_AT})
    refund = await posted(mall.grocer, "/v1/refunds", back({"transaction": bought["id"]}))
    assert (refund["points_clawed_back"], refund["points_owed"], refund["money"]["amount"]) == (
        30,
        70,
        10_000,
    )
    balance = await mall.balance(member)
    assert (balance["available"], balance["owed"]) == (-70, 70)
    await posted(mall.fuel, "/v1/earns", sale(card, 5_000))
    balance = await mall.balance(member)
    assert (balance["available"], balance["owed"]) == (-20, 20)
    await posted(mall.fuel, "/v1/earns", sale(card, 5_000))
    balance = await mall.balance(member)
    assert (balance["available"], balance["owed"]) == (30, 0)


async def test_points_that_were_spent_are_written_off_where_the_partner_has_it_so(mall: Mall) -> None:
    await mall.refund_rule("within_balance", "pro_rata")
    card, member = await mall.member(0)
    bought = await posted(mall.grocer, "/v1/earns", sale(card, 10_000))
    burn = {
        "member": {"card": card},
        "reference": secrets.token_hex(8),
        "points": 70,
        "authorisation": CARD_READ,
    }
    await posted(mall.fuel, "/v1/redemptions", {**burn, "occurred_at": OCCURRED_AT})
    refund = await posted(mall.grocer, "/v1/refunds", back({"transaction": bought["id"]}))
    assert (refund["points_clawed_back"], refund["points_owed"], refund["points_written_off"]) == (30, 0, 70)
    balance = await mall.balance(member)
    assert (balance["available"], balance["owed"]) == (0, 0)


async def test_a_burn_without_a_sale_is_given_back_by_its_points_and_one_of_a_sale_with_it(
    mall: Mall,
) -> None:
    card, member = await mall.member(700)
    burn = {
        "member": {"card": card},
        "reference": secrets.token_hex(8),
        "points": 100,
        "authorisation": CARD_READ,
    }
    alone = await posted(mall.grocer, "/v1/redemptions", {**burn, "occurred_at": OCCURRED_AT})
    some = await posted(mall.grocer, "/v1/refunds", back({"transaction": alone["id"]}, points=30))
    rest = await posted(mall.grocer, "/v1/refunds", back({"transaction": alone["id"]}))
    assert [figures(each) for each in (some, rest)] == [(30, 0, 0), (70, 0, 0)]
    assert (await mall.balance(member))["available"] == 700
    told = await posted(mall.grocer, "/v1/purchases", paid(card, redeem={"points": 500}))
    part = await mall.grocer.post(
        "/v1/refunds", json=back({"transaction": told["burn"]["id"]}), headers=key()
    )
    assert (part.status_code, part.json()["code"]) == (409, "part_of_sale")
    theirs = await mall.fuel.post(
        "/v1/refunds", json=back({"transaction": told["earn"]["id"]}, store=None), headers=key()
    )
    assert (theirs.status_code, theirs.json()["code"]) == (404, "original_unknown")


async def test_a_token_of_the_app_burns_once_and_a_pin_whenever_it_is_typed(mall: Mall) -> None:
    card, member = await mall.member(1_500)
    issued = await registry.issue_key(mall.session, mall.programme, "grocer", "app", ["members:app"])
    app = {"Authorization": f"Bearer {issued.secret}"}
    made = await mall.grocer.post(f"/v1/members/{member}/app-tokens", headers=app)
    assert made.status_code == 201, made.text
    shown = {"member": {"app_token": made.json()["token"]}}
    body, headers = {**sale(card, 1_000), **shown, "redeem": {"points": 500}}, key()
    first, again = [await mall.fuel.post("/v1/purchases", json=body, headers=headers) for _ in range(2)]
    assert first.status_code == 201, first.text
    assert (again.headers["idempotency-replayed"], again.json()) == ("true", first.json())
    other = {**shown, "reference": secrets.token_hex(8), "occurred_at": OCCURRED_AT, "points": 500}
    for till in (mall.fuel, mall.grocer):
        replayed = await till.post("/v1/redemptions", json=other, headers=key())
        assert (replayed.status_code, replayed.json()["code"]) == (403, "authorisation_invalid")
    pin = await mall.grocer.put(f"/v1/members/{member}/pin", json={"pin": "2580"}, headers=app)
    assert pin.status_code == 200, pin.text
    typed = {**other, "member": {"card": card}, "authorisation": {"method": "pin", "pin": "2580"}}
    assert (await posted(mall.fuel, "/v1/redemptions", typed))["points"] == 500
    wrong = {**typed, "reference": secrets.token_hex(8), "authorisation": {"method": "pin", "pin": "2581"}}
    refused = await mall.fuel.post("/v1/redemptions", json=wrong, headers=key())
    assert (refused.json()["code"], refused.json()["tries_left"]) == ("authorisation_invalid", 4)
    assert (await mall.balance(member))["available"] == 500 + first.json()["receipt"]["earned"]


async def test_the_books_are_right_after_all_that(mall: Mall) -> None:
    found = await proofs.prove_ledger(mall.session, mall.programme)
    assert [proof.name for proof in found if not proof.holds] == []


async def test_what_insights_count_is_what_the_ledger_has(mall: Mall, platform: Platform) -> None:
    """After all that the other tests did here: lots that are open, by the ledger and by its events."""

    async def told(*words: str) -> Any:
        status, out, err = await run_command(
            *words, "-p", mall.programme.slug, "--json", environment=mall.environment
        )
        assert status == 0, err
        return json.loads(out)

    async def followed() -> bool:
        lag = {row["name"]: row["behind_events"] for row in await told("events", "lag")}
        return not any(lag[f"insights-{source}"] for source in ("points", "members", "partners"))

    await mall.member(300)
    await until(followed)
    address = urlsplit(platform.environment["DATABASE_URL"])._replace(path="/coalition_points")
    connection = await asyncpg.connect(address.geturl())
    try:
        lots = "SELECT coalesce(sum(remaining), 0)::bigint FROM lot WHERE ledger_id = $1"
        remaining = await connection.fetchval(lots, mall.programme.ledger_id)
        sales = "SELECT count(*) FROM posting WHERE ledger_id = $1 AND kind = 'earn'"
        sold = await connection.fetchval(sales, mall.programme.ledger_id)
    finally:
        await connection.close()
    liability = {row["issuer"]: row for row in await told("insights", "liability", "--to", "2029-12-31")}
    assert liability["all"]["outstanding"] == remaining > 0
    assert {"grocer", "fuel"} <= set(liability)
    days = ("--from", "2023-01-01", "--to", "2029-12-31")
    basket = {row["partner"]: row for row in await told("insights", "basket", *days)}
    assert 0 < basket["all"]["purchases"] <= sold
    status, out, _ = await run_command(
        "insights", "flow", "-p", mall.programme.slug, *days, environment=mall.environment
    )
    assert status == 0
    assert "redeemed at" in out
