"""Databases, roles and tables of every service, from one administrator's URL.

For a service whose run-time URL names user U and database D:

    U_owner   NOLOGIN, owns D and all in it; migrations run as it
    U         LOGIN with the URL's password, and only the rights that migrations grant it
    D         owned by U_owner, closed to PUBLIC

All names come from the URL, so several installations (or parallel tests) share one server.
"""

import base64
import hashlib
import hmac
import secrets
import zlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import asyncpg

from services.launcher.errors import MigrationFailed

if TYPE_CHECKING:
    # Generic in the stubs only.
    PgConnection = asyncpg.Connection[asyncpg.Record]

CONNECT_TIMEOUT_SECONDS: Final = 10.0
#: How long to wait for another `coalition migrate` to finish.
TURN_TIMEOUT_SECONDS: Final = 120
#: A migration that cannot get its table lock gives up, rather than queue in front of the live traffic.
LOCK_TIMEOUT_SECONDS: Final = 5
SCRAM_ITERATIONS: Final = 4096
PG_VERSION_MIN: Final = 150_000
PG_VERSION_WITH_SET: Final = 160_000


@dataclass(frozen=True)
class RuntimeAccess:
    """What a service's run-time URL says: its role, password and database."""

    role: str
    password: str
    database: str

    @property
    def owner(self) -> str:
        """The role that owns the database and runs the migrations."""
        return f"{self.role}_owner"

    @classmethod
    def of(cls, url: str) -> "RuntimeAccess":
        """Read it from postgresql://user:password@host:port/database. Raises MigrationFailed."""
        parts = urlsplit(url)
        access = cls(
            unquote(parts.username or ""), unquote(parts.password or ""), unquote(parts.path.lstrip("/"))
        )
        if not (access.role and access.password and access.database):
            raise MigrationFailed(
                f"a service's database URL needs user, password and database: postgresql://"
                f"{access.role or 'USER'}:{'…' if access.password else 'PASSWORD'}@{parts.hostname or 'HOST'}"
                f"/{access.database or 'DATABASE'}"
            )
        if not access.password.isascii():
            raise MigrationFailed(
                f"the password of role {access.role} has characters other than ASCII: use another"
            )
        return access


@dataclass(frozen=True)
class MigrationState:
    """Revisions of one service's database: `current` is empty when there is no database or no table yet."""

    service: str
    current: frozenset[str]
    heads: frozenset[str]

    @property
    def is_current(self) -> bool:
        """Whether nothing is left to run."""
        return self.current == self.heads


async def migrate(admin_url: str, runtime_urls: Mapping[str, str]) -> None:
    """Bring every service named in `runtime_urls` up to date, one after the other. Raises MigrationFailed."""
    for service, runtime_url in runtime_urls.items():
        await migrate_service(admin_url, runtime_url, service)


async def migrate_service(admin_url: str, runtime_url: str, service: str) -> None:
    """Make the roles and the database of one service and run its migrations; safe to repeat and to race.

    Raises MigrationFailed, with PostgreSQL's message and what it was about.
    """
    access = RuntimeAccess.of(runtime_url)
    try:
        async with _turn(admin_url, None, f"coalition roles {access.role}") as admin:
            await _ensure_roles(admin, access)
            await _ensure_database(admin, access)
        async with _turn(admin_url, access.database, f"coalition migrations {access.database}"):
            # Alembic takes a second to import, which every command and every unit test would pay.
            from services.launcher import revisions

            await revisions.upgrade(lambda: _connect(admin_url, access.database), access, service)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise MigrationFailed(f"migrating {service} (database {access.database}): {error}") from error


async def migration_state(admin_url: str, runtime_url: str, service: str) -> MigrationState:
    """What has run and what should have. Raises OSError or asyncpg.PostgresError when it cannot connect."""
    from services.launcher import revisions

    heads = revisions.heads(service)
    try:
        connection = await _connect(admin_url, RuntimeAccess.of(runtime_url).database)
    except asyncpg.InvalidCatalogNameError:
        return MigrationState(service, frozenset(), heads)
    try:
        rows = await connection.fetch("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        rows = []
    finally:
        await connection.close(timeout=CONNECT_TIMEOUT_SECONDS)
    return MigrationState(service, frozenset(row["version_num"] for row in rows), heads)


@asynccontextmanager
async def _turn(admin_url: str, database: str | None, purpose: str) -> AsyncGenerator["PgConnection"]:
    """A connection that holds the advisory lock for `purpose`: Alembic has no lock of its own."""
    connection = await _connect(admin_url, database)
    try:
        key = zlib.crc32(purpose.encode())
        await connection.execute(f"SET lock_timeout = '{TURN_TIMEOUT_SECONDS}s'")
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", key)
        except asyncpg.LockNotAvailableError as error:
            raise MigrationFailed(
                f"another migration ({purpose}) has run for over {TURN_TIMEOUT_SECONDS} s: wait for it, or look "
                "for it in pg_stat_activity"
            ) from error
        await connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
        yield connection
    finally:
        # Ends the session, and with it the lock.
        await connection.close(timeout=CONNECT_TIMEOUT_SECONDS)


async def _connect(admin_url: str, database: str | None) -> "PgConnection":
    return await asyncpg.connect(
        admin_url,
        database=database,
        timeout=CONNECT_TIMEOUT_SECONDS,
        server_settings={"application_name": "coalition migrate"},
    )


async def _ensure_roles(admin: "PgConnection", access: RuntimeAccess) -> None:
    version = int(await admin.fetchval("SHOW server_version_num"))
    if version < PG_VERSION_MIN:
        raise MigrationFailed(f"PostgreSQL {version // 10_000} is too old: 15 or later is needed")
    known = {row["rolname"] for row in await admin.fetch("SELECT rolname FROM pg_roles")}
    owner, role = quoted(access.owner), quoted(access.role)
    if access.owner not in known:
        await admin.execute(f"CREATE ROLE {owner} NOLOGIN")
    # Since 16, whoever makes a role may administer it and yet not act as it.
    right = "SET" if version >= PG_VERSION_WITH_SET else "MEMBER"
    if not await admin.fetchval("SELECT pg_has_role(current_user, $1, $2)", access.owner, right):
        # An administrator who is no superuser (managed servers) acts as the owner by membership.
        await admin.execute(f"GRANT {owner} TO CURRENT_USER")
    verb = "ALTER" if access.role in known else "CREATE"
    # The verifier instead of the password: statements end up in logs.
    await admin.execute(f"{verb} ROLE {role} LOGIN PASSWORD '{scram_verifier(access.password)}'")


async def _ensure_database(admin: "PgConnection", access: RuntimeAccess) -> None:
    database, owner, role = quoted(access.database), quoted(access.owner), quoted(access.role)
    exists = await admin.fetchval("SELECT true FROM pg_database WHERE datname = $1", access.database)
    if not exists:
        await admin.execute(f"CREATE DATABASE {database} OWNER {owner}")
    await admin.execute(f"REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC")
    await admin.execute(f"GRANT CONNECT ON DATABASE {database} TO {role}")


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """What PostgreSQL stores for a password: SCRAM-SHA-256, RFC 5802 and RFC 7677."""
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    stored, salt_text, server = (
        base64.b64encode(part).decode() for part in (hashlib.sha256(client_key).digest(), salt, server_key)
    )
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{salt_text}${stored}:{server}"


def quoted(name: str) -> str:
    """An identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'
