"""What every service's `migrations/env.py` does: run its Alembic migrations on the launcher's connection.

A migration grants its tables to the service's run-time role, whose name depends on the installation:

    op.execute(f"GRANT SELECT, INSERT ON posting TO {runtime_role()}")

The tables that every subscribing service has beside its inbox are made by `make_subscription_tables`.

Migrations run as the owner role, in one transaction each, under lock and statement time-outs.
"""

from pathlib import Path
from typing import Final

from alembic import context, op
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql

#: Keys of `alembic.config.Config.attributes` that the launcher fills.
CONNECTION = "connection"
RUNTIME_ROLE = "runtime_role"
_SUBSCRIPTIONS: Final = Path(__file__).with_name("subscribing") / "subscriptions.sql"


def runtime_role() -> str:
    """Name of the role that the service connects as, quoted for SQL. Raises KeyError outside a migration."""
    role: str = context.config.attributes[RUNTIME_ROLE]
    return postgresql.dialect().identifier_preparer.quote(role)


def make_subscription_tables() -> None:
    """Makes pauses, replays and dead letters of a service's subscribers, and lets its run-time role work with them.

    What a released migration has made stays as it is: a change of these tables is a migration of each service.
    """
    for statement in _SUBSCRIPTIONS.read_text().split("\n--;;\n"):
        op.execute(statement)
    op.execute(
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON subscription_pause, subscription_replay, dead_letter TO {runtime_role()}"
    )


def run() -> None:
    """Run the migrations Alembic was asked for; `env.py` calls this when it is loaded.

    Raises RuntimeError when a bare `alembic` command loads it: `coalition migrate` supplies the roles,
    the locks and the connection.
    """
    if context.is_offline_mode():
        context.configure(dialect_name="postgresql", literal_binds=True, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    connection: Connection | None = context.config.attributes.get(CONNECTION)
    if connection is None:
        raise RuntimeError(
            "run migrations with `coalition migrate`, which makes the roles and takes the lock"
        )
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
