from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
import pytest_asyncio
from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy import MetaData
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from services.runtime.database import Database
from services.runtime.errors import Conflict, InvalidRequest
from services.runtime.idempotency import Idempotency, Scope, idempotency_table
from services.runtime.ids import new_id
from tests.support.points_database import as_superuser
from tests.support.servers import ServiceDatabase
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

TABLE = idempotency_table(MetaData())


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def table(given: ServiceDatabase) -> AsyncIterator[None]:
    """The table of keys, as a service's migration would make it."""
    async with as_superuser(given) as connection:
        await connection.execute(str(CreateTable(TABLE).compile(dialect=postgresql.dialect())))
        await connection.execute("GRANT ALL ON idempotency TO PUBLIC")
    yield


class Work:
    """Something with an effect, counted."""

    def __init__(self) -> None:
        self.done = 0

    async def __call__(self) -> bytes:
        self.done += 1
        return f"answer {self.done}".encode()


async def _once(
    database: Database, scope: Scope, key: str, request: bytes, work: Work, operation: str = "Enrol"
) -> tuple[bytes, bool]:
    async with database.writer.transaction() as connection:
        return await Idempotency(TABLE).once(connection, scope, key, operation, request, work)


def _scope() -> Scope:
    return Scope(1, new_id())


async def test_the_same_request_gets_the_first_answer(database: Database) -> None:
    work, scope = Work(), _scope()
    first = await _once(database, scope, "k", b"request", work)
    again = await _once(database, scope, "k", b"request", work)
    assert (first, again, work.done) == ((b"answer 1", False), (b"answer 1", True), 1)


async def test_another_request_or_operation_under_the_key_is_a_conflict(database: Database) -> None:
    work, scope = Work(), _scope()
    await _once(database, scope, "k", b"request", work)
    for request, operation in ((b"other", "Enrol"), (b"request", "Close")):
        with pytest.raises(Conflict) as caught:
            await _once(database, scope, "k", request, work, operation)
        assert caught.value.reason == Reason.REASON_IDEMPOTENCY_KEY_REUSED
        assert caught.value.metadata == {"key": "k"}
    assert work.done == 1


async def test_partners_programmes_and_the_platform_have_keys_of_their_own(database: Database) -> None:
    work, partner = Work(), new_id()
    for scope in (Scope(1, partner), Scope(2, partner), Scope(1, new_id()), Scope(1, UUID(int=0))):
        assert not (await _once(database, scope, "k", b"request", work))[1]
    assert work.done == 4


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_a_key_has_1_to_255_characters(database: Database, key: str) -> None:
    work = Work()
    with pytest.raises(InvalidRequest) as caught:
        await _once(database, _scope(), key, b"request", work)
    assert (caught.value.reason, work.done) == (Reason.REASON_IDEMPOTENCY_KEY_MISSING, 0)
    await _once(database, _scope(), "k" * 255, b"request", work)


async def test_what_fails_is_not_remembered(database: Database) -> None:
    scope, work = _scope(), Work()

    async def fail() -> bytes:
        raise RuntimeError("not today")

    with pytest.raises(RuntimeError):
        async with database.writer.transaction() as connection:
            await Idempotency(TABLE).once(connection, scope, "k", "Enrol", b"request", fail)
    assert await _once(database, scope, "k", b"another request", work) == (b"answer 1", False)


@pytest.mark.parametrize("commits", [True, False])
async def test_a_twin_at_the_same_time_waits_and_replays_or_does_it_itself(
    database: Database, given: ServiceDatabase, commits: bool
) -> None:
    scope, work, key = _scope(), Work(), secrets.token_hex(4)
    async with database.writer.transaction() as connection:
        first = await Idempotency(TABLE).once(connection, scope, key, "Enrol", b"request", work)
        twin = asyncio.create_task(_once(database, scope, key, b"request", work))
        await until(lambda: _waits(given))
        if not commits:
            await connection.rollback()
    assert first == (b"answer 1", False)
    assert await twin == ((b"answer 1", True) if commits else (b"answer 2", False))


async def _waits(given: ServiceDatabase) -> bool:
    async with as_superuser(given) as connection:
        return await connection.fetchval(
            "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )


async def test_many_at_once_do_it_once(database: Database) -> None:
    scope, work = _scope(), Work()
    answers = await asyncio.gather(*(_once(database, scope, "k", b"request", work) for _ in range(12)))
    assert work.done == 1
    assert sorted(replayed for _, replayed in answers) == [False] + [True] * 11
    assert {answer for answer, _ in answers} == {b"answer 1"}
