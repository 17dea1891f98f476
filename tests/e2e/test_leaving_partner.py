"""A partner leaves and is bought out: what is answered to it at each step, what its last statement says, and what it costs afterwards.

Everything of it lies in one week: it stays, runs off, has its return window left, has none of it left, and has left.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx2
import pytest
from coalition.partners.v1 import clearing_pb2

from services.launcher.platform import Platform
from services.operations import proofs, registry, runs, settlement, standing
from services.operations.standing import Wanted
from services.runtime.clock import MICROS_PER_DAY, to_micros
from services.runtime.errors import InvalidRequest
from services.runtime.partner_standing import (
    ACTIVE,
    Operation,
    PartnerStanding,
    StandingKind,
    refused_operations,
)
from tests.support.operators_mall import STARTS_AT, WEEK, Mall, body_of, burn_of, operators_mall
from tests.support.settled_mall import SettledMall, dues, settled_mall
from tests.support.standing_walk import Asked, Shop, code_in, post, walk
from tests.support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.long]

# Micros a point, issued and reimbursed; the leaver pays for its points once they are used.
PRICES: Final[Mapping[str, tuple[int, int]]] = dict.fromkeys(("leaver", "shop"), (10_000, 8_000))
SHARES: Final = {"leaver": 0}
DAY: Final = timedelta(days=1)
MINUTE: Final = timedelta(minutes=1)
#: When the leaver is to leave: a few minutes into the second week, in which the walk is.
LEAVES_AT: Final = STARTS_AT + WEEK + 5 * MINUTE
STAGES: Final = ("stays", "runs off", "takes back", "waits", "gone")
HOLD_SECONDS: Final = 6 * 86_400

# What is left of its points as it leaves. 50,000 were issued in the first week, 20,000 of them burned in the shop; then 5,000 to
# be reversed and 3,000 by the walk. Three of these five are reversed, and 100 are refunded three times. Two are redeemed at the
# leaver itself, and three times five captured; one a stage in the shop, the last of them after it has left.
BURNED_HERE: Final = 2 * 1 + 3 * 5
BURNED_THERE: Final = 4
LEFT: Final = 50_000 - 20_000 + 5_000 + 3_000 - 3 * 1_000 - 3 * 100 - BURNED_HERE - BURNED_THERE
#: 346.79 were outstanding, and four fifths of it are to be paid; in the week it was charged 0.21, and is owed 0.14.
BUY_OUT_MICROS: Final = LEFT * 10_000 * 8 // 10


async def test_a_partner_leaves_is_bought_out_and_owes_nothing_for_its_points_afterwards(
    platform: Platform, tmp_path: Path
) -> None:
    async with (
        operators_mall(platform, PRICES, per_minor=1, shares=SHARES, currency="EUR") as mall,
        settled_mall(mall, tmp_path) as desk,
    ):
        card = (await mall.posted("leaver", "/v1/members", {}))["cards"][0]
        sale = await mall.posted("leaver", "/v1/earns", body_of(card, amount=50_000, currency="EUR"))
        await mall.posted("shop", "/v1/redemptions", burn_of(card, points=20_000))
        await desk.close(1)
        run = await desk.settled("the first week")
        # 200.00 charged with 20 % tax; 160.00 reimbursed with 10 %.
        assert dues(run) == {"leaver": 24_000, "shop": -17_600}
        await desk.paid(run)

        await _leaves(desk, card, sale["id"])
        await desk.close(2)
        await _stated(mall)
        run = await desk.settled("its last week")
        await _documented(mall, run)
        await desk.paid(run)

        # Its members go on, and so does the shop; the operator pays.
        await mall.posted("shop", "/v1/redemptions", burn_of(card, points=500))
        await desk.close(3)
        statement = await settlement.statement(mall.session, mall.programme, "leaver", 3)
        charged = [(each.points, each.amount_micros) for each in statement.lines if each.points]
        assert (charged, statement.net.net_minor) == ([(500, 0)], 0)
        assert dues(await desk.settled("afterwards")) == {"leaver": 0, "shop": -440}
        held = await desk.accounts()
        assert ("partner", "leaver") not in held
        found = await proofs.prove_clearing(mall.session, mall.programme)
        assert {proof.name: proof.breaches for proof in found if proof.breaches} == {}


async def _leaves(desk: SettledMall, card: str, sale: str) -> None:
    """Walks the whole table five times: while it stays, in each time of its leaving, and once it has left."""
    mall = desk.mall
    # A key that was never used is looked up when it is: so nothing is waited for.
    keys = [
        (await registry.issue_key(mall.session, mall.programme, "leaver", stage)).secret for stage in STAGES
    ]
    shops = [await _begun(mall, card, sale) for _ in STAGES]
    leaving_us = to_micros(LEAVES_AT)
    leaving = PartnerStanding(
        StandingKind.EXITING, leaving_us, leaving_us + MICROS_PER_DAY, leaving_us + 2 * MICROS_PER_DAY
    )
    gone_at = LEAVES_AT + 2 * DAY + MINUTE
    gone = PartnerStanding(StandingKind.EXITED, to_micros(gone_at))
    steps: list[tuple[datetime, PartnerStanding, Wanted | None]] = [
        (LEAVES_AT - MINUTE, ACTIVE, None),
        (LEAVES_AT, leaving, Wanted(*leaving)),
        (LEAVES_AT + DAY, leaving, None),
        (LEAVES_AT + 2 * DAY, leaving, None),
        (gone_at, gone, Wanted(*gone, buy_out_bp=8_000)),
    ]
    told: list[frozenset[Operation]] = []
    for stage, secret, shop, (moment, stands, wanted) in zip(STAGES, keys, shops, steps, strict=True):
        await desk.now(moment)
        if wanted is not None:
            await _set(mall, wanted)
        now_us = to_micros(moment)
        await _heard(mall, card, stands, now_us)
        async with httpx2.AsyncClient(
            base_url=str(mall.tills["leaver"].base_url), headers={"Authorization": f"Bearer {secret}"},
            timeout=30, trust_env=False,
        ) as till:  # fmt: skip
            answered = await walk(Asked(mall, shop, "shop", "EUR", till), stands, now_us)
            told.append(frozenset(each for each, code in answered.items() if not code))
            me = (await till.get("/v1/me")).json()
            assert me["standing"] == stands.kind, stage
    # Each step answers less than the one before it, and at the end still what is left to one that has gone.
    assert all(after < before for before, after in pairwise(told))
    assert told[-1] == {Operation.STATEMENTS, Operation.BURN_ELSEWHERE}
    found = await standing.get_standing(mall.session, mall.programme, "leaver")
    assert found.bought_out.outstanding_micros == LEFT * 10_000
    assert (found.bought_out.amount_micros, found.bought_out.window) == (BUY_OUT_MICROS, 2)


async def _set(mall: Mall, wanted: Wanted) -> None:
    """Sets where the leaver stands, once the service that keeps it has heard what time it is: a buy-out is never ahead of it."""

    async def taken() -> bool:
        try:
            await standing.set_standing(mall.session, mall.programme, "leaver", wanted)
        except InvalidRequest as error:
            if "not ahead of it" in error.message:
                return False
            raise
        return True

    await until(taken)


async def _begun(mall: Mall, card: str, sale: str) -> Shop:
    """What the leaver had begun with a member: a sale to be reversed, and two holds; beside the sale to be refunded."""
    shop = Shop("leaver", card, sale, undone=str(uuid4()))
    assert (
        await post(mall.tills["leaver"], "/v1/earns", Asked(mall, shop, "shop", "EUR").sale(), shop.undone)
    ).is_success
    for _ in range(2):
        hold = burn_of(card, points=5, seconds=HOLD_SECONDS)
        shop.holds.append((await mall.posted("leaver", "/v1/holds", hold))["hold"])
    return shop


async def _heard(mall: Mall, card: str, stands: PartnerStanding, now_us: int) -> None:
    """Until both who enforce standings know of this one, and of the time."""
    refused = [each.value for each in refused_operations(stands, now_us)]

    async def heard() -> bool:
        told = await standing.get_standing(mall.session, mall.programme, "leaver")
        known = standing.standing_document(told, mall.programme.zone)["refused"]
        # A sale of nothing, which moves nothing where it is taken: the gateway leaves it to the ledger.
        sale = body_of(card, amount=0, currency="EUR")
        asked = code_in(await post(mall.tills["leaver"], "/v1/earns", sale))
        return known == refused and (asked == "partner_exited") is (Operation.EARN.value in refused)

    await until(heard)


async def _stated(mall: Mall) -> None:
    """Its last statement: what was used before it left, and one line for all that was left."""
    found = await settlement.statement(mall.session, mall.programme, "leaver", 2)
    lines = {
        clearing_pb2.StatementLineKind.Name(each.kind).removeprefix("STATEMENT_LINE_KIND_").lower(): each
        for each in found.lines
        if each.amount_micros
    }
    assert lines["buy_out"].kind == 24
    assert lines["buy_out"].amount_micros == BUY_OUT_MICROS
    assert (lines["charged"].points, lines["charged"].amount_micros) == (21, 210_000)
    assert (lines["burned"].points, lines["burned"].amount_micros) == (BURNED_HERE, -136_000)
    # What the shop took once it had left.
    free = [
        each.points
        for each in found.lines
        if each.kind == clearing_pb2.STATEMENT_LINE_KIND_CHARGED and not each.price_micros
    ]
    assert (free, found.net.net_minor) == ([1], 27_751)
    newest = (await mall.tills["leaver"].get("/v1/statements")).json()["data"][0]
    read = (await mall.tills["leaver"].get(f"/v1/statements/{newest['id']}")).json()
    assert [each["amount_micros"] for each in read["lines"] if each["type"] == "buy_out"] == [BUY_OUT_MICROS]


async def _documented(mall: Mall, run: dict[str, Any]) -> None:
    """Its invoice has the buy-out as a line of its own: 277.43 and 0.21, with 20 % tax; less 0.14 with 10 %."""
    assert dues(run) == {"leaver": 33_317 - 15, "shop": -4}
    number = next(
        each["number"] for each in run["documents"] if (each["partner"], each["type"]) == ("leaver", 380)
    )
    document = json.loads((await runs.document_file(mall.session, mall.programme, number, "json")).body)
    lines = [(each["kind"], each["net_minor"]) for each in document["lines"]]
    assert (lines, document["due_minor"]) == ([("charged", 21), ("buy_out", 27_743)], 33_317)
