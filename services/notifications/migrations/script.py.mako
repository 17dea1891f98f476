"""${message}

Revision: ${up_revision}, after: ${down_revision | comma,n}
"""

from alembic import op

from services.runtime.alembic_env import runtime_role

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Compatible with the version of the service that still runs meanwhile."""
    ${upgrades if upgrades else 'op.execute(f"GRANT SELECT ON … TO {runtime_role()}")'}


def downgrade() -> None:
    """Migrations only go forward; a mistake is mended by the next one."""
    raise RuntimeError("migrations only go forward; a mistake is mended by the next one")
