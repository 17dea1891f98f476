"""The driver takes our lists without asking abc about each of their elements."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType
from uuid import UUID

import asyncpg
import pytest

from services.runtime.database import Database
from services.runtime.ids import new_id
from tests.support.servers import ServiceDatabase


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("integer []", [1, None, 3]),
        ("text []", ["a", "", '{"}', None]),
        ("uuid []", [new_id(), UUID(int=7)]),
        ("bytea []", [b"", b"\x00\xff"]),
        ("bigint []", []),
        ("integer []", [[1, 2], [3, 4]]),
    ],
)
async def test_lists_of_all_kinds_go_there_and_back(
    database_for: Callable[[str], ServiceDatabase], kind: str, values: list[object]
):
    connection = await asyncpg.connect(database_for("points").runtime_url)
    try:
        assert await connection.fetchval(f"SELECT $1::{kind}", values) == values
    finally:
        await connection.close()


async def test_tuples_are_records_and_a_text_is_no_list(database_for: Callable[[str], ServiceDatabase]):
    connection = await asyncpg.connect(database_for("points").runtime_url)
    try:
        uses = [(1, 2, 3), (4, 5, 6)]
        told = await connection.fetch("SELECT * FROM unnest($1::door_use [])", uses)
        assert [tuple(row) for row in told] == uses
        with pytest.raises(asyncpg.DataError, match="sized iterable"):
            await connection.fetchval("SELECT $1::text []", "text")
    finally:
        await connection.close()


async def test_no_element_of_a_list_is_asked_what_it_is(database_for: Callable[[str], ServiceDatabase]):
    asked: Counter[str] = Counter()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            asked[frame.f_code.co_name] += 1

    database = Database(database_for("points").runtime_url, "test", pool_size=1, statement_timeout_seconds=10)
    connection = await database.writer.connect_alone({})
    try:
        await connection.fetchval("SELECT $1::integer []", [1])
        sys.setprofile(note)
        try:
            await connection.fetchval("SELECT $1::integer []", list(range(1_000)))
        finally:
            sys.setprofile(None)
    finally:
        await connection.close()
        await database.close()
    assert asked["__instancecheck__"] < 10, (
        "the driver's questions go by other names: see services/runtime/driver.py"
    )
