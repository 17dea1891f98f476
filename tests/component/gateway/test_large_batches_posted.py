"""Large batches on their way to the ledger: each line once, in order, tried again for what may pass, with a result of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from hashlib import sha256
from typing import Any

import grpc
import pytest
import pytest_asyncio

from services.gateway.schemas.batches import Batch, BatchLine, BatchSummary
from services.gateway.schemas.lists import ListOf
from services.runtime.ids import new_id, to_text
from tests.support.gateway import House
from tests.support.gateway_batches import (
    NDJSON,
    batch_house,
    earn_line,
    enrolled,
    fetched,
    lines_of,
    ndjson,
    read_back,
    send,
    taken,
    work,
)
from tests.support.gateway_bodies import new_card, redemption_line, refund
from tests.support.servers import ServiceDatabase
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[House]:
    async with batch_house(database_for("gateway").runtime_url) as opened:
        yield opened


async def test_a_reference_given_twice_is_posted_once(house: House) -> None:
    line = earn_line(enrolled(house))
    batch = taken(await send(house, ndjson(line, line, {**line, "amount": 1})))
    await work(house)
    told = await lines_of(house, batch)
    assert [each.outcome for each in told] == ["accepted", "replayed", "refused"]
    assert told[2].error is not None
    assert told[2].error.code == "reference_reused"


async def test_lines_go_in_their_order_in_chunks(house: House) -> None:
    card = enrolled(house)
    lines: list[dict[str, Any]] = []
    for _ in range(125):
        lines.append(earn_line(card, amount=100))
        lines.append(redemption_line(card, 1))
    batch = taken(await send(house, ndjson(*lines)))
    await work(house)
    assert (await read_back(house, batch))[1].counts.accepted == 250
    assert [len(call.items) for call in house.points.calls[-3:]] == [100, 100, 50]


async def test_what_may_pass_is_tried_again_until_it_does(house: House) -> None:
    card = enrolled(house)
    sale = earn_line(card)
    waiting = {"type": "refund", **refund(original={"reference": sale["reference"]})}
    elsewhere = earn_line(card, store="S2")
    never = {"type": "refund", **refund(original={"transaction": "txn_short"})}
    batch = taken(await send(house, ndjson(waiting, elsewhere, never)))
    assert await house.gateway.work_batches.work_once()
    status, progress = await read_back(house, batch)
    assert (status, progress.percent, progress.counts.waiting, progress.counts.retrying) == (
        "in_progress",
        33,
        1,
        1,
    )
    told = await lines_of(house, batch)
    assert [each.outcome for each in told] == ["waiting", "retrying", "refused"]
    assert told[1].error is not None
    assert told[1].error.code == "store_unknown"
    assert told[1].next_attempt_at is not None
    await house.post("/v1/earns", {name: value for name, value in sale.items() if name != "type"})
    stores = house.partners.stores[house.partner_id.bytes]
    stores.append(type(stores[0])(store_id=new_id().bytes, code="S2", name="New"))
    house.gateway.store_directory._known.clear()  # pyright: ignore[reportPrivateUsage]

    async def done() -> bool:
        await work(house)
        return (await read_back(house, batch))[0] == "completed"

    await until(done)
    stores.pop()
    told = await lines_of(house, batch)
    assert [each.outcome for each in told] == ["accepted", "accepted", "refused"]
    assert told[0].attempts > 1


async def test_a_parked_earn_is_asked_about_until_it_is_posted(house: House) -> None:
    card = enrolled(house)
    house.points.headroom, house.points.parks = 0, True
    batch = taken(await send(house, ndjson(earn_line(card))))
    await house.gateway.work_batches.work_once()
    assert (await lines_of(house, batch))[0].outcome == "parked"
    house.points.headroom, house.points.parks = None, False
    house.points.unpark(house.partner_id)

    async def done() -> bool:
        await work(house)
        return (await read_back(house, batch))[0] == "completed"

    await until(done)
    (line,) = await lines_of(house, batch)
    assert line.outcome == "accepted"
    assert line.transaction is not None
    assert line.transaction.points == 25


async def test_in_the_end_it_is_given_up(database_for: Callable[[str], ServiceDatabase]) -> None:
    async with batch_house(
        database_for("gateway").runtime_url, batch_retry_first_seconds=0.01, batch_retry_seconds_max=0.05
    ) as house:
        lines = [
            earn_line(enrolled(house), store="S2"),
            {"type": "refund", **refund(original={"reference": "never-sold"})},
        ]
        batch = taken(await send(house, ndjson(*lines)))

        async def done() -> bool:
            await work(house)
            return (await read_back(house, batch))[0] == "completed"

        await until(done)
        told = await lines_of(house, batch)
        # What the ledger has it still decides; what it has not got is over.
        assert [each.outcome for each in told] == ["refused", "waiting"]
        assert told[0].error is not None
        assert told[0].error.code == "store_unknown"
        assert [each.next_attempt_at for each in told] == [None, None]
        assert (await read_back(house, batch))[1].percent == 100


async def test_while_the_ledger_is_away_a_batch_waits(house: House) -> None:
    batch = taken(await send(house, ndjson(earn_line(enrolled(house)))))
    house.faults.members_down = True
    await house.gateway.work_batches.work_once()
    status, progress = await read_back(house, batch)
    house.faults.members_down = False
    assert (status, progress.counts.queued) == ("queued", 1)
    house.faults.post_fails = [grpc.StatusCode.UNAVAILABLE]

    async def done() -> bool:
        await work(house)
        return (await read_back(house, batch))[0] == "completed"

    await until(done)
    assert (await lines_of(house, batch))[0].outcome == "accepted"


async def test_a_fault_in_one_batch_is_no_other_s(house: House) -> None:
    faulty = taken(await send(house, ndjson(earn_line(enrolled(house)))))
    sound = taken(await send(house, ndjson(earn_line(enrolled(house)))))
    house.faults.post_fails = [grpc.StatusCode.INTERNAL]
    await house.gateway.work_batches.work_once()
    assert (await read_back(house, faulty))[1].counts.queued == 1
    await house.gateway.work_batches.work_once()
    assert (await read_back(house, sound))[0] == "completed"

    async def done() -> bool:
        await work(house)
        return (await read_back(house, faulty))[0] == "completed"

    await until(done)


async def test_a_batch_that_is_cancelled_posts_no_more(house: House) -> None:
    card = enrolled(house)
    gone = earn_line(card, store="S9")
    waiting = {"type": "refund", **refund(original={"reference": "not-yet"})}
    batch = taken(await send(house, ndjson(earn_line(card), gone, waiting)))
    await house.gateway.work_batches.work_once()
    for _ in range(2):
        answer = await house.post(f"/v1/batches/{batch.id}/cancel", {})
        assert answer.status_code == 200
        told = Batch.model_validate_json(answer.content)
        assert told.status == "cancelled"
    assert [each.outcome for each in await lines_of(house, batch)] == ["accepted", "cancelled", "waiting"]
    fresh = taken(await send(house, ndjson(earn_line(card))))
    assert (await house.post(f"/v1/batches/{fresh.id}/cancel", {})).json()["status"] == "cancelled"
    calls = len(house.points.calls)
    await work(house)
    assert len(house.points.calls) == calls
    poor = house.new_key(["points:read"], house.partner_id)
    assert (await house.post(f"/v1/batches/{fresh.id}/cancel", {}, secret=poor)).status_code == 403


async def test_a_batch_that_is_worked_on_ends_after_what_is_on_its_way(house: House) -> None:
    card = enrolled(house)
    batch = taken(await send(house, ndjson(*(earn_line(card) for _ in range(250)))))
    house.faults.post_delay_seconds = 0.3
    working = asyncio.create_task(house.gateway.work_batches.work_once())
    await asyncio.sleep(0.1)
    answer = await house.post(f"/v1/batches/{batch.id}/cancel", {})
    assert answer.json()["status"] == "cancelled"
    await working
    house.faults.post_delay_seconds = 0.0
    _, progress = await read_back(house, batch)
    assert (progress.counts.accepted, progress.counts.cancelled, progress.percent) == (100, 150, 100)


async def test_a_key_that_was_revoked_posts_no_more(house: House) -> None:
    secret = house.new_key(partner_id=house.partner_id)
    batch = taken(await send(house, ndjson(earn_line(enrolled(house))), secret=secret))
    del house.partners.keys[sha256(secret.encode()).digest()]
    house.gateway.keys._known.clear()  # pyright: ignore[reportPrivateUsage]
    await work(house)
    (line,) = await lines_of(house, batch)
    assert line.error is not None
    assert (line.outcome, line.error.code) == ("refused", "unauthenticated")


async def test_each_line_needs_its_scope(house: House) -> None:
    card = enrolled(house)
    secret = house.new_key(["points:earn"], house.partner_id)
    lines = ndjson(earn_line(card), redemption_line(card, 1))
    batch = taken(await send(house, lines, secret=secret))
    await work(house)
    told = await lines_of(house, batch)
    assert [each.outcome for each in told] == ["accepted", "refused"]
    assert told[1].error is not None
    assert told[1].error.code == "permission_denied"


async def test_lines_are_read_by_pages_by_outcome_and_as_a_file(house: House) -> None:
    card = enrolled(house)
    lines = [earn_line(card) if number % 2 else earn_line(new_card()) for number in range(700)]
    batch = taken(await send(house, ndjson(*lines)))
    await work(house)
    path = f"/v1/batches/{batch.id}/lines"
    first = (await house.get(path, limit=3)).json()
    assert ([each["line"] for each in first["data"]], first["has_more"]) == ([1, 2, 3], True)
    after = (await house.get(path, limit=2, starting_after=3, outcome="accepted")).json()
    assert [each["line"] for each in after["data"]] == [4, 6]
    before = (await house.get(path, limit=2, ending_before=6)).json()
    assert ([each["line"] for each in before["data"]], before["has_more"]) == ([4, 5], True)
    for odd in ("x", "-1", "9" * 12):
        assert (await house.get(path, starting_after=odd)).json()["code"] == "cursor_invalid"
    assert (await house.get(path, outcome="perhaps")).status_code == 400
    headers = {"Authorization": f"Bearer {house.secret}", "Accept": NDJSON}
    whole = await house.client.get(path, headers=headers)
    assert whole.headers["content-type"] == NDJSON
    told = [BatchLine.model_validate_json(line) for line in whole.content.splitlines()]
    assert [each.line for each in told] == list(range(1, 701))
    refused = (await house.get(path, outcome="refused", format="ndjson")).content.splitlines()
    assert len(refused) == 350


async def test_batches_are_listed_and_nobody_sees_another_s(house: House) -> None:
    secret, card = house.new_key(), enrolled(house)
    batch = taken(await send(house, ndjson(earn_line(card, store=None)), secret=secret))
    page = ListOf[BatchSummary].model_validate_json((await house.get("/v1/batches", secret=secret)).content)
    assert [(each.id, each.status) for each in page.data] == [(batch.id, "queued")]
    for path in (f"/v1/batches/{batch.id}", f"/v1/batches/{batch.id}/lines"):
        assert (await house.get(path)).status_code == 404
        assert (
            await house.get(path.replace(batch.id, to_text("bat", new_id())), secret=secret)
        ).status_code == 404
    assert (await house.post(f"/v1/batches/{batch.id}/cancel", {})).status_code == 404
    await work(house)
    assert (await house.get(f"/v1/batches/{batch.id}", secret=secret)).json()["status"] == "completed"


async def test_batches_take_turns(house: House) -> None:
    card = enrolled(house)
    long = taken(await send(house, ndjson(*(earn_line(card) for _ in range(1_900)))))
    short = taken(await send(house, ndjson(earn_line(card))))
    await house.gateway.work_batches.work_once()
    await house.gateway.work_batches.work_once()
    assert (await read_back(house, long))[1].counts.accepted == 1_600
    assert (await read_back(house, short))[0] == "completed"
    await work(house)
    assert (await read_back(house, long))[0] == "completed"


async def test_old_batches_are_forgotten_with_their_lines(house: House) -> None:
    batch = taken(await send(house, ndjson(earn_line(enrolled(house)))))
    await work(house)
    assert await house.gateway.batch_store.purge(1) == 0
    assert await house.gateway.batch_store.purge(0) > 0
    assert (await house.get(f"/v1/batches/{batch.id}/lines")).status_code == 404
    assert await fetched(house, "SELECT count(*) FROM batch_line") == 0
