-- What a programme says in its own words; the newest version counts. Without a body the platform's text again.
CREATE TABLE template_version (
    programme text NOT NULL,
    kind text NOT NULL,
    form text NOT NULL CONSTRAINT template_version_form_ck CHECK (form IN ('email', 'short')),
    language text NOT NULL,
    version integer NOT NULL CONSTRAINT template_version_number_ck CHECK (version > 0),
    subject text NOT NULL,
    body text,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    CONSTRAINT template_version_pk PRIMARY KEY (programme, kind, form, language, version),
    CONSTRAINT template_version_subject_ck CHECK (body IS NULL OR (form = 'email') = (subject <> ''))
)
--;;
-- Whether a programme sends a kind; the newest version counts.
CREATE TABLE kind_switch (
    programme text NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL CONSTRAINT kind_switch_number_ck CHECK (version > 0),
    is_on boolean NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    CONSTRAINT kind_switch_pk PRIMARY KEY (programme, kind, version)
)
--;;
CREATE TRIGGER template_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON template_version
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit()
--;;
CREATE TRIGGER kind_switch_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON kind_switch
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit()
