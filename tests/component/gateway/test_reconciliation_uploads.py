"""A partner's own file against its books: named differences, a bridge, and hostile files refused in bounded memory."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from services.gateway.schemas.lists import ListOf
from services.gateway.schemas.reconciliation import ReconciliationDifference, ReconciliationUpload
from services.runtime.ids import new_id, to_text
from tests.support.gateway import House, open_house
from tests.support.gateway_operations import DAY_START_US, DAY_US
from tests.support.servers import ServiceDatabase
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
_UPLOADS = "/v1/reconciliation/uploads"
_HEADER = "reference,kind,points,amount,date\n"
_BYTES_MAX = 200_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(database_for: Callable[[str], ServiceDatabase]) -> AsyncGenerator[House]:
    """A gateway with small limits, and a day of ten sales with one the day after."""
    async with open_house(
        database_for("gateway").runtime_url, upload_bytes_max=_BYTES_MAX, upload_lines_max=5_000, upload_differences_max=1_500,
    ) as opened:  # fmt: skip
        record, mine = opened.operations.record, opened.partner_id
        for number in range(10):
            record(mine, "earn", f"S{number}", issued=10 + number, amount_minor=1_000 + number)
        record(mine, "hold", "H")
        record(mine, "capture", "H", key="b:S1", burned=500, amount_minor=450)
        record(mine, "reversal", "k:off", key="k:off", reversed=10, amount_minor=1_000)
        record(new_id(), "earn", "SECRET", issued=1)
        record(mine, "earn", "LATE", DAY_START_US + DAY_US, issued=7, amount_minor=700)
        opened.operations.now_us += DAY_US
        yield opened


def _sales(*wanted: int) -> str:
    return "".join(f"S{number},earn,{10 + number},{1_000 + number},\n" for number in wanted or range(10))


_REST = "H,capture,-500,450,\noff,reversal,-10,1000,\n"


async def _send(
    house: House, body: Any, key: str = "", secret: str = "", type_: str = "text/csv", **asked: Any
) -> httpx2.Response:
    headers = {**house.headers(key, secret), "Content-Type": type_}
    content = body.encode() if isinstance(body, str) else body
    return await house.client.post(
        _UPLOADS, params={"date": "2026-03-14", **asked}, content=content, headers=headers
    )


async def _differences(
    house: House, upload: ReconciliationUpload, **asked: Any
) -> list[ReconciliationDifference]:
    answer = await house.get(f"{_UPLOADS}/{upload.id}/differences", limit=100, **asked)
    return ListOf[ReconciliationDifference].model_validate_json(answer.content).data


def _upload(answer: httpx2.Response) -> ReconciliationUpload:
    assert answer.status_code == 201, answer.text
    return ReconciliationUpload.model_validate_json(answer.content)


def _bridges(upload: ReconciliationUpload) -> None:
    for steps in (upload.bridge, *(bridge.steps for bridge in upload.bridges)):
        *others, ours = steps
        assert ours.step == "ours"
        for name in ("count", "points", "amount"):
            assert sum(getattr(step, name) for step in others) == getattr(ours, name)


async def _fetchval(house: House, query: str) -> int:
    database = house.gateway.reconciliation_store._database  # pyright: ignore[reportPrivateUsage]
    async with database.reader.snapshot() as connection:
        return await (await connection.driver()).fetchval(query)


async def test_a_file_that_is_right_agrees(house: House) -> None:
    upload = _upload(await _send(house, _HEADER + _sales() + _REST))
    assert (upload.agrees, upload.lines, upload.matched, upload.differences_kept) == (True, 12, 12, 0)
    assert (upload.status, upload.date) == ("closed", "2026-03-14")
    assert upload.bridge[0].model_dump(exclude={"step"}) == upload.bridge[-1].model_dump(exclude={"step"})
    assert await _differences(house, upload) == []


async def test_each_difference_is_named_and_the_totals_bridge(house: House) -> None:
    body = (
        _HEADER + _sales(0, 1, 2, 3, 4, 5) + _REST
        + "X1,earn,5,500,\nSECRET,earn,1,0,\nS6,earn,17,1006,\nS5,earn,15,1005,\nLATE,earn,7,700,\nbroken\n"
    )  # fmt: skip
    upload = _upload(await _send(house, body))
    assert upload.differences.model_dump() == {
        "missing_there": 3, "missing_here": 2, "different": 1, "twice": 1, "another_day": 1, "unreadable": 1,
    }  # fmt: skip
    assert not upload.agrees
    _bridges(upload)
    found = await _differences(house, upload)
    assert [each.number for each in found] == list(range(1, 10))
    # Another partner's reference is as good as none.
    assert [(each.type, each.reference, each.line) for each in found] == [
        ("unreadable", None, 15), ("another_day", "LATE", 14), ("twice", "S5", 13), ("different", "S6", 12),
        ("missing_there", "S7", None), ("missing_there", "S8", None), ("missing_there", "S9", None),
        ("missing_here", "SECRET", 11), ("missing_here", "X1", 10),
    ]  # fmt: skip
    late, different = found[1], found[3]
    assert late.ours is not None
    assert late.theirs is not None
    assert (late.ours.date, late.theirs.date, late.ours.points) == ("2026-03-15", "2026-03-14", None)
    assert different.fields == ["points"]
    assert different.ours is not None
    assert different.ours.points == 16
    assert found[0].unreadable is not None
    assert found[0].unreadable.detail == "the line has 1 fields, the header 5"
    only = await _differences(house, upload, type="missing_there")
    assert [each.reference for each in only] == ["S7", "S8", "S9"]


async def test_json_lines_say_the_same(house: House) -> None:
    rows = [
        {"reference": "S0", "kind": "earn", "points": 10, "amount": 1_000},
        {"reference": "H", "kind": "capture", "points": -500},
    ]
    upload = _upload(
        await _send(
            house, "\n".join(map(json.dumps, rows)), type_="application/x-ndjson", kinds="earn,capture"
        )
    )
    assert (upload.matched, upload.differences.different, upload.differences.missing_there) == (1, 1, 9)
    _bridges(upload)


async def test_only_the_kinds_and_figures_that_are_asked_for_are_compared(house: House) -> None:
    upload = _upload(
        await _send(house, "kind,points,reference\ncapture,-500,H\n", kinds="capture", amounts="false")
    )
    assert (upload.agrees, upload.kinds, upload.amounts_compared) == (True, ["capture"], False)
    assert upload.bridge[0].amount is None
    wrong = _upload(await _send(house, _HEADER + "S0,earn,10,1000,\n", kinds="capture"))
    assert (wrong.differences.unreadable, wrong.differences.missing_there) == (1, 1)


async def test_a_file_is_compared_once_per_key(house: House) -> None:
    key = f"k-{new_id()}"
    first = await _send(house, _HEADER + _sales(), key=key)
    again = await _send(house, _HEADER + _sales(), key=key)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == first.content
    assert (await house.get(f"{_UPLOADS}/{_upload(first).id}")).content == first.content
    for body, asked in ((_HEADER + _sales(1), {}), (_HEADER + _sales(), {"kinds": "earn"})):
        other = await _send(house, body, key=key, **asked)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    # A file that makes no sense leaves its key free.
    key = f"k-{new_id()}"
    assert (await _send(house, "nonsense\n", key=key)).status_code == 400
    assert (await _send(house, _HEADER + _sales(), key=key)).status_code == 201


async def test_the_same_key_twice_at_once_is_in_flight(house: House) -> None:
    go_on = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield _HEADER.encode()
        await go_on.wait()
        yield _sales().encode()

    async def working() -> bool:
        # (Of this database: others of the server have theirs.)
        locks = """SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database()"""
        return await _fetchval(house, locks) > 0

    key = f"k-{new_id()}"
    first = asyncio.create_task(_send(house, slow(), key=key))
    await until(working)
    second = await _send(house, _HEADER + _sales(), key=key)
    assert (second.status_code, second.json()["code"]) == (409, "idempotency_key_in_flight")
    go_on.set()
    assert (await first).status_code == 201


async def test_uploads_are_listed_and_nobody_sees_another_s(house: House) -> None:
    mine = [_upload(await _send(house, _HEADER + _sales(number))) for number in range(3)]
    page = (await house.get(_UPLOADS, limit=2)).json()
    assert [each["id"] for each in page["data"]] == [mine[2].id, mine[1].id]
    after = (await house.get(_UPLOADS, limit=1, starting_after=mine[1].id)).json()
    assert [each["id"] for each in after["data"]] == [mine[0].id]
    before = (await house.get(_UPLOADS, limit=1, ending_before=mine[1].id)).json()
    assert [each["id"] for each in before["data"]] == [mine[2].id]
    stranger = house.new_key()
    for path in (f"{_UPLOADS}/{mine[0].id}", f"{_UPLOADS}/{mine[0].id}/differences"):
        for secret, asked in ((stranger, path), ("", path.replace(mine[0].id, to_text("rup", new_id()))), ("", path.replace("rup_", "x"))):  # fmt: skip
            answer = await house.get(asked, secret=secret)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await house.get(_UPLOADS, secret=stranger)).json()["data"] == []
    # Its file says nothing of what there is: it has no such operations.
    theirs = _upload(await _send(house, _HEADER + _sales(), secret=stranger))
    assert (theirs.differences.missing_here, theirs.matched, theirs.bridge[-1].count) == (10, 0, 0)


async def test_pages_of_differences_follow_each_other(house: House) -> None:
    upload = _upload(await _send(house, _HEADER + _sales(0)))
    path = f"{_UPLOADS}/{upload.id}/differences"
    first = (await house.get(path, limit=4)).json()
    assert ([each["number"] for each in first["data"]], first["has_more"]) == ([1, 2, 3, 4], True)
    rest = (await house.get(path, starting_after=4)).json()
    assert ([each["number"] for each in rest["data"]], rest["has_more"]) == ([5, 6, 7, 8, 9, 10, 11], False)
    back = (await house.get(path, limit=2, ending_before=5)).json()
    assert ([each["number"] for each in back["data"]], back["has_more"]) == ([3, 4], True)
    for odd in ("0", "12", "x", "-1", "9" * 12):
        assert (await house.get(path, starting_after=odd)).json()["code"] == "cursor_invalid"


async def test_differences_beyond_the_limit_are_counted_and_not_kept(house: House) -> None:
    body = _HEADER + "".join(f"N{number},earn,1,1,\n" for number in range(2_000))
    upload = _upload(await _send(house, body))
    assert (upload.differences.missing_here, upload.differences_kept) == (2_000, 1_500)
    _bridges(upload)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (_HEADER.encode("utf-16"), "line 1, column 1: the file is in UTF-16: UTF-8 is read"),
        (_HEADER.encode() + b"A,earn,1,1,\nB\xe4,earn,1,1,\n", "line 3, column 2: the byte 0xe4 is not UTF-8"),
        (_HEADER.encode() + b"A\0,earn,1,1,\n", "line 2, column 2: a NUL byte: the file is no text in UTF-8"),
        (b"a," * 3_000 + b"\n", "line 1, column 101: the header has 3,001 columns: 100 are read"),
        (b"reference,kind\n", "line 1, column 2: the header has no column points"),
        (b"", "the file has no lines"),
        (_HEADER.encode() + b"x\n" * 1_100, "line 1002, column 2: the line has 1 fields, the header 5. More than 1,000 lines cannot be read"),
    ],
)  # fmt: skip
async def test_a_file_that_makes_no_sense_is_refused_with_its_place(
    house: House, body: bytes, detail: str
) -> None:
    answer = await _send(house, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["detail"] == detail


async def test_a_field_of_megabytes_is_one_line_that_cannot_be_read(house: House) -> None:
    body = _HEADER + "A" * 150_000 + ",earn,1,1,\n" + _sales() + _REST
    upload = _upload(await _send(house, body))
    assert (upload.matched, upload.differences.unreadable) == (12, 1)
    (bad,) = await _differences(house, upload)
    assert bad.unreadable is not None
    assert (bad.line, bad.unreadable.detail) == (2, "the line has more than 8,192 bytes")


async def test_an_endless_file_is_refused_at_the_limit_in_bounded_memory(house: House) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield _HEADER.encode()
        # A gigabyte, if nobody stops it: one line, so that no limit of lines does.
        for _ in range(16_384):
            sent += 65_536
            yield b"x" * 65_536

    tracemalloc.start()
    try:
        answer = await _send(house, endless())
        assert (answer.status_code, answer.json()["code"], answer.json()["limit_bytes"]) == (
            413, "body_too_large", _BYTES_MAX,
        )  # fmt: skip
    except httpx2.TransportError:
        # The connection was closed under the client, which was sending still.
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert sent < 64 * 1024 * 1024
    assert peak < 32 * 1024 * 1024


async def test_sizes_and_types_are_refused_before_anything_is_read(house: House) -> None:
    large = await _send(house, b"x" * (_BYTES_MAX + 1))
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")
    lines = await _send(house, "reference,kind,points,amount\n" + "A,earn,1,1\n" * 5_001)
    assert (lines.status_code, lines.json()["code"], lines.json()["limit"]) == (413, "batch_too_large", 5_000)
    for type_ in ("application/json", "text/plain", "application/xml", "text/csv; charset=latin-1", ""):
        answer = await _send(house, _HEADER, type_=type_)
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported")
    headers = {**house.headers(), "Content-Type": "text/csv", "Content-Encoding": "gzip"}
    packed = await house.client.post(
        _UPLOADS, params={"date": "2026-03-14"}, content=gzip.compress(b"x" * 10**6), headers=headers
    )
    assert (packed.status_code, packed.json()["code"]) == (415, "unsupported")


@pytest.mark.parametrize(
    "asked",
    [
        {"date": "2026-03-17"}, {"date": "yesterday"}, {"date": ""}, {"kinds": "bonus"}, {"kinds": "earn,,refund"},
        {"kinds": ""}, {"amounts": "perhaps"},
    ],
)  # fmt: skip
async def test_a_bad_parameter_is_named(house: House, asked: dict[str, str]) -> None:
    answer = await _send(house, _HEADER + _sales(), **asked)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["errors"][0]["parameter"] in asked


async def test_a_write_needs_its_key_and_the_scope(house: House) -> None:
    headers = {"Authorization": f"Bearer {house.secret}", "Content-Type": "text/csv"}
    answer = await house.client.post(_UPLOADS, params={"date": "2026-03-14"}, content=b"x", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    poor = await _send(house, _HEADER, secret=house.new_key(["points:read"]))
    assert (poor.status_code, poor.json()["code"]) == (403, "permission_denied")


async def test_nothing_is_left_of_what_was_staged_and_old_results_are_forgotten(house: House) -> None:
    upload = _upload(await _send(house, _HEADER + _sales(0)))
    await _send(house, "nonsense\n")
    store = house.gateway.reconciliation_store
    assert await _fetchval(house, "SELECT count(*) FROM reconciliation_row") == 0
    assert await store.purge(1) == 0
    assert (await house.get(f"{_UPLOADS}/{upload.id}")).status_code == 200
    assert await store.purge(0) > 0
    assert (await house.get(f"{_UPLOADS}/{upload.id}")).status_code == 404
    assert await _fetchval(house, "SELECT count(*) FROM reconciliation_difference") == 0


async def test_one_partner_s_files_keep_no_other_out(
    database_for: Callable[[str], ServiceDatabase],
) -> None:
    async with open_house(database_for("gateway").runtime_url, uploads_at_once_max=1) as house:
        house.operations.now_us += DAY_US
        arriving, go_on = asyncio.Event(), asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield _HEADER.encode()
            arriving.set()
            await go_on.wait()
            yield _sales(0).encode()

        first = asyncio.create_task(_send(house, slow()))
        await arriving.wait()
        await until(lambda: bool(house.gateway.places.uploads.taken))
        mine = await _send(house, _HEADER)
        assert (mine.status_code, mine.json()["code"], mine.headers["retry-after"]) == (
            503,
            "overloaded",
            "5",
        )
        other = asyncio.create_task(_send(house, _HEADER + _sales(0), secret=house.new_key()))
        await until(lambda: house.gateway.places.uploads.waiting == 1)
        go_on.set()
        for answer in await asyncio.gather(first, other):
            _upload(answer)
