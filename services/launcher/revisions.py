"""A service's Alembic migrations, run by program: each service keeps its own under `migrations/versions`."""

import io
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from services.launcher.errors import MigrationFailed
from services.launcher.migrate import LOCK_TIMEOUT_SECONDS, RuntimeAccess, quoted
from services.launcher.processes import SERVICES_DIR
from services.runtime import alembic_env

if TYPE_CHECKING:
    # Generic in the stubs only.
    PgConnection = asyncpg.Connection[asyncpg.Record]

STATEMENT_TIMEOUT_SECONDS: Final = 300


def heads(service: str) -> frozenset[str]:
    """The revisions that a database of the service should be at."""
    return frozenset(ScriptDirectory.from_config(alembic_config(service)).get_heads())


async def upgrade(
    connect: Callable[[], Awaitable["PgConnection"]], access: RuntimeAccess, service: str
) -> None:
    """Run what has not run yet, as the owner role; `connect` gives an administrator's connection.

    Raises MigrationFailed. Not for two threads at once: Alembic's context is global.
    """
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    config = alembic_config(service)
    config.attributes[alembic_env.RUNTIME_ROLE] = access.role

    def run(connection: Connection) -> None:
        connection.exec_driver_sql(f"SET ROLE {quoted(access.owner)}")
        connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
        connection.exec_driver_sql(f"SET statement_timeout = '{STATEMENT_TIMEOUT_SECONDS}s'")
        connection.commit()
        config.attributes[alembic_env.CONNECTION] = connection
        command.upgrade(config, "heads")
        connection.commit()

    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
    except MigrationFailed:
        raise
    except Exception as error:
        # Migrations are programs: whatever they raise is a failed migration, and says which one it was.
        raise MigrationFailed(
            f"a migration of {service} failed in database {access.database}: {error}"
        ) from error
    finally:
        await engine.dispose()


def migration_sql(service: str, runtime_role: str) -> str:
    """The SQL of all the service's migrations, for review and for linters; touches no database."""
    output = io.StringIO()
    config = alembic_config(service)
    config.output_buffer = output
    config.attributes[alembic_env.RUNTIME_ROLE] = runtime_role
    command.upgrade(config, "heads", sql=True)
    return output.getvalue()


def alembic_config(service: str) -> Config:
    """Alembic's configuration for a service, without a file."""
    config = Config()
    # Config files interpolate %, and a path may hold one.
    folder = str(SERVICES_DIR / service / "migrations").replace("%", "%%")
    config.set_main_option("script_location", folder)
    config.set_main_option("path_separator", "os")
    return config
