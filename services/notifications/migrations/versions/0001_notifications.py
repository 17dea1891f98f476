"""Notices and the log of their deliveries; a programme's own texts and switches; inbox and what is set aside."""

from pathlib import Path

from alembic import op

from services.runtime.alembic_env import make_subscription_tables, runtime_role

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQL = Path(__file__).with_name("0001_notifications")
_FILES = ("notices.sql", "templates.sql", "inbox.sql")
# Table → what the run-time role may do beside SELECT and INSERT.
_GRANTS = {
    "notice": ", UPDATE (state, why, channel, attempts, steps, due_at, leased_until, ended_at), DELETE",
    "delivery": ", DELETE",
    "template_version": "",
    "kind_switch": "",
    "subscriber_start": "",
    "programme_clock": ", UPDATE (offset_us), DELETE",
    "inbox": ", UPDATE (pos)",
}


def upgrade() -> None:
    for name in _FILES:
        for statement in (_SQL / name).read_text().split("\n--;;\n"):
            op.execute(statement)
    make_subscription_tables()
    role = runtime_role()
    op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    for table, further in _GRANTS.items():
        op.execute(f"GRANT SELECT, INSERT{further} ON {table} TO {role}")


def downgrade() -> None:
    """Migrations only go forward; a mistake is mended by the next one."""
    raise RuntimeError
