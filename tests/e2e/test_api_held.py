"""The public API held to its own document: what a partner has is unknown to all others, and whatever is sent, answers are as told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from services.launcher.platform import Platform
from tests.attack.attack import Attack
from tests.attack.isolation import Place, ask, comparable, nobodys, of_the_owner, places
from tests.support.stocked_mall import NEIGHBOUR, OWNER, STRANGER, StockedMall, stocked_mall

pytestmark = pytest.mark.asyncio(loop_scope="module")
_CASES: Final = 120
#: What ends something, or makes another of the same name, is asked for last.
_ENDING: Final = ("/v1/members", "/capture", "/void", "/cancel", "/escalate", "/close")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mall(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[StockedMall]:
    async with stocked_mall(platform, Path(tmp_path_factory.mktemp("stocked"))) as opened:
        yield opened


async def _document(mall: StockedMall) -> dict[str, Any]:
    return (await mall.tills[OWNER].get("/openapi.json")).json()


async def test_what_a_partner_has_is_to_all_others_what_nobody_has(mall: StockedMall) -> None:
    document = await _document(mall)
    found = sorted(places(document), key=lambda place: place.path.endswith(_ENDING))
    assert {place.where for place in found} == {"path", "query", "body"}
    wrong: list[str] = []
    for place in found:
        theirs = of_the_owner(place.thing, mall.things)
        for caller in place.callers:
            wrong += await _told_apart(mall, document, place, theirs, caller)
    assert not wrong, "\n".join(wrong)


async def _told_apart(
    mall: StockedMall, document: dict[str, Any], place: Place, theirs: str, caller: str
) -> list[str]:
    nobodys_id = nobodys(place.thing, theirs)
    first = await ask(mall.tills[caller], document, place, theirs, mall.things)
    other = await ask(mall.tills[caller], document, place, nobodys_id, mall.things)
    given = [
        value
        for value in mall.things.named.values()
        if value != theirs and value not in str(first.request.url)
    ]
    shown = [value for value in given if value in first.text]
    answers = comparable(first, theirs), comparable(other, nobodys_id)
    return [f"{place} {caller}: {answers} {shown}"] if answers[0] != answers[1] or shown else []


async def test_the_owner_is_answered_otherwise(mall: StockedMall) -> None:
    """So that what is asked above is no mistake that everybody is told of."""
    document = await _document(mall)
    alike: list[str] = []
    for place in sorted(places(document), key=lambda place: place.path.endswith(_ENDING)):
        # A store says only where somebody was looked up, and a cursor that is none of a list's is nobody's.
        if place.where == "query" or (place.path, place.thing) == ("/v1/members/lookup", "store"):
            continue
        own = of_the_owner(place.thing, mall.things)
        nobodys_id = nobodys(place.thing, own)
        other = await ask(mall.tills[OWNER], document, place, nobodys_id, mall.things)
        first = await ask(mall.tills[OWNER], document, place, own, mall.things)
        if comparable(first, own) == comparable(other, nobodys_id):
            alike.append(f"{place}: {comparable(first, own)}")
    assert not alike, "\n".join(alike)


async def test_no_list_and_no_day_shows_what_others_have(mall: StockedMall) -> None:
    document = await _document(mall)
    for path, operations in document["paths"].items():
        if "get" not in operations or "{" in path.replace("{date}", ""):
            continue
        for caller in (NEIGHBOUR, STRANGER):
            answer = await mall.tills[caller].get(path.replace("{date}", mall.things.day))
            assert not [value for value in mall.things.named.values() if value in answer.text], (path, caller)


async def test_whatever_is_sent_is_answered_as_the_document_says(mall: StockedMall) -> None:
    till = mall.tills[OWNER]
    secret = till.headers["authorization"].removeprefix("Bearer ")
    attack = Attack(await _document(mall), str(till.base_url).rstrip("/"), secret, mall.things)
    tally = await asyncio.to_thread(attack.run, _CASES, 1, time.monotonic() + 60)
    assert (list(tally.found.values()), tally.cases > _CASES // 2) == ([], True)
