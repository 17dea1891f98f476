"""The credit gate from the operator's command line to the till: who never pays cannot owe more than its limit."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import pytest

from services.launcher.platform import Platform
from services.operations import ledger
from services.runtime.clock import to_micros
from tests.support.operators_mall import STARTS_AT, WEEK, Mall, body_of, burn_of, operators_mall
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRICE: Final = 10_000
PRICES: Final = {"grocer": (PRICE, 8_000), "fuel": (PRICE, 8_000)}
WEEKS: Final = 4


async def limit(mall: Mall, amount: str, on_limit: str = "refuse") -> None:
    """One person proposes, another approves; then waits until the ledger knows."""
    words = (
        "settle", "limits", "propose", "grocer", "--limit", amount, "--on-limit", on_limit, "--why", "as agreed",
    )  # fmt: skip
    draft = await mall.told(*words, by="maker")
    approved = await mall.told("approvals", "approve", draft["id"], "--hash", draft["hash"], by="checker")
    assert approved["state"] == "approved"
    wanted = int(float(amount) * 100)

    async def known() -> bool:
        (found,) = await mall.told("settle", "limits", "status")
        return found["limit_minor"] == wanted and found["floor"] is not None

    await until(known, 30)


async def sell(
    mall: Mall, card: str, amount: int, key: str = "", **changes: Any
) -> tuple[int, dict[str, Any]]:
    headers = {"Idempotency-Key": key or str(uuid4())}
    body = body_of(card, amount=amount, currency="USD", **changes)
    answer = await mall.tills["grocer"].post("/v1/earns", json=body, headers=headers)
    return answer.status_code, answer.json()


async def got(mall: Mall, path: str) -> dict[str, Any]:
    answer = await mall.tills["grocer"].get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def standing(mall: Mall) -> dict[str, Any]:
    (found,) = await mall.told("settle", "limits", "status")
    return found


async def counted(mall: Mall) -> dict[str, Any]:
    """Where the grocer stands once all that is in the ledger is counted."""
    last_seq = (await ledger.head(mall.session, mall.programme)).last_seq

    async def caught_up() -> bool:
        return (await standing(mall))["as_of_seq"] >= last_seq

    await until(caught_up, 30)
    return await standing(mall)


async def close(mall: Mall, week: int) -> None:
    end = STARTS_AT + week * WEEK
    await ledger.move_clock(mall.session, mall.programme, to_micros(end + timedelta(minutes=1)))
    await mall.told("settle", "close", "--until", f"{end:%Y-%m-%d}")


@pytest.mark.long
async def test_a_partner_that_never_pays_stays_within_its_limit_over_any_number_of_closes(
    platform: Platform,
) -> None:
    """Tills earn at once, week after week, in sizes of all kinds; what is refused is refused for its issuer's credit."""
    sizes = random.Random(20240101)
    async with operators_mall(platform, PRICES, 1) as mall:
        card = (await mall.posted("grocer", "/v1/members", {}))["cards"][0]
        await limit(mall, "300.00")
        most, issued, refused = 30_000, 0, 0
        for week in range(1, WEEKS + 1):
            wanted = [sizes.choice((1, 37, 400, 2_500)) for _ in range(40)]
            answers = await asyncio.gather(*(sell(mall, card, amount) for amount in wanted))
            for amount, (status, answer) in zip(wanted, answers, strict=True):
                assert status in (201, 409), answer
                if status == 201:
                    issued += amount
                else:
                    assert answer["code"] == "credit_limit"
                    refused += 1
            assert issued <= most
            await close(mall, week)
            found = await counted(mall)
            assert found["owed_micros"] == issued * PRICE <= 300_000_000
            assert found["headroom_micros"] == 300_000_000 - issued * PRICE
        # It could use the limit, and not a point more.
        assert refused
        assert most - issued < 37
        assert (await standing(mall))["warned"]

        # Burns, refunds and other partners go on; what a refund takes back may be issued again.
        spent = await mall.posted("fuel", "/v1/redemptions", burn_of(card, points=1_000))
        assert spent["points"] == 1_000
        assert (await mall.posted("fuel", "/v1/earns", body_of(card, amount=500, currency="USD")))[
            "points"
        ] == 500

        # Twice the limit, by two people: the ledger lets it go on, to the new one.
        await limit(mall, "600.00")

        async def goes_on() -> bool:
            return (await sell(mall, card, 10_000))[0] == 201

        await until(goes_on, 30)
        found = await counted(mall)
        assert 300_000_000 < found["owed_micros"] <= 600_000_000
        assert all(proof["holds"] for proof in await mall.told("verify", "ledger"))
        assert all(proof["holds"] for proof in await mall.told("verify", "clearing"))


async def test_earns_beyond_the_limit_are_parked_and_posted_by_themselves_once_there_is_headroom(
    platform: Platform,
) -> None:
    """By a close that reimburses the partner, and by a limit that two people raise: once each, and cleared as any other."""
    async with operators_mall(platform, PRICES, 1) as mall:
        card = (await mall.posted("grocer", "/v1/members", {}))["cards"][0]
        await limit(mall, "100.00", "park")
        assert (await sell(mall, card, 8_000))[0] == 201
        spent = await mall.posted("grocer", "/v1/redemptions", burn_of(card, points=5_000))
        assert spent["balance"] == 3_000
        asked = {"reference": uuid4().hex}
        status, parked = await sell(mall, card, 3_000, "first", **asked)
        assert (status, parked["status"], parked["parked_points"], parked["balance"]) == (
            202,
            "parked",
            3_000,
            3_000,
        )
        again = await sell(mall, card, 3_000, "first", **asked)
        assert again == (202, parked)
        # A smaller sale does not wait behind it.
        assert (await sell(mall, card, 500))[0] == 201

        async def posted() -> bool:
            return (await sell(mall, card, 3_000, "first", **asked))[0] == 201

        # 5,000 points at 0.0080 come back as headroom once the window is stated.
        await close(mall, 1)
        await until(posted, 30)
        _, earned = await sell(mall, card, 3_000, "first", **asked)
        assert (earned["points"], earned["balance"]) == (3_000, 6_500)
        found = await counted(mall)
        assert (found["owed_micros"], found["reimbursed_micros"]) == (115_000_000, 40_000_000)

        status, parked = await sell(mall, card, 9_000, "second")
        assert status == 202
        listed = await mall.told("points", "parked")
        assert [(each["partner"], each["reference"], each["points"]) for each in listed] == [
            ("grocer", parked["reference"], 9_000)
        ]
        await limit(mall, "300.00", "park")

        async def gone() -> bool:
            return not await mall.told("points", "parked")

        await until(gone, 30)
        (second,) = (await got(mall, f"/v1/transactions?reference={parked['reference']}"))["data"]
        assert (second["type"], second["points"], second["original"]) == ("earn", 9_000, parked["id"])
        assert (await counted(mall))["owed_micros"] == 205_000_000
        # Each once: 8,000, 500, 3,000 and 9,000 points are in the statements, and no more.
        await close(mall, 2)
        lines = [
            line
            for issued in (await got(mall, "/v1/statements"))["data"]
            for line in (await got(mall, f"/v1/statements/{issued['id']}"))["lines"]
            if line["type"] == "issued"
        ]
        assert sum(line["points"] for line in lines) == 20_500
        assert all(proof["holds"] for proof in await mall.told("verify", "ledger"))
        assert all(proof["holds"] for proof in await mall.told("verify", "clearing"))
