"""Programmes, partners, keys, staff, contracts, drafts, the audit log; rated entries, windows, statements; settlement; event log and inbox; what becomes of points."""

from pathlib import Path

from alembic import op

from services.runtime.alembic_env import make_subscription_tables, runtime_role

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQL = Path(__file__).with_name("0001_partners")
_FILES = (
    "registry.sql",
    "clearing.sql",
    "events.sql",
    "guards.sql",
    "proofs.sql",
    "staff.sql",
    "approvals.sql",
    "standing.sql",
    "rerates.sql",
    "settlement_runs.sql",
    "paid.sql",
    "payment_terms.sql",
    "audit.sql",
    "tax.sql",
    "liability.sql",
    "disputes.sql",
    "prefunding.sql",
    "quotas.sql",
    "api_keys.sql",
)
# Written once, never edited: the run-time role may add rows and read them.
_APPEND_ONLY = (
    "programme", "partner", "store", "staff", "staff_role", "rate_version", "rated_entry", "net", "matrix_cell",
    "statement", "statement_line", "statement_acceptance", "billing_version", "booking", "checkpoint", "partner_tree",
    "event_log", "legal_entity", "store_entity", "partner_role_version", "draft", "draft_decision", "credit_limit", "rerate",
    "audit_row", "settlement_run", "run_position", "run_step", "run_statement", "document", "money_journal", "money_entry",
    "payment", "payment_event", "payment_reminder", "bank_file", "bank_message", "bank_statement", "bank_item", "bank_break", "statement_gap",
    "break_event",
    "payment_terms_version", "operator_account_version",
    "tax_version", "tax_rule", "operator_version",
    "lot_movement",
    "partner_standing_version", "buy_out",
    "dispute_terms_version", "dispute", "dispute_event",
    "prefunding", "run_prefunding", "prefunding_movement", "quota_version",
    "api_key_roll", "api_key_addresses", "api_version_pin",
)  # fmt: skip


def upgrade() -> None:
    for name in _FILES:
        for statement in (_SQL / name).read_text().split("\n--;;\n"):
            op.execute(statement)
    make_subscription_tables()
    role = runtime_role()
    op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    op.execute(f"GRANT SELECT, INSERT ON {', '.join(_APPEND_ONLY)} TO {role}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE (revoked_at, revoked_by) ON api_key TO {role}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE (revoked_at, revoked_by) ON staff_token TO {role}")
    # Only who may change a row may lock it; a trigger refuses the change itself.
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON staff_head TO {role}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE (number, hash) ON audit_head TO {role}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE (state) ON clearing_window TO {role}")
    # Written by triggers alone.
    op.execute(f"GRANT SELECT ON partner_settled TO {role}")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE ON rating_head, rating_blocked, window_head, event_head, relay_cursor, settlement_head, "
        f"document_series, credit_standing, inbox, lot_head TO {role}"
    )


def downgrade() -> None:
    raise RuntimeError("rated entries and statements are not dropped by a migration")
