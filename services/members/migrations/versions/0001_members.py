"""Members, their sealed identifiers and personal fields, their closing; keys, event log and relay cursor."""

from pathlib import Path

from alembic import op

from services.runtime.alembic_env import runtime_role

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQL = Path(__file__).with_name("0001_members")
_FILES = ("authority.sql", "codes.sql", "preferences.sql")
_TABLES = (
    # Never edited. What changes about a member is told by rows of other tables.
    """
    CREATE TABLE member (
        ledger_id   smallint    NOT NULL CONSTRAINT member_ledger_id_check CHECK (ledger_id > 0),
        member_id   uuid        NOT NULL,
        enrolled_by uuid,
        enrolled_at timestamptz NOT NULL,
        -- A card earned that nobody had enrolled: nobody's member, until one claims it.
        anonymous   boolean     NOT NULL,
        CONSTRAINT member_pk PRIMARY KEY (ledger_id, member_id),
        CONSTRAINT member_anonymous_check CHECK (NOT anonymous OR enrolled_by IS NULL)
    )
    """,
    # A row is the claiming; from then on the member is as if claimed_by had enrolled it.
    """
    CREATE TABLE member_claim (
        ledger_id  smallint    NOT NULL,
        member_id  uuid        NOT NULL,
        claimed_by uuid,
        claimed_at timestamptz NOT NULL,
        actor      text        NOT NULL,
        CONSTRAINT member_claim_pk PRIMARY KEY (ledger_id, member_id),
        CONSTRAINT member_claim_member_fk FOREIGN KEY (ledger_id, member_id)
            REFERENCES member (ledger_id, member_id)
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
    # The newest version of a field counts; without a value the field says nothing any more. A phone number and an
    # e-mail address are found by their hash, which more than one member may have: families share them.
    """
    CREATE TABLE member_personal (
        ledger_id    smallint NOT NULL,
        member_id    uuid     NOT NULL,
        field        text     NOT NULL CONSTRAINT member_personal_field_check
            CHECK (field IN ('given_name', 'family_name', 'email', 'phone', 'birth_date', 'language')),
        version      integer  NOT NULL CONSTRAINT member_personal_version_check CHECK (version > 0),
        sealed_value bytea
            CONSTRAINT member_personal_sealed_check CHECK (octet_length(sealed_value) > 12 + 16),
        lookup_hash  bytea
            CONSTRAINT member_personal_hash_check CHECK (octet_length(lookup_hash) = 32),
        CONSTRAINT member_personal_pk PRIMARY KEY (ledger_id, member_id, field, version),
        CONSTRAINT member_personal_found_check CHECK (
            (lookup_hash IS NOT NULL) = (field IN ('email', 'phone') AND sealed_value IS NOT NULL)
        ),
        CONSTRAINT member_personal_member_fk FOREIGN KEY (ledger_id, member_id)
            REFERENCES member (ledger_id, member_id)
    )
    """,
    """
    CREATE INDEX member_personal_lookup_ix ON member_personal (ledger_id, lookup_hash)
        WHERE lookup_hash IS NOT NULL
    """,
    # Who changed the personal fields of a member, and when; the values are those of the version.
    """
    CREATE TABLE member_change (
        ledger_id  smallint    NOT NULL,
        member_id  uuid        NOT NULL,
        version    integer     NOT NULL CONSTRAINT member_change_version_check CHECK (version > 0),
        changed_at timestamptz NOT NULL,
        changed_by uuid,
        actor      text        NOT NULL,
        CONSTRAINT member_change_pk PRIMARY KEY (ledger_id, member_id, version),
        CONSTRAINT member_change_member_fk FOREIGN KEY (ledger_id, member_id)
            REFERENCES member (ledger_id, member_id)
    )
    """,
    # Whether a member works for a partner; the newest version counts.
    """
    CREATE TABLE member_employment (
        ledger_id  smallint    NOT NULL,
        member_id  uuid        NOT NULL,
        partner_id uuid        NOT NULL,
        version    integer     NOT NULL CONSTRAINT member_employment_version_check CHECK (version > 0),
        employed   boolean     NOT NULL,
        changed_at timestamptz NOT NULL,
        actor      text        NOT NULL,
        CONSTRAINT member_employment_pk PRIMARY KEY (ledger_id, member_id, partner_id, version),
        CONSTRAINT member_employment_member_fk FOREIGN KEY (ledger_id, member_id)
            REFERENCES member (ledger_id, member_id)
    )
    """,
    # To whom cards of a prefix and a length are issued from a moment on; NULL: to nobody any more.
    """
    CREATE TABLE card_range (
        ledger_id  smallint    NOT NULL CONSTRAINT card_range_ledger_id_check CHECK (ledger_id > 0),
        prefix     text        NOT NULL CONSTRAINT card_range_prefix_check CHECK (prefix ~ '^[0-9]{2,12}$'),
        digits     smallint    NOT NULL,
        valid_from timestamptz NOT NULL,
        partner_id uuid,
        set_by     text        NOT NULL,
        set_at     timestamptz NOT NULL,
        CONSTRAINT card_range_pk PRIMARY KEY (ledger_id, prefix, digits, valid_from),
        CONSTRAINT card_range_digits_check CHECK (digits BETWEEN 8 AND 19 AND digits >= length(prefix) + 4)
    )
    """,
    # What a till or an API key asked for in a window in which it met identifiers that nobody has.
    """
    CREATE TABLE lookup_count (
        ledger_id    smallint    NOT NULL,
        partner_id   uuid        NOT NULL,
        window_start timestamptz NOT NULL,
        api_key      text        NOT NULL,
        store        text        NOT NULL,
        till         text        NOT NULL,
        unknown      bigint      NOT NULL CONSTRAINT lookup_count_unknown_check CHECK (unknown >= 0),
        enrolled     bigint      NOT NULL CONSTRAINT lookup_count_enrolled_check CHECK (enrolled >= 0),
        known        bigint      NOT NULL CONSTRAINT lookup_count_known_check CHECK (known >= 0),
        CONSTRAINT lookup_count_pk PRIMARY KEY (ledger_id, partner_id, window_start, api_key, store, till)
    )
    """,
    """
    CREATE INDEX lookup_count_window_ix ON lookup_count (window_start)
    """,
    # That a source went over the limit; once for each window.
    """
    CREATE TABLE lookup_suspicion (
        ledger_id      smallint    NOT NULL,
        partner_id     uuid        NOT NULL,
        window_start   timestamptz NOT NULL,
        api_key        text        NOT NULL,
        store          text        NOT NULL,
        till           text        NOT NULL,
        window_seconds integer     NOT NULL,
        unknown        bigint      NOT NULL,
        enrolled       bigint      NOT NULL,
        known          bigint      NOT NULL,
        suspected_at   timestamptz NOT NULL,
        CONSTRAINT lookup_suspicion_pk PRIMARY KEY (ledger_id, partner_id, window_start, api_key, store, till)
    )
    """,
    """
    CREATE INDEX lookup_suspicion_newest_ix ON lookup_suspicion (ledger_id, suspected_at)
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
_JOURNALS = (
    "member",
    "member_claim",
    "member_change",
    "member_employment",
    "member_closure",
    "card_range",
    "lookup_suspicion",
    "member_consent",
    "contact_reading",
    "event_log",
)

# Table → what the run-time role may do beside SELECT and INSERT.
_GRANTS = {
    "member": "",
    "member_key": "",
    "member_personal": "",
    "member_identifier": "",
    "member_closure": "",
    "member_claim": "",
    "member_change": "",
    "member_employment": "",
    "card_range": "",
    "lookup_suspicion": "",
    "lookup_count": ", UPDATE (unknown, enrolled, known), DELETE",
    "event_log": "",
    "idempotency": ", UPDATE (response)",
    "event_head": ", UPDATE (pos, partition_pos)",
    "relay_cursor": ", UPDATE (pos)",
    "app_token_use": ", DELETE",
    "app_token_replay": "",
    "member_pin": "",
    "member_pin_guard": ", UPDATE (locks, locked_until)",
    "partner_pin_guard": ", UPDATE (wrong, locks, locked_until, recent, recent_since)",
    "member_contact": "",
    "member_consent": "",
    "contact_reading": "",
    "pin_pass": ", UPDATE (misses), DELETE",
    "one_time_code": ", UPDATE (wrong, used_key), DELETE",
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
