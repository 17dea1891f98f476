"""The ledger: head, accounts, journal, lots, purchases, decisions, event log, chain, and the two functions of the door."""

from pathlib import Path

from alembic import op

from services.runtime.alembic_env import make_subscription_tables, runtime_role

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQL = Path(__file__).with_name("0001_ledger")
_FILES = ("tables.sql", "guards.sql", "erase.sql", "chain.sql", "door.sql", "guarding.sql")
# Written once, never edited: the run-time role may add rows and read them.
_APPEND_ONLY = (
    "ledger", "account", "posting", "lot_use", "lot_matured", "lot_return", "refund", "debt", "debt_use", "expiry_notice", "expiry_policy", "hold",
    "hold_lot", "hold_end", "purchase", "decision", "batch", "cut", "earn_rate", "refund_rule", "closed_member", "event_log", "floor_change",
    "waiting_refund", "transfer_limit", "adjustment_limit", "proposal", "proposal_decision", "adjustment", "adjustment_note", "merged_wallet",
    "campaign_version", "campaign_grant", "budget_load", "parked_earn", "burn_rule", "burn_worth", "partner_standing",
    "burn_guard", "flag", "flag_review", "movement_metadata",
)  # fmt: skip


def upgrade() -> None:
    for name in _FILES:
        for statement in (_SQL / name).read_text().split("\n--;;\n"):
            op.execute(statement)
    make_subscription_tables()
    role = runtime_role()
    op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    op.execute(f"GRANT SELECT, INSERT ON {', '.join(_APPEND_ONLY)} TO {role}")
    op.execute(f"GRANT SELECT ON entry, erased_reference TO {role}")
    op.execute(f"GRANT EXECUTE ON FUNCTION ledger_erase(smallint, bigint [], bytea []) TO {role}")
    op.execute(f"GRANT EXECUTE ON FUNCTION ledger_erase_rejected(smallint, uuid) TO {role}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON ledger_head, event_head, relay_cursor, inbox TO {role}")
    op.execute(
        f"GRANT SELECT, INSERT, UPDATE (debits, credits, reserved, released, credit_floor, parks, expires_at) ON balance TO {role}"
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE (remaining, reserved, open, pending) ON lot TO {role}")
    op.execute(f"GRANT UPDATE (open) ON hold, waiting_refund, parked_earn TO {role}")
    op.execute(f"GRANT SELECT, INSERT, DELETE ON day_count TO {role}")
    op.execute(f"GRANT UPDATE (times, points, times_before, points_before, allowed) ON day_count TO {role}")
    op.execute(f"GRANT UPDATE (remaining, open) ON debt TO {role}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE (barred, changed_at) ON burn_bar TO {role}")


def downgrade() -> None:
    raise RuntimeError("the journal is not dropped by a migration")
