"""A large batch rests where tills wait, received and posted; where none does it has all there is."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import pytest
import pytest_asyncio

from services.gateway.commands.tills_first import Tills, TillsFirst
from services.gateway.storage.large_batches.working import Working
from tests.support.gateway import House
from tests.support.gateway_batches import (
    batch_house,
    earn_line,
    enrolled,
    ndjson,
    read_back,
    send,
    taken,
    work,
)
from tests.support.servers import ServiceDatabase

pytestmark = pytest.mark.asyncio(loop_scope="module")

_LINES = 400


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[House]:
    async with batch_house(database_for("gateway").runtime_url, batch_chunk_lines=200) as opened:
        yield opened


async def _gone_through(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[float], list[float], list[int]]:
    """The rests while a batch was received, those while it was posted, and how many lines each call took."""
    rests: list[float] = []
    calls: list[int] = []
    record = Working.record

    async def rest(tills_first: TillsFirst) -> None:
        rests.append(tills_first.seconds())
        tills_first.begin()

    async def counted(working: Working, lines: Sequence[Any], *others: Any) -> None:
        calls.append(len(lines))
        await record(working, lines, *others)

    with monkeypatch.context() as patched:
        patched.setattr(TillsFirst, "rest", rest)
        patched.setattr(Working, "record", counted)
        card = enrolled(house)
        batch = taken(await send(house, ndjson(*(earn_line(card) for _ in range(_LINES)))))
        received = len(rests)
        await work(house)
    assert (await read_back(house, batch))[1].counts.accepted == _LINES
    return rests[:received], rests[received:], calls


async def test_beside_a_till_that_waits_it_rests_and_goes_by_fewer_lines(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    tills: Tills = getattr(house.gateway.posting, "_tills")  # noqa: B009
    tills.begin()
    try:
        received, posted, calls = await _gone_through(house, monkeypatch)
    finally:
        tills.end()
    assert received
    assert all(each > 0 for each in (*received, *posted))
    assert calls == [200, 128, 72]
    assert len(posted) == len(calls)


async def test_where_no_till_waits_there_is_no_rest(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    received, posted, calls = await _gone_through(house, monkeypatch)
    assert set(received) == set(posted) == {0}
    assert calls == [200, 200]
