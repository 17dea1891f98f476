"""Members, their sealed identifiers and personal fields, their closing; keys, event log and relay cursor."""

from pathlib import Path

from alembic import op

from services.runtime.alembic_env import runtime_role

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQL = Path(__file__).with_name("0001_members")
_FILES = ("authority.sql",)
_TABLES = (
    # Never edited. What changes about a member is told by rows of other tables.
    """
    CREATE TABLE member (
        ledger_id   smallint    NOT NULL CONSTRAINT member_ledger_id_check CHECK (ledger_id > 0),
        member_id   uuid        NOT NULL,
        enrolled_by uuid,
        enrolled_at timestamptz NOT NULL,
        CONSTRAINT member_pk PRIMARY KEY (ledger_id, member_id)
    )
    """,
    # In a table of its own, so that destroying a member's key is deleting one row.
    """
    CREATE TABLE member_key (
        ledger_id        smallint NOT NULL,
        member_id        uuid     NOT NULL,
        wrapping_version smallint NOT NULL CONSTRAINT member_key_version_check CHECK (wrapping_version > 0),
        wrapped_key      bytea    NOT NULL
            CONSTRAINT member_key_wrapped_check CHECK (octet_length(wrapped_key) = 12 + 32 + 16),
        CONSTRAINT member_key_pk PRIMARY KEY (ledger_id, member_id),
        CONSTRAINT member_key_member_fk FOREIGN KEY (ledger_id, member_id)
            REFERENCES member (ledger_id, member_id)
    )
    """,
    """
    CREATE TABLE member_personal (
        ledger_id    smallint NOT NULL,
        member_id    uuid     NOT NULL,
        field        text     NOT NULL CONSTRAINT member_personal_field_check
            CHECK (field IN ('given_name', 'family_name', 'email', 'phone', 'birth_date')),
        sealed_value bytea    NOT NULL
            CONSTRAINT member_personal_sealed_check CHECK (octet_length(sealed_value) > 12 + 16),
        CONSTRAINT member_personal_pk PRIMARY KEY (ledger_id, member_id, field),
        CONSTRAINT member_personal_member_fk FOREIGN KEY (ledger_id, member_id)
            REFERENCES member (ledger_id, member_id)
    )
    """,
    # The hash covers kind, partner and value, so unique by hash is unique by all three. The index holds
    # the member's id as well: a look-up need not visit the table.
    """
    CREATE TABLE member_identifier (
        ledger_id    smallint NOT NULL,
        member_id    uuid     NOT NULL,
        number       smallint NOT NULL
            CONSTRAINT member_identifier_number_check CHECK (number BETWEEN 1 AND 11),
        kind         text     NOT NULL
            CONSTRAINT member_identifier_kind_check CHECK (kind IN ('card', 'partner_customer')),
        partner_id   uuid,
        lookup_hash  bytea    NOT NULL
            CONSTRAINT member_identifier_hash_check CHECK (octet_length(lookup_hash) = 32),
        sealed_value bytea    NOT NULL
            CONSTRAINT member_identifier_sealed_check CHECK (octet_length(sealed_value) > 12 + 16),
        CONSTRAINT member_identifier_pk PRIMARY KEY (ledger_id, member_id, number),
        CONSTRAINT member_identifier_lookup_uq UNIQUE (ledger_id, lookup_hash) INCLUDE (member_id),
        CONSTRAINT member_identifier_partner_check
            CHECK ((kind = 'partner_customer') = (partner_id IS NOT NULL)),
        CONSTRAINT member_identifier_member_fk FOREIGN KEY (ledger_id, member_id)
            REFERENCES member (ledger_id, member_id)
    )
    """,
    # A row is the closing; there is no way back.
    """
    CREATE TABLE member_closure (
        ledger_id smallint    NOT NULL,
        member_id uuid        NOT NULL,
        closed_at timestamptz NOT NULL,
        closed_by uuid,
        actor     text        NOT NULL,
        CONSTRAINT member_closure_pk PRIMARY KEY (ledger_id, member_id),
        CONSTRAINT member_closure_member_fk FOREIGN KEY (ledger_id, member_id)
            REFERENCES member (ledger_id, member_id)
    )
    """,
    """
    CREATE TABLE idempotency (
        ledger_id    smallint    NOT NULL,
        partner_id   uuid        NOT NULL,
        key          text        NOT NULL,
        operation    text        NOT NULL,
        request_hash bytea       NOT NULL,
        response     bytea,
        created_at   timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT idempotency_pk PRIMARY KEY (ledger_id, partner_id, key)
    )
    """,
    """
    CREATE TABLE event_head (
        ledger_id     smallint NOT NULL,
        programme     text     NOT NULL,
        pos           bigint   NOT NULL CONSTRAINT event_head_pos_check CHECK (pos >= 0),
        partition_pos bigint[] NOT NULL
            CONSTRAINT event_head_partitions_check CHECK (cardinality(partition_pos) = 16),
        CONSTRAINT event_head_pk PRIMARY KEY (ledger_id)
    )
    """,
    """
    CREATE TABLE event_log (
        ledger_id      smallint    NOT NULL,
        pos            bigint      NOT NULL CONSTRAINT event_log_pos_check CHECK (pos > 0),
        type           text        NOT NULL,
        partition      smallint    NOT NULL
            CONSTRAINT event_log_partition_check CHECK (partition BETWEEN 0 AND 15),
        partition_prev bigint      NOT NULL,
        partner_id     uuid,
        seq            bigint,
        recorded_at    timestamptz NOT NULL,
        traceparent    text        NOT NULL DEFAULT '',
        payload        bytea       NOT NULL,
        CONSTRAINT event_log_pk PRIMARY KEY (ledger_id, pos)
    )
    """,
    """
    CREATE TABLE relay_cursor (
        ledger_id smallint NOT NULL,
        pos       bigint   NOT NULL,
        CONSTRAINT relay_cursor_pk PRIMARY KEY (ledger_id)
    )
    """,
)

# The grants below keep the run-time role from editing; this keeps everybody from it.
_REFUSE_EDIT = """
CREATE FUNCTION refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""
_JOURNALS = ("member", "member_closure", "event_log")

# Table → what the run-time role may do beside SELECT and INSERT.
_GRANTS = {
    "member": "",
    "member_key": "",
    "member_personal": "",
    "member_identifier": "",
    "member_closure": "",
    "event_log": "",
    "idempotency": ", UPDATE (response)",
    "event_head": ", UPDATE (pos, partition_pos)",
    "relay_cursor": ", UPDATE (pos)",
    "app_token_use": ", DELETE",
    "app_token_replay": "",
    "member_pin": "",
    "member_pin_guard": ", UPDATE (wrong, locks, locked_until)",
    "pin_pass": ", UPDATE (misses), DELETE",
}


def upgrade() -> None:
    for statement in _TABLES:
        op.execute(statement)
    op.execute(_REFUSE_EDIT)
    for name in _FILES:
        for statement in (_SQL / name).read_text().split("\n--;;\n"):
            op.execute(statement)
    for table in _JOURNALS:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit()"
        )
    role = runtime_role()
    op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    for table, further in _GRANTS.items():
        op.execute(f"GRANT SELECT, INSERT{further} ON {table} TO {role}")


def downgrade() -> None:
    """Migrations only go forward; a mistake is mended by the next one."""
    raise RuntimeError
