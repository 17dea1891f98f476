-- Versions of how a member is written to: addresses for push and chat, quiet hours, the order of channels. E-mail and phone are
-- personal fields. Sealed with the member's data key; the newest version counts, and one without a value says nothing any more.
CREATE TABLE member_contact (
    ledger_id    smallint    NOT NULL,
    member_id    uuid        NOT NULL,
    field        text        NOT NULL CONSTRAINT member_contact_field_check
        CHECK (field IN ('push', 'chat', 'quiet_hours', 'channels')),
    version      integer     NOT NULL CONSTRAINT member_contact_version_check CHECK (version > 0),
    sealed_value bytea
        CONSTRAINT member_contact_sealed_check CHECK (octet_length(sealed_value) > 12 + 16),
    changed_at   timestamptz NOT NULL,
    changed_by   uuid,
    actor        text        NOT NULL,
    CONSTRAINT member_contact_pk PRIMARY KEY (ledger_id, member_id, field, version),
    CONSTRAINT member_contact_member_fk FOREIGN KEY (ledger_id, member_id)
        REFERENCES member (ledger_id, member_id)
)
--;;
-- What a member said to a purpose, and to which wording; the newest of a purpose stands. Kept in the clear, since it proves
-- that somebody was allowed to write, and holds nothing that is personal but the id.
CREATE TABLE member_consent (
    ledger_id  smallint    NOT NULL,
    member_id  uuid        NOT NULL,
    number     integer     NOT NULL CONSTRAINT member_consent_number_check CHECK (number > 0),
    receipt_id uuid        NOT NULL,
    purpose    text        NOT NULL CONSTRAINT member_consent_purpose_check CHECK (purpose IN ('marketing')),
    given      boolean     NOT NULL,
    wording    text        NOT NULL
        CONSTRAINT member_consent_wording_check CHECK (wording ~ '^[A-Za-z0-9._:/-]{0,64}$'),
    source     text        NOT NULL
        CONSTRAINT member_consent_source_check CHECK (source ~ '^[A-Za-z0-9._:/-]{1,64}$'),
    said_at    timestamptz NOT NULL,
    said_by    uuid,
    actor      text        NOT NULL,
    CONSTRAINT member_consent_pk PRIMARY KEY (ledger_id, member_id, number),
    CONSTRAINT member_consent_receipt_uq UNIQUE (ledger_id, receipt_id),
    CONSTRAINT member_consent_given_check CHECK (NOT given OR wording <> ''),
    CONSTRAINT member_consent_member_fk FOREIGN KEY (ledger_id, member_id)
        REFERENCES member (ledger_id, member_id)
)
--;;
-- That somebody asked how a member is written to, what for, and why it was not told, where it was not.
CREATE TABLE contact_reading (
    ledger_id  smallint    NOT NULL,
    reading_id uuid        NOT NULL,
    member_id  uuid        NOT NULL,
    purpose    text        NOT NULL
        CONSTRAINT contact_reading_purpose_check CHECK (purpose IN ('service', 'marketing')),
    reason     text        NOT NULL
        CONSTRAINT contact_reading_reason_check CHECK (length(reason) BETWEEN 1 AND 64),
    read_at    timestamptz NOT NULL,
    why_not    text
        CONSTRAINT contact_reading_why_not_check CHECK (why_not IN ('closed', 'no_consent')),
    actor      text        NOT NULL,
    CONSTRAINT contact_reading_pk PRIMARY KEY (ledger_id, reading_id),
    CONSTRAINT contact_reading_member_fk FOREIGN KEY (ledger_id, member_id)
        REFERENCES member (ledger_id, member_id)
)
--;;
CREATE INDEX contact_reading_member_ix ON contact_reading (ledger_id, member_id, reading_id)
