"""Large batches: stored as they arrive, posted after that, each line once, with a result of its own."""

from __future__ import annotations

import asyncio
import csv
import gzip
import io
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from hashlib import sha256
from typing import Any

import grpc
import httpx2
import pytest
import pytest_asyncio

from services.gateway.schemas.batches import Batch, BatchLine, BatchProgress, BatchSummary
from services.gateway.schemas.lists import ListOf
from services.runtime.ids import new_id, to_text
from tests.support.gateway import House, open_house
from tests.support.gateway_bodies import earn, new_card, new_reference, redemption, refund
from tests.support.servers import ServiceDatabase
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
_NDJSON, _CSV = "application/x-ndjson", "text/csv"
_HEADER = "type,reference,member_card,store,occurred_at,amount,currency,points,original_reference\n"
_BYTES_MAX, _LINE_BYTES_MAX = 800_000, 4_096


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[House]:
    """A gateway with small limits and little patience. Nobody works on what it takes until a test does."""
    async with open_house(
        database_for("gateway").runtime_url, batch_file_bytes_max=_BYTES_MAX, batch_file_lines_max=2_000,
        body_bytes_max=_LINE_BYTES_MAX, batch_file_stall_seconds=0.5, batch_chunk_lines=100,
        batch_retry_first_seconds=0.01, batch_retry_longest_seconds=0.02, batch_retry_seconds_max=3_600,
    ) as opened:  # fmt: skip
        yield opened


def _member(house: House) -> str:
    card = new_card()
    house.members.enrolled(card)
    return card


def _earn(card: str, **changes: Any) -> dict[str, Any]:
    return {"type": "earn", **earn(card, lines=[], tenders=[], **changes)}


def _ndjson(*lines: dict[str, Any]) -> bytes:
    return "".join(f"{json.dumps(line)}\n" for line in lines).encode()


async def _send(
    house: House, body: Any, key: str = "", secret: str = "", type_: str = _NDJSON, **headers: str
) -> httpx2.Response:
    content = body.encode() if isinstance(body, str) else body
    told = {**house.headers(key, secret), "Content-Type": type_, **headers}
    return await house.client.post("/v1/batches", content=content, headers=told)


def _taken(answer: httpx2.Response) -> Batch:
    assert answer.status_code == 202, answer.text
    batch = Batch.model_validate_json(answer.content)
    assert answer.headers["location"] == f"/v1/batches/{batch.id}"
    return batch


async def _work(house: House) -> None:
    """Works until nothing is due."""
    while await house.gateway.work_batches.work_once():
        pass


async def _read(house: House, batch: Batch) -> tuple[str, BatchProgress]:
    answer = await house.get(f"/v1/batches/{batch.id}")
    told = Batch.model_validate_json(answer.content)
    assert told.progress is not None
    counts = told.progress.counts.model_dump()
    assert counts.pop("lines") == sum(counts.values())
    return told.status, told.progress


async def _lines(house: House, batch: Batch, **asked: Any) -> list[BatchLine]:
    answer = await house.get(f"/v1/batches/{batch.id}/lines", limit=100, **asked)
    assert answer.status_code == 200, answer.text
    return ListOf[BatchLine].model_validate_json(answer.content).data


async def _fetchval(house: House, query: str) -> Any:
    database = house.gateway.batch_store._database  # pyright: ignore[reportPrivateUsage]
    async with database.reader.snapshot() as connection:
        return await (await connection.driver()).fetchval(query)


