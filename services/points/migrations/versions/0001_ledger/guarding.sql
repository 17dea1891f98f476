CREATE TABLE burn_guard (
    ledger_id smallint NOT NULL,
    version bigint NOT NULL,
    partner_id uuid NOT NULL,
    offline_points bigint NOT NULL,
    card_points bigint NOT NULL,
    pin_points bigint NOT NULL,
    member_burns bigint NOT NULL,
    member_points bigint NOT NULL,
    card_burns bigint NOT NULL,
    card_burn_points bigint NOT NULL,
    till_burns bigint NOT NULL,
    till_burn_points bigint NOT NULL,
    member_earns bigint NOT NULL,
    member_earned bigint NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT burn_guard_pk PRIMARY KEY (ledger_id, version),
    CONSTRAINT burn_guard_shown_ck CHECK (least(offline_points, card_points, pin_points) >= 0 AND greatest(offline_points, card_points, pin_points) <= 1000000000),
    CONSTRAINT burn_guard_limits_ck CHECK (
        least(member_burns, member_points, card_burns, card_burn_points, till_burns, till_burn_points, member_earns, member_earned) >= 0
        AND greatest(member_burns, member_points, card_burns, card_burn_points, till_burns, till_burn_points, member_earns, member_earned) <= 1000000000
    )
)
--;;
COMMENT ON TABLE burn_guard IS 'What must be shown at a partner for a burn of so many points, and how often and how much a day; the highest version of a partner counts. Limits of a day: 0 for none. Without a guard: what was typed or is told later burns nothing, nothing is counted.'
--;;
CREATE TABLE day_count (
    ledger_id smallint NOT NULL,
    day date NOT NULL,
    partner_id uuid NOT NULL,
    act text NOT NULL,
    scope text NOT NULL,
    subject text NOT NULL,
    times bigint NOT NULL,
    points bigint NOT NULL,
    times_before bigint NOT NULL DEFAULT 0,
    points_before bigint NOT NULL DEFAULT 0,
    allowed integer NOT NULL DEFAULT 0,
    CONSTRAINT day_count_pk PRIMARY KEY (ledger_id, day, partner_id, act, scope, subject),
    CONSTRAINT day_count_act_ck CHECK (act IN ('burn', 'earn')),
    CONSTRAINT day_count_scope_ck CHECK (scope IN ('member', 'card', 'till')),
    CONSTRAINT day_count_times_ck CHECK (times_before BETWEEN 0 AND times),
    CONSTRAINT day_count_points_ck CHECK (points_before BETWEEN 0 AND points)
)
--;;
COMMENT ON TABLE day_count IS 'How often and with how many points somebody or something burned or earned at a partner in a day of the programme''s zone, where its guard counts that. What had been counted when it was let go on (allowed times) is in times_before and points_before. Days that are over are removed.'
--;;
CREATE TABLE flag (
    ledger_id smallint NOT NULL,
    flag_id uuid NOT NULL,
    day date NOT NULL,
    partner_id uuid NOT NULL,
    act text NOT NULL,
    scope text NOT NULL,
    subject text NOT NULL,
    allowed integer NOT NULL,
    member_id uuid NOT NULL,
    reference text NOT NULL,
    measure text NOT NULL,
    limit_value bigint NOT NULL,
    reached bigint NOT NULL,
    points bigint NOT NULL,
    flagged_at timestamptz NOT NULL,
    CONSTRAINT flag_pk PRIMARY KEY (ledger_id, flag_id),
    CONSTRAINT flag_once_uq UNIQUE (ledger_id, day, partner_id, act, scope, subject, allowed),
    CONSTRAINT flag_measure_ck CHECK (measure IN ('times', 'points')),
    CONSTRAINT flag_limit_ck CHECK (limit_value > 0 AND reached >= 0 AND points >= 0)
)
--;;
COMMENT ON TABLE flag IS 'A burn (refused) or an earn (posted) beyond a limit of the day: once for each that is counted and day, and again after it was let go on.'
--;;
CREATE TABLE flag_review (
    ledger_id smallint NOT NULL,
    flag_id uuid NOT NULL,
    verdict text NOT NULL,
    note text NOT NULL,
    reviewed_by text NOT NULL,
    reviewed_at timestamptz NOT NULL,
    CONSTRAINT flag_review_pk PRIMARY KEY (ledger_id, flag_id),
    CONSTRAINT flag_review_flag_fk FOREIGN KEY (ledger_id, flag_id) REFERENCES flag (ledger_id, flag_id),
    CONSTRAINT flag_review_verdict_ck CHECK (verdict IN ('allowed', 'confirmed')),
    CONSTRAINT flag_review_note_ck CHECK (length(note) BETWEEN 1 AND 500)
)
--;;
COMMENT ON TABLE flag_review IS 'What became of a flag, who said so and why.'
--;;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['burn_guard', 'flag', 'flag_review']
    LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name || '_append_only', name);
    END LOOP;
END
$$
--;;
-- Counts only grow, as balances do.
CREATE FUNCTION check_day_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a count of a day only grows' USING errcode = 'check_violation', constraint = 'day_count_grows_ck';
END
$$
--;;
CREATE TRIGGER day_count_grows BEFORE UPDATE ON day_count FOR EACH ROW
WHEN (
    new.times < old.times OR new.points < old.points OR new.times_before < old.times_before
    OR new.points_before < old.points_before OR new.allowed < old.allowed
)
EXECUTE FUNCTION check_day_count()
