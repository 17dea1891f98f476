"""Handles to a service's database. Reading and writing are different types: a read path cannot write."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import asyncpg
from sqlalchemy import Result, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql import Executable

from services.runtime import telemetry
from services.runtime.driver import ask_for_types
from services.runtime.errors import Unavailable
from services.runtime.settings import DatabaseSettings

ask_for_types()

if TYPE_CHECKING:
    # Generic in the stubs only.
    PgConnection = asyncpg.Connection[asyncpg.Record]
else:
    PgConnection = asyncpg.Connection

# What the driver says when the server goes away in the middle of something. InternalClientError is what
# asyncpg 0.32 raises where a rollback meets a connection that has just been lost.
LOST: Final = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)

T = TypeVar("T")
_ATTEMPTS_MAX: Final = 5
_CONNECT_SECONDS: Final = 10
# serialization_failure, deadlock_detected: nothing was done, the same work may simply be tried again.
_TRY_AGAIN: Final = frozenset({"40001", "40P01"})
# query_canceled: a statement that took too long would take too long again.
_TOO_LONG: Final = "57014"
# connection_exception, operator_intervention (shutdown, start, a statement that was ended), too_many_connections.
_AWAY: Final = ("08", "57", "53300")


class ReadConnection:
    """A read-only view of the database; the server itself refuses a write on it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def execute(self, statement: Executable, parameters: Any = None) -> Result[Any]:
        """Runs a query and answers its rows."""
        return await self._connection.execute(statement, parameters)

    async def driver(self) -> PgConnection:
        """The driver's connection beneath, for streams and hot reads; as read-only as this."""
        # SQLAlchemy begins on the server with the first statement of its own; before it, the driver's
        # statements would stand outside of the transaction.
        await self._connection.exec_driver_sql("SELECT 1")
        return await driver_of(self._connection)


class ReadDatabase:
    """Opens read-only connections."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[ReadConnection]:
        """A read-only transaction that sees one moment of the database throughout."""
        async with self._engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            async with connection.begin():
                yield ReadConnection(connection)


class WriteDatabase:
    """Opens transactions that may write."""

    def __init__(
        self, engine: AsyncEngine, connect: Callable[[Mapping[str, str]], Awaitable[PgConnection]]
    ) -> None:
        self._engine, self._connect = engine, connect

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncConnection]:
        """A READ COMMITTED transaction; leaving it by an exception rolls back."""
        async with self._engine.begin() as connection:
            yield connection

    async def run(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Runs work in a transaction, again where the server asked for it (deadlock, serialization).

        Work must do nothing outside of the transaction. Raises Unavailable after 5 attempts or when the
        server cannot be reached.
        """
        for _ in range(_ATTEMPTS_MAX):
            try:
                with telemetry.span("database.transaction"):
                    async with self.transaction() as connection:
                        return await work(connection)
            except DBAPIError as error:
                if sqlstate_of(error) in _TRY_AGAIN:
                    continue
                if is_away(error):
                    raise Unavailable("the database connection was lost") from error
                raise
            except OSError as error:
                raise Unavailable("the database cannot be reached") from error
        raise Unavailable(f"the database refused {_ATTEMPTS_MAX} attempts in a row")

    @asynccontextmanager
    async def dedicated(self) -> AsyncGenerator[PgConnection]:
        """A driver connection of its own with no transaction open, for the hot path and advisory locks."""
        async with self._engine.connect() as pooled:
            connection = await pooled.execution_options(isolation_level="AUTOCOMMIT")
            driver = await driver_of(connection)
            try:
                yield driver
            finally:
                await _forget_locks(connection, driver)

    async def connect_alone(self, server_settings: Mapping[str, str]) -> PgConnection:
        """A driver connection outside of the pool with settings of its own, for a hot path; the caller closes it."""
        return await self._connect(server_settings)


class Database:
    """A service's database: a reader, a writer, and the pool beneath them."""

    def __init__(self, url: str, process: str, pool_size: int, statement_timeout_seconds: int) -> None:
        server_settings = {
            "application_name": f"coalition-{process}",
            "statement_timeout": str(statement_timeout_seconds * 1000),
            # A process that stalls inside a transaction must not hold the head of a ledger.
            "idle_in_transaction_session_timeout": "15000",
            "jit": "off",
        }

        # What is no URL is refused at the start. A password may have characters that only this library takes as they are: the driver
        # would quote a part of it in its complaint.
        dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

        async def connect(more: Mapping[str, str]) -> PgConnection:
            # The driver reads the URL by itself, sslmode and sslrootcert as well; SQLAlchemy would not know them.
            return await asyncpg.connect(
                dsn, timeout=_CONNECT_SECONDS, server_settings={**server_settings, **more}
            )

        async def connect_pooled() -> PgConnection:
            return await connect({})

        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=connect_pooled,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
        )
        event.listen(self._engine.sync_engine, "checkout", _refuse_closed)
        self.reader = ReadDatabase(self._engine)
        self.writer = WriteDatabase(self._engine, connect)

    @classmethod
    def of(cls, settings: DatabaseSettings, process: str) -> Database:
        """The database that a service's settings name."""
        url = settings.database_url.get_secret_value()
        return cls(url, process, settings.database_pool_size, settings.statement_timeout_seconds)

    async def close(self) -> None:
        """Closes the pool."""
        await self._engine.dispose()


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """Passes over pooled connections that the server has closed, without a round trip.

    SQLAlchemy's own ping costs three of them each time (a tenth of a small transaction). A connection lost
    unnoticed still fails its first statement, once, and the call is tried again.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


async def _forget_locks(connection: AsyncConnection, driver: PgConnection) -> None:
    """Gives up the session's advisory locks: they would outlive the return to the pool, held by nobody."""
    try:
        await driver.execute("SELECT pg_advisory_unlock_all()")
    except (asyncpg.PostgresError, *LOST):
        # Lost, or left in the middle of something: the server gives the locks up with the session.
        await connection.invalidate()


async def driver_of(connection: AsyncConnection) -> PgConnection:
    """The asyncpg connection beneath a SQLAlchemy one.

    Inside a transaction, let SQLAlchemy run a statement first: it begins on the server only then.
    """
    raw = await connection.get_raw_connection()
    return cast("PgConnection", raw.driver_connection)


def is_away(error: BaseException) -> bool:
    """Whether the database, or whatever else was called, went away or takes nobody in, whichever library says so."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or sqlstate_of(error).startswith(_AWAY)
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate).startswith(_AWAY)
    if isinstance(error, asyncpg.InterfaceError):
        # Also what the driver says of a wrong use of it, which is a fault of ours.
        return "closed" in str(error)
    return isinstance(error, OSError | asyncpg.InternalClientError)


def is_passing(error: BaseException) -> bool:
    """Whether the database is to blame, not what was asked of it: it went away, or chose this one to give way."""
    if isinstance(error, DBAPIError) and sqlstate_of(error) in (*_TRY_AGAIN, _TOO_LONG):
        return sqlstate_of(error) != _TOO_LONG
    return isinstance(error, DBAPIError | asyncpg.PostgresError | asyncpg.InterfaceError) and is_away(error)


def sqlstate_of(error: DBAPIError) -> str:
    """The five-character SQLSTATE of a database error, or an empty string."""
    return str(getattr(error.orig, "sqlstate", None) or "")


def constraint_of(error: IntegrityError) -> str:
    """The name of the constraint that a write ran into, or an empty string."""
    cause = getattr(error.orig, "__cause__", None)
    return str(getattr(cause, "constraint_name", None) or "")
