CREATE VIEW purchase AS
SELECT
    s.ledger_id,
    s.seq,
    coalesce(m.into_member_id, s.member_id) AS member_id,
    s.partner_id,
    s.store_id,
    s.channel,
    s.day,
    CASE WHEN s.gross_minor = 0 THEN 0 ELSE s.gross_minor - coalesce(r.amount, 0) END AS net_minor
FROM sale AS s
LEFT JOIN (
    SELECT ledger_id, original_id, sum(amount)::bigint AS amount, max(seq) AS last_seq FROM refund GROUP BY ledger_id, original_id
) AS r ON r.ledger_id = s.ledger_id AND r.original_id = s.transaction_id
LEFT JOIN merged AS m ON m.ledger_id = s.ledger_id AND m.member_id = s.member_id
WHERE r.amount IS NULL OR r.amount < s.gross_minor OR (
    -- Points paid for all of it, and are what is refunded: the burn is the one that was given back right before the refund was told.
    s.gross_minor = 0 AND (
        SELECT sum(CASE b.kind WHEN 'burned' THEN b.points ELSE -b.points END)
        FROM (
            SELECT undoes_seq FROM movement
            WHERE ledger_id = s.ledger_id AND seq < r.last_seq AND kind = 'returned' ORDER BY seq DESC LIMIT 1
        ) AS back
        JOIN movement AS b ON b.ledger_id = s.ledger_id AND (
            (b.seq = back.undoes_seq AND b.kind = 'burned') OR (b.undoes_seq = back.undoes_seq AND b.kind = 'returned')
        )
    ) > 0
)
--;;
COMMENT ON VIEW purchase IS 'Sales that were not refunded in whole, by who the member is now, less what was refunded of each.'
--;;
CREATE VIEW redemption AS
SELECT
    b.ledger_id,
    b.seq,
    coalesce(m.into_member_id, b.member_id) AS member_id,
    b.partner_id,
    b.issuer_id,
    b.day,
    b.points - coalesce(r.points, 0) AS points
FROM (
    SELECT ledger_id, seq, member_id, partner_id, issuer_id, day, sum(points)::bigint AS points
    FROM movement WHERE kind = 'burned' GROUP BY ledger_id, seq, member_id, partner_id, issuer_id, day
) AS b
LEFT JOIN (
    SELECT ledger_id, undoes_seq, issuer_id, sum(points)::bigint AS points
    FROM movement WHERE kind = 'returned' GROUP BY ledger_id, undoes_seq, issuer_id
) AS r ON r.ledger_id = b.ledger_id AND r.undoes_seq = b.seq AND r.issuer_id = b.issuer_id
LEFT JOIN merged AS m ON m.ledger_id = b.ledger_id AND m.member_id = b.member_id
WHERE r.points IS NULL OR r.points < b.points
--;;
COMMENT ON VIEW redemption IS 'Points that stay redeemed, by whose they were and who the member is now: a row for each burn and issuer.'
--;;
CREATE VIEW issue AS
SELECT
    i.ledger_id,
    i.seq,
    i.kind,
    i.issuer_id,
    i.day,
    i.points,
    i.points - coalesce(r.points, 0) AS kept_points
FROM movement AS i
LEFT JOIN (
    SELECT ledger_id, undoes_seq, sum(points)::bigint AS points
    FROM movement WHERE kind = 'reversed' GROUP BY ledger_id, undoes_seq
) AS r ON r.ledger_id = i.ledger_id AND r.undoes_seq = i.seq
WHERE i.kind IN ('earned', 'granted', 'adjusted', 'imported')
--;;
COMMENT ON VIEW issue IS 'Points that came to be; kept_points: less those that a refund of just this earn or grant took back.'
