"""Large batches whose calls were not answered: nothing that was posted is told otherwise, and no bad line holds up the others."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from hashlib import sha256
from typing import Any

import grpc
import pytest
import pytest_asyncio

from services.gateway.commands import batch_lines
from services.gateway.schemas.batches import Batch
from services.gateway.storage.large_batches.working import Working
from tests.support.gateway import House
from tests.support.gateway_batches import (
    batch_house,
    earn_line,
    enrolled,
    lines_of,
    ndjson,
    read_back,
    send,
    taken,
    work,
)
from tests.support.servers import ServiceDatabase
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


class _Killed(BaseException):
    """The process ends here."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[House]:
    async with batch_house(database_for("gateway").runtime_url, batch_chunk_lines=4) as opened:
        yield opened


async def _crashed(house: House, monkeypatch: pytest.MonkeyPatch, *, posted: bool = True) -> None:
    """Works until lines have been posted, or are about to be, and what came of them is not written yet."""

    async def killed(*_: Any, **__: Any) -> None:
        raise _Killed

    with monkeypatch.context() as patched:
        if posted:
            patched.setattr(Working, "record", killed)
        else:
            patched.setattr(house.gateway.work_batches, "_post", killed)
        with pytest.raises(_Killed):
            await house.gateway.work_batches.work_once()


async def _cancel(house: House, batch: Batch) -> Batch:
    answer = await house.post(f"/v1/batches/{batch.id}/cancel", {})
    assert answer.status_code == 200, answer.text
    return Batch.model_validate_json(answer.content)


async def _outcomes(house: House, batch: Batch) -> list[str]:
    return [each.outcome for each in await lines_of(house, batch)]


