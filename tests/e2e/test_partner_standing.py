"""The table of what is answered where a partner stands, walked over HTTP and the command line: every operation, every standing.

Of the table's operations only a transfer has no way through the gateway or the command line; the ledger's own test has it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from coalition.points.v1 import points_pb2

from services.launcher.platform import Platform
from services.operations import campaigns, proofs, standing
from services.operations.standing import Wanted
from services.runtime.clock import to_micros
from services.runtime.ids import to_text
from services.runtime.partner_standing import ACTIVE, TABLE, Operation, PartnerStanding, StandingKind, answers
from tests.support.operators_mall import STARTS_AT, Mall, body_of, burn_of, operators_mall
from tests.support.standing_walk import Asked, Shop, code_in, post, walk
from tests.support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.long]

DAY_US: Final = 86_400_000_000
NOW_US: Final = to_micros(STARTS_AT)
SHOP: Final = "shop"


def _standing(kind: StandingKind, *days: int) -> PartnerStanding:
    return PartnerStanding(kind, *(NOW_US + day * DAY_US for day in days))


# A partner for each standing, and for each of the times in one that leaves.
STANDINGS: Final = {
    "stays": (ACTIVE,),
    "held": (_standing(StandingKind.SUSPENDED, -3),),
    "leaving": (_standing(StandingKind.EXITING, -3, 300, 600),),
    "run-off": (_standing(StandingKind.EXITING, -3, -2, 600),),
    "returned": (_standing(StandingKind.EXITING, -3, -2, -1),),
    "gone": (_standing(StandingKind.EXITING, -3, -2, -1), _standing(StandingKind.EXITED, -1)),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mall(platform: Platform) -> AsyncGenerator[Mall]:
    prices = dict.fromkeys((SHOP, *STANDINGS), (10_000, 8_000))
    async with operators_mall(platform, prices) as mall:
        yield mall


def _sale(card: str, amount: int = 1_000) -> dict[str, Any]:
    return body_of(card, amount=amount, currency="USD")


async def _floor(mall: Mall, slug: str, floor: int | None) -> None:
    partner_id = await mall.session.partner_id(mall.programme, slug)
    asked = points_pb2.Floor(partner_id=partner_id, floor=floor, parks=floor is not None)
    request = points_pb2.SetFloorRequest(floor=asked)
    await mall.session.call(mall.session.ledger.SetFloor, request, mall.programme)


async def _prepared(mall: Mall, slug: str) -> Shop:
    """A member with 1,000 points of the partner, a sale, a request to be reversed, two holds, a parked sale, a campaign."""
    shop = Shop(slug, (await mall.posted(slug, "/v1/members", {}))["cards"][0], undone=str(uuid4()))
    shop.sale = (await mall.posted(slug, "/v1/earns", _sale(shop.card, 100_000)))["id"]
    assert (await post(mall.tills[slug], "/v1/earns", _sale(shop.card), shop.undone)).status_code == 201
    for _ in range(2):
        shop.holds.append((await mall.posted(slug, "/v1/holds", burn_of(shop.card, points=5)))["hold"])
    await _floor(mall, slug, -1)
    assert (await post(mall.tills[slug], "/v1/earns", _sale(shop.card, 2_000))).status_code == 202
    wanted = campaigns.Wanted(
        name=slug, fixed_points=1, valid_from_us=NOW_US - DAY_US, partners=[SHOP], funders=[f"{slug}=100"]
    )
    found = await campaigns.set_campaign(mall.session, mall.programme, "", wanted)
    shop.campaign = to_text(campaigns.CAMPAIGN_PREFIX, UUID(bytes=found.campaign.campaign_id))
    await campaigns.load_budget(mall.session, mall.programme, str(uuid4()), shop.campaign, 10)
    return shop


async def _comes_to_stand(mall: Mall, slug: str) -> None:
    """Sets the standings of a partner, and waits until ledger and gateway have heard of them."""
    for each in STANDINGS[slug]:
        if each == ACTIVE:
            continue
        reason = "July is unpaid" if each.kind is StandingKind.SUSPENDED else ""
        wanted = Wanted(*each, reason=reason)
        await standing.set_standing(mall.session, mall.programme, slug, wanted)
    kind = STANDINGS[slug][-1].kind

    async def heard() -> bool:
        me = (await mall.tills[slug].get("/v1/me")).json()
        # A burn without a member that has points: refused for where the partner stands, or for that.
        reversal = {"idempotency_key": uuid4().hex, "occurred_at": STARTS_AT.isoformat()}
        asked = code_in(await post(mall.tills[slug], "/v1/reversals", reversal))
        undoes = answers(Operation.REVERSE, STANDINGS[slug][-1], NOW_US)
        return me["standing"] == kind and (asked == "partner_exited") is not undoes

    await until(heard)


async def test_every_operation_in_every_standing(mall: Mall) -> None:
    shops = {slug: await _prepared(mall, slug) for slug in STANDINGS}
    for slug in STANDINGS:
        await _comes_to_stand(mall, slug)
    await _unparked(mall, shops)
    await _granted(mall, shops)
    walked: set[Operation] = set()
    for slug, shop in shops.items():
        walked |= (await walk(Asked(mall, shop, SHOP), STANDINGS[slug][-1], NOW_US)).keys()
    assert walked | {Operation.GRANT, Operation.EARN_PARKED, Operation.TRANSFER} == set(TABLE)
    found = await proofs.prove_ledger(mall.session, mall.programme)
    assert {proof.name: proof.breaches for proof in found if proof.breaches} == {}


async def _unparked(mall: Mall, shops: dict[str, Shop]) -> None:
    """Every partner may issue again: what was parked is posted by itself, as far as the table answers it."""
    ids = {
        slug: (await mall.tills[SHOP].post("/v1/members/lookup", json={"card": shop.card})).json()["id"]
        for slug, shop in shops.items()
    }

    async def available(slug: str) -> int:
        return (await mall.tills[SHOP].get(f"/v1/members/{ids[slug]}/balance")).json()["available"]

    # 1,010 points, of which 10 are held.
    assert [await available(slug) for slug in shops] == [1_000] * len(shops)
    for slug in shops:
        await _floor(mall, slug, None)
    posts = [slug for slug in shops if answers(Operation.EARN_PARKED, STANDINGS[slug][-1], NOW_US)]
    assert 0 < len(posts) < len(shops)

    async def posted() -> bool:
        return all([await available(slug) == 1_020 for slug in posts])

    await until(posted)
    for slug in shops.keys() - posts:
        assert await available(slug) == 1_000, slug


async def _granted(mall: Mall, shops: dict[str, Shop]) -> None:
    """A sale at another partner brings what the campaigns give whose funders are answered that."""
    card = (await mall.posted(SHOP, "/v1/members", {}))["cards"][0]
    sale = await mall.posted(SHOP, "/v1/earns", _sale(card))
    gives = [
        shop.campaign for slug, shop in shops.items() if answers(Operation.GRANT, STANDINGS[slug][-1], NOW_US)
    ]
    assert 0 < len(gives) < len(shops)
    assert [each["campaign"]["id"] for each in sale["bonus"]] == gives
