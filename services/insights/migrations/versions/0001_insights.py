"""Facts that events have told, the views that figures are read from, inbox and orders of the subscribers."""

from pathlib import Path

from alembic import op

from services.runtime.alembic_env import make_subscription_tables, runtime_role

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQL = Path(__file__).with_name("0001_insights")
_FILES = ("facts.sql", "views.sql", "inbox.sql")
# All of it can be made anew from events, so all of it may be emptied.
_TABLES = (
    "programme", "partner", "closed_window", "member", "merged", "sale", "refund", "movement",
    "inbox",
)  # fmt: skip
_VIEWS = ("purchase", "redemption", "issue")


def upgrade() -> None:
    for name in _FILES:
        for statement in (_SQL / name).read_text().split("\n--;;\n"):
            op.execute(statement)
    make_subscription_tables()
    role = runtime_role()
    op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(_TABLES)} TO {role}")
    op.execute(f"GRANT SELECT ON {', '.join(_VIEWS)} TO {role}")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward; a mistake is mended by the next one")
