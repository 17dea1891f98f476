"""Large batches on their way in: stored as they arrive, whole or not at all, however hostile they are."""

from __future__ import annotations

import asyncio
import csv
import gzip
import io
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable

import httpx2
import pytest
import pytest_asyncio

from services.runtime.ids import new_id
from tests.support.gateway import House
from tests.support.gateway_batches import (
    BYTES_MAX,
    CSV,
    NDJSON,
    batch_house,
    earn_line,
    enrolled,
    fetched,
    lines_of,
    ndjson,
    none_arriving,
    read_back,
    send,
    taken,
    work,
)
from tests.support.gateway_bodies import earn, new_card, new_reference, redemption_line, refund
from tests.support.servers import ServiceDatabase
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
_HEADER = "type,reference,member_card,store,occurred_at,amount,currency,points,original_reference\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[House]:
    async with batch_house(database_for("gateway").runtime_url) as opened:
        yield opened


async def test_json_lines_are_stored_first_and_posted_after_that(house: House) -> None:
    card = enrolled(house)
    sale = earn_line(card)
    lines = [
        sale, sale, earn_line(new_card()), redemption_line(card, 10),
        redemption_line(card, 10_000), {"type": "earn", **earn(card), "amount": "1"},
        {"type": "refund", **refund(original={"reference": sale["reference"]})},
    ]  # fmt: skip
    calls = len(house.points.calls)
    batch = taken(await send(house, ndjson(*lines)))
    assert (batch.status, batch.counts, batch.results) == ("queued", None, None)
    assert len(house.points.calls) == calls
    assert [each.outcome for each in await lines_of(house, batch)] == ["queued"] * 5 + ["refused", "queued"]
    await work(house)
    status, progress = await read_back(house, batch)
    assert (status, progress.percent, progress.next_attempt_at) == ("completed", 100, None)
    assert progress.finished_at is not None
    told = await lines_of(house, batch)
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
    batch = taken(await send(house, ndjson(earn_line(enrolled(house)))))
    kept = "SELECT count(*) FROM batch_line WHERE body IS NOT NULL"
    assert await fetched(house, kept) > 0
    await work(house)
    assert await fetched(house, kept) == 0
    assert (await lines_of(house, batch))[0].outcome == "accepted"


async def test_csv_says_the_same(house: House) -> None:
    card, first, second, third = enrolled(house), new_reference(), new_reference(), new_reference()
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
    batch = taken(await send(house, "\ufeff" + written.getvalue(), type_="text/csv; charset=utf-8"))
    await work(house)
    told = await lines_of(house, batch)
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
    taken(await send(house, semicolons, type_=CSV))
    await work(house)


async def test_json_is_taken_for_later_where_that_is_preferred(house: House) -> None:
    card = enrolled(house)
    body = json.dumps({"lines": [earn_line(card), {"type": "nonsense"}, earn_line(card)]})
    answer = await send(house, body, key="later-1", type_="application/json", Prefer="respond-async, wait=5")
    batch = taken(answer)
    await work(house)
    told = await lines_of(house, batch)
    assert [(each.line, each.outcome) for each in told] == [(0, "accepted"), (1, "refused"), (2, "accepted")]
    raw = (await house.get(f"/v1/batches/{batch.id}/lines", outcome="refused")).json()["data"]
    assert raw[0]["error"]["errors"][0]["pointer"] == "/lines/1"
    # With or without the preference: the same key and body are the same batch.
    again = await send(house, body, key="later-1", type_="application/json")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    assert taken(again).status == "completed"
    at_once = await send(house, body, key="later-2", type_="application/json")
    preferred = await send(house, body, key="later-2", type_="application/json", Prefer="respond-async")
    assert (at_once.status_code, preferred.status_code) == (201, 201)
    assert preferred.content == at_once.content
    assert (await house.get(f"/v1/batches/{at_once.json()['id']}/lines")).status_code == 404