async def test_json_lines_are_stored_first_and_posted_after_that(house: House) -> None:
    card = _member(house)
    sale = _earn(card)
    lines = [
        sale, sale, _earn(new_card()), {"type": "redemption", **redemption(card, 10)},
        {"type": "redemption", **redemption(card, 10_000)}, {"type": "earn", **earn(card), "amount": "1"},
        {"type": "refund", **refund(original={"reference": sale["reference"]})},
    ]  # fmt: skip
    calls = len(house.points.calls)
    batch = _taken(await _send(house, _ndjson(*lines)))
    assert (batch.status, batch.counts, batch.results) == ("queued", None, None)
    assert len(house.points.calls) == calls
    assert [each.outcome for each in await _lines(house, batch)] == ["queued"] * 5 + ["refused", "queued"]
    await _work(house)
    status, progress = await _read(house, batch)
    assert (status, progress.percent, progress.next_attempt_at) == ("completed", 100, None)
    assert progress.finished_at is not None
    told = await _lines(house, batch)
    assert [each.line for each in told] == [1, 2, 3, 4, 5, 6, 7]
    assert [each.outcome for each in told] == [
        "accepted", "replayed", "refused", "accepted", "refused", "refused", "accepted",
    ]  # fmt: skip
    assert [each.reference for each in told] == [line["reference"] for line in lines]
    assert [each.type for each in told] == [line["type"] for line in lines]
    assert [(each.error.code, each.error.remembered) for each in told if each.error] == [
        ("member_unknown", False), ("insufficient_points", True), ("invalid_request", False),
    ]  # fmt: skip
    raw = (await house.get(f"/v1/batches/{batch.id}/lines")).json()["data"]
    assert raw[5]["error"]["errors"][0]["pointer"] == "/amount"
    assert raw[2]["error"]["errors"][0]["pointer"] == "/member/card"
    assert [each.transaction.points for each in told if each.transaction] == [25, 25, -10, 0]
    call = house.points.calls[-1]
    assert call.bulk
    assert call.items[0].key == f"r:earn:{sale['reference']}"


async def test_no_card_is_kept_of_what_is_done(house: House) -> None:
    batch = _taken(await _send(house, _ndjson(_earn(_member(house)))))
    kept = "SELECT count(*) FROM batch_line WHERE body IS NOT NULL"
    assert await _fetchval(house, kept) > 0
    await _work(house)
    assert await _fetchval(house, kept) == 0
    assert (await _lines(house, batch))[0].outcome == "accepted"


async def test_csv_says_the_same(house: House) -> None:
    card, first, second, third = _member(house), new_reference(), new_reference(), new_reference()
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\r\n")
    rows.writerow(_HEADER.strip().split(","))
    rows.writerow(["earn", first, card, "S1", "2026-03-14T09:26:53+01:00", 2599, "EUR", "", ""])
    rows.writerow(["redemption", second, card, "S1", "2026-03-14T09:31:07+01:00", "", "", 5, ""])
    rows.writerow(["refund", third, "", "S1", "2026-03-14T12:00:00Z", "", "", "", first])
    # What a spreadsheet would take for a formula is text, and no number.
    rows.writerow(["earn", new_reference(), card, "S1", "2026-03-14T09:26:53+01:00", "=1+1", "EUR", "", ""])
    rows.writerow(
        ["earn", new_reference(), '=cmd|" /C calc"!A0', "", "2026-03-14T09:26:53Z", 1, "EUR", "", ""]
    )
    rows.writerow(["short"])
    batch = _taken(await _send(house, "\ufeff" + written.getvalue(), type_="text/csv; charset=utf-8"))
    await _work(house)
    told = await _lines(house, batch)
    assert [(each.line, each.outcome) for each in told] == [
        (2, "accepted"), (3, "accepted"), (4, "accepted"), (5, "refused"), (6, "refused"), (7, "refused"),
    ]  # fmt: skip
    assert [each.reference for each in told[:3]] == [first, second, third]
    details = [each.error.detail for each in told if each.error]
    assert "/amount" in details[0]
    assert details[2] == "the line has 1 fields, the header 9"
    semicolons = (
        _HEADER.replace(",", ";") + f"earn;{new_reference()};{card};;2026-03-14T09:26:53Z;100;EUR;;\n"
    )
    _taken(await _send(house, semicolons, type_=_CSV))
    await _work(house)


async def test_json_is_taken_for_later_where_that_is_preferred(house: House) -> None:
    card = _member(house)
    body = json.dumps({"lines": [_earn(card), {"type": "nonsense"}, _earn(card)]})
    answer = await _send(house, body, key="later-1", type_="application/json", Prefer="respond-async, wait=5")
    batch = _taken(answer)
    await _work(house)
    told = await _lines(house, batch)
    assert [(each.line, each.outcome) for each in told] == [(0, "accepted"), (1, "refused"), (2, "accepted")]
    raw = (await house.get(f"/v1/batches/{batch.id}/lines", outcome="refused")).json()["data"]
    assert raw[0]["error"]["errors"][0]["pointer"] == "/lines/1"
    # With or without the preference: the same key and body are the same batch.
    again = await _send(house, body, key="later-1", type_="application/json")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    assert _taken(again).status == "completed"
    at_once = await _send(house, body, key="later-2", type_="application/json")
    preferred = await _send(house, body, key="later-2", type_="application/json", Prefer="respond-async")
    assert (at_once.status_code, preferred.status_code) == (201, 201)
    assert preferred.content == at_once.content
    assert (await house.get(f"/v1/batches/{at_once.json()['id']}/lines")).status_code == 404