async def test_what_was_posted_before_a_crash_is_never_told_as_cancelled(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = enrolled(house)
    batch = taken(await send(house, ndjson(*(earn_line(card) for _ in range(6)))))
    await _crashed(house, monkeypatch)
    posted = len(house.points.journal)
    told = await _cancel(house, batch)
    assert told.progress is not None
    # What became of four lines is not known yet, so that the batch is not over.
    assert (told.status, told.progress.counts.queued, told.progress.finished_at) == ("cancelled", 6, None)
    await work(house)
    assert await _outcomes(house, batch) == ["replayed"] * 4 + ["cancelled"] * 2
    status, progress = await read_back(house, batch)
    assert (status, progress.percent, progress.next_attempt_at) == ("cancelled", 100, None)
    assert progress.finished_at is not None
    assert len(house.points.journal) == posted


async def test_what_was_on_its_way_at_a_crash_is_asked_about_first(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = enrolled(house)
    batch = taken(await send(house, ndjson(*(earn_line(card) for _ in range(6)))))
    await _crashed(house, monkeypatch, posted=False)
    await work(house)
    assert await _outcomes(house, batch) == ["accepted"] * 6


async def test_a_batch_that_is_cancelled_while_the_ledger_is_away_ends_when_it_answers(house: House) -> None:
    card = enrolled(house)
    batch = taken(await send(house, ndjson(*(earn_line(card) for _ in range(6)))))
    house.faults.post_fails = [grpc.StatusCode.INTERNAL] * 2
    await house.gateway.work_batches.work_once()
    await _cancel(house, batch)

    async def over() -> bool:
        await work(house)
        return (await read_back(house, batch))[1].finished_at is not None

    await until(over)
    assert await _outcomes(house, batch) == ["accepted"] * 4 + ["cancelled"] * 2


async def test_a_card_that_may_not_be_looked_up_after_a_crash_is_asked_about_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = taken(await send(house, ndjson(earn_line(enrolled(house)))))
    await _crashed(house, monkeypatch)
    known = house.gateway.member_directory._known  # pyright: ignore[reportPrivateUsage]
    known._entries.clear()  # pyright: ignore[reportPrivateUsage]
    house.members.limited_seconds = 1
    try:
        await house.gateway.work_batches.work_once()
    finally:
        house.members.limited_seconds = 0
    await _cancel(house, batch)
    assert await _outcomes(house, batch) == ["retrying"]

    async def over() -> bool:
        await work(house)
        return (await read_back(house, batch))[1].finished_at is not None

    await until(over)
    assert await _outcomes(house, batch) == ["replayed"]


async def test_what_cannot_be_asked_any_more_after_a_crash_is_not_told_as_not_posted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = house.new_key(partner_id=house.partner_id)
    batch = taken(await send(house, ndjson(*(earn_line(enrolled(house)) for _ in range(5))), secret=secret))
    await _crashed(house, monkeypatch)
    house.partners.issue(secret, house.programme, ["points:read"], house.partner_id)
    house.gateway.keys._known.clear()  # pyright: ignore[reportPrivateUsage]
    await work(house)
    errors = [each.error for each in await lines_of(house, batch) if each.error]
    assert [each.code for each in errors] == ["permission_denied"] * 5
    assert ["ask for its reference" in each.detail for each in errors] == [True] * 4 + [False]


async def test_a_store_that_is_gone_after_a_crash_makes_no_line_cancelled_that_was_posted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = taken(await send(house, ndjson(earn_line(enrolled(house), store="S1"))))
    await _crashed(house, monkeypatch)
    stores = house.partners.stores[house.partner_id.bytes]
    directory = house.gateway.store_directory
    monkeypatch.setitem(house.partners.stores, house.partner_id.bytes, [])
    directory._known.clear()  # pyright: ignore[reportPrivateUsage]
    await house.gateway.work_batches.work_once()
    await _cancel(house, batch)
    assert await _outcomes(house, batch) == ["retrying"]
    house.partners.stores[house.partner_id.bytes] = stores
    directory._known.clear()  # pyright: ignore[reportPrivateUsage]

    async def over() -> bool:
        await work(house)
        return (await read_back(house, batch))[1].finished_at is not None

    await until(over)
    assert await _outcomes(house, batch) == ["replayed"]


async def test_what_the_ledger_has_is_not_cancelled_where_its_card_may_not_be_looked_up(house: House) -> None:
    house.points.headroom, house.points.parks = 0, True
    batch = taken(await send(house, ndjson(earn_line(enrolled(house)))))
    await house.gateway.work_batches.work_once()
    assert await _outcomes(house, batch) == ["parked"]
    house.points.headroom, house.points.parks = None, False
    house.gateway.member_directory._known._entries.clear()  # pyright: ignore[reportPrivateUsage]
    house.members.limited_seconds = 1

    async def asked_again() -> bool:
        await house.gateway.work_batches.work_once()
        return (await lines_of(house, batch))[0].attempts > 1

    try:
        await until(asked_again)
    finally:
        house.members.limited_seconds = 0
    await _cancel(house, batch)
    assert await _outcomes(house, batch) == ["parked"]


async def test_of_a_revoked_key_it_is_told_that_lines_may_have_been_posted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = house.new_key(partner_id=house.partner_id)
    batch = taken(await send(house, ndjson(*(earn_line(enrolled(house)) for _ in range(5))), secret=secret))
    await _crashed(house, monkeypatch)
    del house.partners.keys[sha256(secret.encode()).digest()]
    house.gateway.keys._known.clear()  # pyright: ignore[reportPrivateUsage]
    await work(house)
    details = [each.error.detail for each in await lines_of(house, batch) if each.error]
    assert len(details) == 5
    assert all("ask for its reference" in detail for detail in details[:4])
    assert "ask for its reference" not in details[4]


async def test_lines_that_always_fail_hold_up_no_other(house: House) -> None:
    card = enrolled(house)
    rows = [earn_line(card) for _ in range(12)]
    house.faults.poisoned = {rows[5]["reference"], rows[6]["reference"]}
    batch = taken(await send(house, ndjson(*rows)))

    async def others_done() -> bool:
        # (One turn: what always fails is due again before all are through.)
        await house.gateway.work_batches.work_once()
        return (await read_back(house, batch))[1].counts.accepted == 10

    await until(others_done)
    told = await lines_of(house, batch)
    assert [each.line for each in told if each.outcome == "retrying"] == [6, 7]
    error = told[5].error
    assert error is not None
    assert (error.code, told[5].attempts >= 1, told[5].next_attempt_at is not None) == (
        "internal",
        True,
        True,
    )
    assert "ask for its reference" in error.detail
    # Whole a few times, then by halves; what failed alone goes alone from then on.
    failed = house.faults.poisoned_calls
    assert failed[:5] == [4] * 5
    assert failed[5] == 2
    assert set(failed[8:]) <= {1, 2}
    await _cancel(house, batch)
    assert (await read_back(house, batch))[1].finished_at is None
    house.faults.poisoned = set()

    async def over() -> bool:
        await house.gateway.work_batches.work_once()
        return (await read_back(house, batch))[1].finished_at is not None

    await until(over)
    assert await _outcomes(house, batch) == ["accepted"] * 12


async def test_a_line_that_always_fails_is_refused_in_the_end(
    database_for: Callable[[str], ServiceDatabase],
) -> None:
    settings = {"batch_retry_first_seconds": 0.005, "batch_retry_seconds_max": 0.4}
    async with batch_house(database_for("gateway").runtime_url, **settings) as hasty:
        rows = [earn_line(enrolled(hasty)) for _ in range(2)]
        hasty.faults.poisoned = {rows[0]["reference"]}
        batch = taken(await send(hasty, ndjson(*rows)))

        async def over() -> bool:
            await hasty.gateway.work_batches.work_once()
            return (await read_back(hasty, batch))[0] == "completed"

        await until(over)
        told = await lines_of(hasty, batch)
        assert [each.outcome for each in told] == ["refused", "accepted"]
        assert told[0].error is not None
        assert told[0].error.code == "internal"


async def test_a_mistake_of_ours_in_one_batch_is_told_and_the_batch_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = enrolled(house)
    rows = [earn_line(card) for _ in range(5)]
    bad, made = rows[1]["reference"], batch_lines.earn_order

    def odd(token: bytes, key: str, body: Any, *rest: Any) -> Any:
        if body.reference == bad:
            raise ZeroDivisionError
        return made(token, key, body, *rest)

    monkeypatch.setattr(batch_lines, "earn_order", odd)
    batch = taken(await send(house, ndjson(*rows)))

    async def others_done() -> bool:
        await house.gateway.work_batches.work_once()
        return (await read_back(house, batch))[1].counts.accepted == 4

    await until(others_done)
    line = (await lines_of(house, batch))[1]
    assert line.error is not None
    assert (line.outcome, line.error.code) == ("retrying", "internal")
    monkeypatch.undo()

    async def over() -> bool:
        await house.gateway.work_batches.work_once()
        return (await read_back(house, batch))[0] == "completed"

    await until(over)
    assert (await lines_of(house, batch))[1].outcome == "accepted"