async def test_a_file_is_taken_once_per_key(house: House) -> None:
    card, key = enrolled(house), f"k-{new_id()}"
    body = ndjson(earn_line(card), earn_line(card))
    first = taken(await send(house, body, key=key))
    again = await send(house, body, key=key)
    assert again.headers["idempotency-replayed"] == "true"
    assert taken(again).id == first.id
    for other, type_ in (
        (ndjson(earn_line(card)), NDJSON),
        (body, CSV),
        (b'{"lines":[{}]}', "application/json"),
    ):
        refused = await send(house, other, key=key, type_=type_)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    await work(house)
    assert taken(await send(house, body, key=key)).status == "completed"


async def test_a_twin_of_a_file_that_is_coming_in_is_told_to_come_back(house: House) -> None:
    go_on, key, line = asyncio.Event(), f"k-{new_id()}", ndjson(earn_line(enrolled(house)))

    async def slow() -> AsyncIterator[bytes]:
        yield line
        await asyncio.wait_for(go_on.wait(), 0.4)
        yield line

    async def receiving() -> bool:
        return await fetched(house, "SELECT count(*) FROM batch_run WHERE received_at IS NULL") > 0

    first = asyncio.create_task(send(house, slow(), key=key))
    await until(receiving)
    twin = await send(house, line * 2, key=key)
    assert (twin.status_code, twin.json()["code"]) == (409, "idempotency_key_in_flight")
    go_on.set()
    assert taken(await first).progress is not None
    await work(house)


async def test_one_partner_s_slow_files_keep_no_other_out(house: House) -> None:
    go_on, line = asyncio.Event(), ndjson(earn_line(enrolled(house), store=None))

    async def slow() -> AsyncIterator[bytes]:
        yield line
        await asyncio.wait_for(go_on.wait(), 0.4)
        yield line

    async def two_arriving() -> bool:
        return await fetched(house, "SELECT count(*) FROM batch_run WHERE received_at IS NULL") == 2

    first = [asyncio.create_task(send(house, slow())) for _ in range(2)]
    await until(two_arriving)
    third = await send(house, line)
    assert (third.status_code, third.json()["code"], third.headers["retry-after"]) == (503, "overloaded", "5")
    taken(await send(house, line, secret=house.new_key()))
    go_on.set()
    for answer in await asyncio.gather(*first):
        taken(answer)
    await work(house)


async def test_a_partner_has_so_many_batches_open_and_no_more(
    database_for: Callable[[str], ServiceDatabase],
) -> None:
    async with batch_house(database_for("gateway").runtime_url, batches_open_max=2) as house:
        line = ndjson(earn_line(enrolled(house), store=None))
        for _ in range(2):
            taken(await send(house, line))
        third = await send(house, line)
        assert (third.status_code, third.json()["code"], third.headers["retry-after"]) == (
            503,
            "overloaded",
            "60",
        )
        taken(await send(house, line, secret=house.new_key()))
        await work(house)
        taken(await send(house, line))
        await work(house)


async def test_nothing_is_posted_of_a_file_that_breaks_off(house: House) -> None:
    card, key, calls = enrolled(house), f"k-{new_id()}", len(house.points.calls)
    line = ndjson(earn_line(card))

    async def breaking() -> AsyncIterator[bytes]:
        yield line * 600
        await asyncio.sleep(0.05)
        raise ConnectionError

    with pytest.raises((ConnectionError, httpx2.TransportError)):
        await send(house, breaking(), key=key)

    async def forgotten() -> bool:
        return await fetched(house, "SELECT count(*) FROM batch_run WHERE received_at IS NULL") == 0

    await until(forgotten)
    await work(house)
    assert len(house.points.calls) == calls
    taken(await send(house, line, key=key))
    await work(house)


