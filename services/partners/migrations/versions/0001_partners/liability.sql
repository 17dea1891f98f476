CREATE TABLE lot_head (
    ledger_id smallint NOT NULL,
    pos bigint NOT NULL DEFAULT 0,
    followed_seq bigint NOT NULL DEFAULT 0,
    CONSTRAINT lot_head_pk PRIMARY KEY (ledger_id),
    CONSTRAINT lot_head_programme_fk FOREIGN KEY (ledger_id) REFERENCES programme (ledger_id),
    CONSTRAINT lot_head_followed_ck CHECK (pos >= 0 AND followed_seq >= 0)
)
--;;
COMMENT ON TABLE lot_head IS 'How far the ledger''s events are followed, earn by earn: up to an event, and the seq of the last posting before it. Only ever to the end of a window.'
--;;
CREATE TABLE lot_movement (
    ledger_id smallint NOT NULL,
    is_opening boolean NOT NULL,
    seq bigint NOT NULL,
    line integer NOT NULL,
    kind text NOT NULL,
    earned_seq bigint NOT NULL,
    issuer_id uuid NOT NULL,
    points bigint NOT NULL,
    moved_at timestamptz NOT NULL,
    CONSTRAINT lot_movement_pk PRIMARY KEY (ledger_id, seq, line),
    CONSTRAINT lot_movement_line_ck CHECK (line > 0),
    CONSTRAINT lot_movement_points_ck CHECK (points > 0),
    CONSTRAINT lot_movement_kind_ck CHECK (
        kind IN ('issued', 'reversed', 'burned', 'returned', 'lapsed', 'use_here', 'use_away', 'lapse_away')
    ),
    CONSTRAINT lot_movement_earned_ck CHECK (CASE kind WHEN 'issued' THEN earned_seq = seq ELSE earned_seq < seq AND NOT is_opening END)
)
--;;
CREATE INDEX lot_movement_earned_ix ON lot_movement (ledger_id, earned_seq) INCLUDE (kind, points)
--;;
COMMENT ON TABLE lot_movement IS 'What became of the points of each earn: what rated entries do not say. Made from the ledger''s events, never from entries, so that one can be held against the other.'
--;;
COMMENT ON COLUMN lot_movement.kind IS 'issued: by an import, an adjustment, or a grant that the operator alone pays for (others are rated). reversed: of an earn that was undone. lapsed: expired, or taken. use_here: taken to undo another earn, whose points then count as not used (use_away) or not lapsed (lapse_away).'
--;;
COMMENT ON COLUMN lot_movement.earned_seq IS 'The posting that issued the points.'
--;;
COMMENT ON COLUMN lot_movement.is_opening IS 'Of points issued: they came out of the books of an earlier programme.'
--;;
CREATE TRIGGER lot_movement_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lot_movement
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