async def test_a_file_is_taken_once_per_key(house: House) -> None:
    card, key = _member(house), f"k-{new_id()}"
    body = _ndjson(_earn(card), _earn(card))
    first = _taken(await _send(house, body, key=key))
    again = await _send(house, body, key=key)
    assert again.headers["idempotency-replayed"] == "true"
    assert _taken(again).id == first.id
    for other, type_ in (
        (_ndjson(_earn(card)), _NDJSON),
        (body, _CSV),
        (b'{"lines":[{}]}', "application/json"),
    ):
        refused = await _send(house, other, key=key, type_=type_)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    await _work(house)
    assert _taken(await _send(house, body, key=key)).status == "completed"


async def test_a_twin_of_a_file_that_is_coming_in_is_told_to_come_back(house: House) -> None:
    go_on, key, line = asyncio.Event(), f"k-{new_id()}", _ndjson(_earn(_member(house)))

    async def slow() -> AsyncIterator[bytes]:
        yield line
        await asyncio.wait_for(go_on.wait(), 0.4)
        yield line

    async def receiving() -> bool:
        return await _fetchval(house, "SELECT count(*) FROM batch_run WHERE received_at IS NULL") > 0

    first = asyncio.create_task(_send(house, slow(), key=key))
    await until(receiving)
    twin = await _send(house, line * 2, key=key)
    assert (twin.status_code, twin.json()["code"]) == (409, "idempotency_key_in_flight")
    go_on.set()
    assert _taken(await first).progress is not None
    await _work(house)


async def test_nothing_is_posted_of_a_file_that_breaks_off(house: House) -> None:
    card, key, calls = _member(house), f"k-{new_id()}", len(house.points.calls)
    line = _ndjson(_earn(card))

    async def breaking() -> AsyncIterator[bytes]:
        yield line * 600
        await asyncio.sleep(0.05)
        raise ConnectionError

    with pytest.raises((ConnectionError, httpx2.TransportError)):
        await _send(house, breaking(), key=key)

    async def forgotten() -> bool:
        return await _fetchval(house, "SELECT count(*) FROM batch_run WHERE received_at IS NULL") == 0

    await until(forgotten)
    await _work(house)
    assert len(house.points.calls) == calls
    _taken(await _send(house, line, key=key))
    await _work(house)