async def test_a_file_that_stalls_is_refused(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    head = {**house.headers(), "Host": "x", "Content-Type": NDJSON, "Content-Length": "100000"}
    told = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    writer.write(f"POST /v1/batches HTTP/1.1\r\n{told}\r\n".encode() + ndjson(earn_line(enrolled(house))))
    answer = (await asyncio.wait_for(reader.read(), 10)).decode()
    writer.close()
    assert answer.startswith("HTTP/1.1 408")
    assert "nothing came for 0.5 seconds" in answer
    assert await none_arriving(house)


async def test_a_line_that_makes_no_sense_is_refused_alone(house: House) -> None:
    good, card = ndjson(earn_line(enrolled(house))), enrolled(house)
    nul = ndjson(earn_line(card, store="S\x001"))
    lines = [
        good, b'{"type": "earn", \n', b"[1]\n", b"\xff\xfe{}\n", b"\n", b"x" * 100_000 + b"\n", b"\0\n", nul, b"[" * 3_000 + b"\n",
        b'{"type":"earn","amount":1e999}\n', b'{"type":"earn","type":"refund"}\n', good,
    ]  # fmt: skip
    batch = taken(await send(house, b"".join(lines)))
    await work(house)
    told = await lines_of(house, batch)
    assert [each.line for each in told] == [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12]
    assert [each.outcome for each in told] == ["accepted", *["refused"] * 9, "replayed"]
    assert {each.error.code for each in told if each.error} == {"invalid_request"}
    assert told[4].error is not None
    assert told[4].error.detail == "the line has more than 4,096 bytes"


@pytest.mark.parametrize(
    ("body", "type_", "detail"),
    [
        (b"", NDJSON, "the file has no lines"),
        (b"\n \n\r\n", NDJSON, "the file has no lines"),
        (_HEADER.encode(), CSV, "the file has no lines"),
        (_HEADER.encode("utf-16"), CSV, "line 1: the file is in UTF-16: UTF-8 is read"),
        (b"type,reference\n", CSV, "line 1: the header has no column occurred_at"),
        (b"type,type,reference,occurred_at\n", CSV, "line 1: the header has a column twice"),
        (
            b'"type\n',
            CSV,
            "line 1: this is no line of CSV: a quote is not closed before the end of the line",
        ),
        (b"type,\xe4\n", CSV, "line 1: byte 6 of the line is not UTF-8"),
        (b"a" * 5_000 + b"\n", CSV, "line 1: the line has more than 4,096 bytes"),
    ],
)
async def test_a_file_that_makes_no_sense_is_refused_whole(
    house: House, body: bytes, type_: str, detail: str
) -> None:
    key = f"k-{new_id()}"
    answer = await send(house, body, key=key, type_=type_)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["detail"] == detail
    unknown = await send(house, "type,price\n", key=key, type_=CSV)
    assert unknown.json()["detail"].startswith("line 1: column 2 of the header is none of type, reference")


async def test_sizes_and_types_are_limited(house: House) -> None:
    line = ndjson(earn_line(enrolled(house)))
    too_many = await send(house, b"{}\n" * 2_001)
    assert (too_many.status_code, too_many.json()["code"], too_many.json()["limit"]) == (
        413,
        "batch_too_large",
        2_000,
    )
    announced = await send(house, b"x" * (BYTES_MAX + 1))
    assert (announced.status_code, announced.json()["code"]) == (413, "body_too_large")

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            yield b"x" * 65_536

    try:
        answer = await send(house, endless())
        assert (answer.status_code, answer.json()["limit_bytes"]) == (413, BYTES_MAX)
    except httpx2.TransportError:
        # The connection was closed under the client, which was sending still.
        pass
    for type_ in ("text/plain", "application/xml", "text/csv; charset=latin-1", ""):
        assert (await send(house, line, type_=type_)).status_code == 415
    packed = await send(house, gzip.compress(line), **{"Content-Encoding": "gzip"})
    assert (packed.status_code, packed.json()["code"]) == (415, "unsupported")
    async with asyncio.timeout(5):
        await until(lambda: none_arriving(house))


async def test_a_file_of_lines_of_which_there_are_none_is_empty(house: House) -> None:
    batch = taken(await send(house, ndjson(earn_line(enrolled(house)))))
    answer = await house.get(f"/v1/batches/{batch.id}/lines", outcome="parked", format="ndjson")
    assert (answer.status_code, answer.content) == (200, b"")
    await work(house)