async def test_a_file_that_stalls_is_refused(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    head = {**house.headers(), "Host": "x", "Content-Type": _NDJSON, "Content-Length": "100000"}
    told = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    writer.write(f"POST /v1/batches HTTP/1.1\r\n{told}\r\n".encode() + _ndjson(_earn(_member(house))))
    answer = (await asyncio.wait_for(reader.read(), 10)).decode()
    writer.close()
    assert answer.startswith("HTTP/1.1 408")
    assert "nothing came for 0.5 seconds" in answer
    assert await _none_receiving(house)


async def test_a_line_that_makes_no_sense_is_refused_alone(house: House) -> None:
    good, card = _ndjson(_earn(_member(house))), _member(house)
    nul = _ndjson(_earn(card, store="S\x001"))
    lines = [
        good, b'{"type": "earn", \n', b"[1]\n", b"\xff\xfe{}\n", b"\n", b"x" * 100_000 + b"\n", b"\0\n", nul, b"[" * 3_000 + b"\n",
        b'{"type":"earn","amount":1e999}\n', b'{"type":"earn","type":"refund"}\n', good,
    ]  # fmt: skip
    batch = _taken(await _send(house, b"".join(lines)))
    await _work(house)
    told = await _lines(house, batch)
    assert [each.line for each in told] == [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12]
    assert [each.outcome for each in told] == ["accepted", *["refused"] * 9, "replayed"]
    assert {each.error.code for each in told if each.error} == {"invalid_request"}
    assert told[4].error is not None
    assert told[4].error.detail == "the line has more than 4,096 bytes"


@pytest.mark.parametrize(
    ("body", "type_", "detail"),
    [
        (b"", _NDJSON, "the file has no lines"),
        (b"\n \n\r\n", _NDJSON, "the file has no lines"),
        (_HEADER.encode(), _CSV, "the file has no lines"),
        (_HEADER.encode("utf-16"), _CSV, "line 1: the file is in UTF-16: UTF-8 is read"),
        (b"type,reference\n", _CSV, "line 1: the header has no column occurred_at"),
        (b"type,type,reference,occurred_at\n", _CSV, "line 1: the header has a column twice"),
        (
            b'"type\n',
            _CSV,
            "line 1: this is no line of CSV: a quote is not closed before the end of the line",
        ),
        (b"type,\xe4\n", _CSV, "line 1: byte 6 of the line is not UTF-8"),
        (b"a" * 5_000 + b"\n", _CSV, "line 1: the line has more than 4,096 bytes"),
    ],
)
async def test_a_file_that_makes_no_sense_is_refused_whole(
    house: House, body: bytes, type_: str, detail: str
) -> None:
    key = f"k-{new_id()}"
    answer = await _send(house, body, key=key, type_=type_)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["detail"] == detail
    unknown = await _send(house, "type,price\n", key=key, type_=_CSV)
    assert unknown.json()["detail"].startswith("line 1: column 2 of the header is none of type, reference")


async def test_sizes_and_types_are_limited(house: House) -> None:
    line = _ndjson(_earn(_member(house)))
    too_many = await _send(house, b"{}\n" * 2_001)
    assert (too_many.status_code, too_many.json()["code"], too_many.json()["limit"]) == (
        413,
        "batch_too_large",
        2_000,
    )
    announced = await _send(house, b"x" * (_BYTES_MAX + 1))
    assert (announced.status_code, announced.json()["code"]) == (413, "body_too_large")

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            yield b"x" * 65_536

    try:
        answer = await _send(house, endless())
        assert (answer.status_code, answer.json()["limit_bytes"]) == (413, _BYTES_MAX)
    except httpx2.TransportError:
        # The connection was closed under the client, which was sending still.
        pass
    for type_ in ("text/plain", "application/xml", "text/csv; charset=latin-1", ""):
        assert (await _send(house, line, type_=type_)).status_code == 415
    packed = await _send(house, gzip.compress(line), **{"Content-Encoding": "gzip"})
    assert (packed.status_code, packed.json()["code"]) == (415, "unsupported")
    async with asyncio.timeout(5):
        await until(lambda: _none_receiving(house))


async def _none_receiving(house: House) -> bool:
    return await _fetchval(house, "SELECT count(*) FROM batch_run WHERE received_at IS NULL") == 0


async def test_a_reference_given_twice_is_posted_once(house: House) -> None:
    line = _earn(_member(house))
    batch = _taken(await _send(house, _ndjson(line, line, {**line, "amount": 1})))
    await _work(house)
    told = await _lines(house, batch)
    assert [each.outcome for each in told] == ["accepted", "replayed", "refused"]
    assert told[2].error is not None
    assert told[2].error.code == "reference_reused"


async def test_lines_go_in_their_order_in_chunks(house: House) -> None:
    card = _member(house)
    lines: list[dict[str, Any]] = []
    for _ in range(125):
        lines.append(_earn(card, amount=100))
        lines.append({"type": "redemption", **redemption(card, 1)})
    batch = _taken(await _send(house, _ndjson(*lines)))
    await _work(house)
    assert (await _read(house, batch))[1].counts.accepted == 250
    assert [len(call.items) for call in house.points.calls[-3:]] == [100, 100, 50]


async def test_what_may_pass_is_tried_again_until_it_does(house: House) -> None:
    card = _member(house)
    sale = _earn(card)
    waiting = {"type": "refund", **refund(original={"reference": sale["reference"]})}
    elsewhere = _earn(card, store="S2")
    never = {"type": "refund", **refund(original={"transaction": "txn_short"})}
    batch = _taken(await _send(house, _ndjson(waiting, elsewhere, never)))
    assert await house.gateway.work_batches.work_once()
    status, progress = await _read(house, batch)
    assert (status, progress.percent, progress.counts.waiting, progress.counts.retrying) == (
        "in_progress",
        33,
        1,
        1,
    )
    told = await _lines(house, batch)
    assert [each.outcome for each in told] == ["waiting", "retrying", "refused"]
    assert told[1].error is not None
    assert told[1].error.code == "store_unknown"
    assert told[1].next_attempt_at is not None
    await house.post("/v1/earns", {name: value for name, value in sale.items() if name != "type"})
    stores = house.partners.stores[house.partner_id.bytes]
    stores.append(type(stores[0])(store_id=new_id().bytes, code="S2", name="New"))
    house.gateway.store_directory._known.clear()  # pyright: ignore[reportPrivateUsage]

    async def done() -> bool:
        await _work(house)
        return (await _read(house, batch))[0] == "completed"

    await until(done)
    stores.pop()
    told = await _lines(house, batch)
    assert [each.outcome for each in told] == ["accepted", "accepted", "refused"]
    assert told[0].attempts > 1


async def test_a_parked_earn_is_asked_about_until_it_is_posted(house: House) -> None:
    card = _member(house)
    house.points.headroom, house.points.parks = 0, True
    batch = _taken(await _send(house, _ndjson(_earn(card))))
    await house.gateway.work_batches.work_once()
    assert (await _lines(house, batch))[0].outcome == "parked"
    house.points.headroom, house.points.parks = None, False
    house.points.unpark(house.partner_id)

    async def done() -> bool:
        await _work(house)
        return (await _read(house, batch))[0] == "completed"

    await until(done)
    (line,) = await _lines(house, batch)
    assert line.outcome == "accepted"
    assert line.transaction is not None
    assert line.transaction.points == 25


async def test_in_the_end_it_is_given_up(database_for: Callable[[str], ServiceDatabase]) -> None:
    async with open_house(
        database_for("gateway").runtime_url, batch_retry_first_seconds=0.01, batch_retry_seconds_max=0.05
    ) as house:
        lines = [
            _earn(_member(house), store="S2"),
            {"type": "refund", **refund(original={"reference": "never-sold"})},
        ]
        batch = _taken(await _send(house, _ndjson(*lines)))

        async def done() -> bool:
            await _work(house)
            return (await _read(house, batch))[0] == "completed"

        await until(done)
        told = await _lines(house, batch)
        # What the ledger has it still decides; what it has not got is over.
        assert [each.outcome for each in told] == ["refused", "waiting"]
        assert told[0].error is not None
        assert told[0].error.code == "store_unknown"
        assert [each.next_attempt_at for each in told] == [None, None]
        assert (await _read(house, batch))[1].percent == 100


async def test_while_the_ledger_is_away_a_batch_waits(house: House) -> None:
    batch = _taken(await _send(house, _ndjson(_earn(_member(house)))))
    house.faults.members_down = True
    await house.gateway.work_batches.work_once()
    status, progress = await _read(house, batch)
    house.faults.members_down = False
    assert (status, progress.counts.queued) == ("queued", 1)
    house.faults.post_fails = [grpc.StatusCode.UNAVAILABLE]

    async def done() -> bool:
        await _work(house)
        return (await _read(house, batch))[0] == "completed"

    await until(done)
    assert (await _lines(house, batch))[0].outcome == "accepted"


async def test_a_batch_that_is_cancelled_posts_no_more(house: House) -> None:
    card = _member(house)
    gone = _earn(card, store="S9")
    waiting = {"type": "refund", **refund(original={"reference": "not-yet"})}
    batch = _taken(await _send(house, _ndjson(_earn(card), gone, waiting)))
    await house.gateway.work_batches.work_once()
    for _ in range(2):
        answer = await house.post(f"/v1/batches/{batch.id}/cancel", {})
        assert answer.status_code == 200
        told = Batch.model_validate_json(answer.content)
        assert told.status == "cancelled"
    assert [each.outcome for each in await _lines(house, batch)] == ["accepted", "cancelled", "waiting"]
    fresh = _taken(await _send(house, _ndjson(_earn(card))))
    assert (await house.post(f"/v1/batches/{fresh.id}/cancel", {})).json()["status"] == "cancelled"
    calls = len(house.points.calls)
    await _work(house)
    assert len(house.points.calls) == calls
    poor = house.new_key(["points:read"], house.partner_id)
    assert (await house.post(f"/v1/batches/{fresh.id}/cancel", {}, secret=poor)).status_code == 403


async def test_a_batch_that_is_worked_on_ends_after_what_is_on_its_way(house: House) -> None:
    card = _member(house)
    batch = _taken(await _send(house, _ndjson(*(_earn(card) for _ in range(250)))))
    house.faults.post_delay_seconds = 0.3
    working = asyncio.create_task(house.gateway.work_batches.work_once())
    await asyncio.sleep(0.1)
    answer = await house.post(f"/v1/batches/{batch.id}/cancel", {})
    assert answer.json()["status"] == "cancelled"
    await working
    house.faults.post_delay_seconds = 0.0
    _, progress = await _read(house, batch)
    assert (progress.counts.accepted, progress.counts.cancelled, progress.percent) == (100, 150, 100)


async def test_a_key_that_was_revoked_posts_no_more(house: House) -> None:
    secret = house.new_key(partner_id=house.partner_id)
    batch = _taken(await _send(house, _ndjson(_earn(_member(house))), secret=secret))
    del house.partners.keys[sha256(secret.encode()).digest()]
    house.gateway.keys._known.clear()  # pyright: ignore[reportPrivateUsage]
    await _work(house)
    (line,) = await _lines(house, batch)
    assert line.error is not None
    assert (line.outcome, line.error.code) == ("refused", "unauthenticated")


async def test_each_line_needs_its_scope(house: House) -> None:
    card = _member(house)
    secret = house.new_key(["points:earn"], house.partner_id)
    lines = _ndjson(_earn(card), {"type": "redemption", **redemption(card, 1)})
    batch = _taken(await _send(house, lines, secret=secret))
    await _work(house)
    told = await _lines(house, batch)
    assert [each.outcome for each in told] == ["accepted", "refused"]
    assert told[1].error is not None
    assert told[1].error.code == "permission_denied"


async def test_lines_are_read_by_pages_by_outcome_and_as_a_file(house: House) -> None:
    card = _member(house)
    lines = [_earn(card) if number % 2 else _earn(new_card()) for number in range(700)]
    batch = _taken(await _send(house, _ndjson(*lines)))
    await _work(house)
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
    headers = {"Authorization": f"Bearer {house.secret}", "Accept": _NDJSON}
    whole = await house.client.get(path, headers=headers)
    assert whole.headers["content-type"] == _NDJSON
    told = [BatchLine.model_validate_json(line) for line in whole.content.splitlines()]
    assert [each.line for each in told] == list(range(1, 701))
    refused = (await house.get(path, outcome="refused", format="ndjson")).content.splitlines()
    assert len(refused) == 350


async def test_batches_are_listed_and_nobody_sees_another_s(house: House) -> None:
    secret, card = house.new_key(), _member(house)
    batch = _taken(await _send(house, _ndjson(_earn(card, store=None)), secret=secret))
    page = ListOf[BatchSummary].model_validate_json((await house.get("/v1/batches", secret=secret)).content)
    assert [(each.id, each.status) for each in page.data] == [(batch.id, "queued")]
    for path in (f"/v1/batches/{batch.id}", f"/v1/batches/{batch.id}/lines"):
        assert (await house.get(path)).status_code == 404
        assert (
            await house.get(path.replace(batch.id, to_text("bat", new_id())), secret=secret)
        ).status_code == 404
    assert (await house.post(f"/v1/batches/{batch.id}/cancel", {})).status_code == 404
    await _work(house)
    assert (await house.get(f"/v1/batches/{batch.id}", secret=secret)).json()["status"] == "completed"


async def test_batches_take_turns(house: House) -> None:
    card = _member(house)
    long = _taken(await _send(house, _ndjson(*(_earn(card) for _ in range(1_900)))))
    short = _taken(await _send(house, _ndjson(_earn(card))))
    await house.gateway.work_batches.work_once()
    await house.gateway.work_batches.work_once()
    assert (await _read(house, long))[1].counts.accepted == 1_600
    assert (await _read(house, short))[0] == "completed"
    await _work(house)
    assert (await _read(house, long))[0] == "completed"


async def test_old_batches_are_forgotten_with_their_lines(house: House) -> None:
    batch = _taken(await _send(house, _ndjson(_earn(_member(house)))))
    await _work(house)
    assert await house.gateway.batch_store.purge(1) == 0
    assert await house.gateway.batch_store.purge(0) > 0
    assert (await house.get(f"/v1/batches/{batch.id}/lines")).status_code == 404
    assert await _fetchval(house, "SELECT count(*) FROM batch_line") == 0
