"""The invariant of burns that a rule decides."""

from __future__ import annotations

from typing import Final

from services.points.storage.proofs.proof import Proof

# Holds and burns, with the rule that decides each: by its own time, or, of a capture, the one of its hold. The rule is that of
# domain/burning.py, said once more.
_DECIDED: Final = """(
    SELECT DISTINCT ON (p.seq) p.seq, r.version
    FROM (
        SELECT seq, partner_no, occurred_at FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind IN ('hold', 'redeem')
    ) p
    JOIN (SELECT account_no, owner_id FROM account WHERE ledger_id = $1 AND kind = 'issuance') a ON a.account_no = p.partner_no
    JOIN (SELECT partner_id, version, valid_from, known_from_seq FROM burn_rule WHERE ledger_id = $1) r
        ON r.partner_id = a.owner_id AND r.valid_from <= p.occurred_at AND r.known_from_seq <= p.seq
    ORDER BY p.seq, r.valid_from DESC, r.version DESC
)"""
_EXPECTED: Final = f"""(
    SELECT seq, version FROM {_DECIDED} own
    UNION ALL
    SELECT e.seq, h.version FROM (
        SELECT seq, hold_seq FROM hold_end WHERE ledger_id = $1 AND captured > 0
    ) e JOIN {_DECIDED} h ON h.seq = e.hold_seq
)"""
_WORTHS: Final = "(SELECT * FROM burn_worth WHERE ledger_id = $1 AND seq <= $2)"
_BURNS_OF_SALES: Final = """(
    SELECT seq, original_seq FROM posting
    WHERE ledger_id = $1 AND seq <= $2 AND kind IN ('redeem', 'capture') AND original_seq IS NOT NULL
)"""
# What was told of them; their lines and tenders are gone where their words were erased.
_SALES: Final = """(
    SELECT s.seq AS original_seq, s.amount_minor, s.points_minor, s.lines, s.tenders, p.salt IS NULL AS erased
    FROM (SELECT * FROM purchase WHERE ledger_id = $1) s JOIN (SELECT seq, salt FROM posting WHERE ledger_id = $1) p USING (seq)
    UNION ALL
    SELECT seq, amount_minor, points_minor, lines, tenders, salt IS NULL FROM parked_earn WHERE ledger_id = $1
)"""
# What of a sale counts, of which a share may be paid in points: said once more, as in domain/burning.py.
_WHOLE: Final = "(s.amount_minor + CASE r.treatment WHEN 'discount' THEN w.worth_minor ELSE 0 END)"
_COUNTS: Final = f"""greatest(0, least({_WHOLE}, {_WHOLE} - (
    SELECT coalesce(sum((l.value ->> 3)::bigint), 0) FROM json_array_elements(s.lines) l WHERE l.value ->> 1 = ANY (r.excluded_categories)
) - (
    SELECT coalesce(sum((t.value ->> 1)::bigint), 0) FROM json_array_elements(s.tenders) t WHERE t.value ->> 0 = ANY (r.excluded_tenders)
)))"""
_ZONE: Final = "(SELECT zone FROM ledger WHERE ledger_id = $1)"
_RULES: Final = "(SELECT * FROM burn_rule WHERE ledger_id = $1)"

BURNS: Final = Proof(
    15,
    "each burn at a partner with a burn rule was decided by the one in force, is worth what that makes of it, and keeps its bounds",
    f"""SELECT format('%s burns and holds by %s rules, worth %s minor units', count(*), count(DISTINCT rule_version), coalesce(sum(worth_minor), 0))
    FROM {_WORTHS} w""",
    f"""SELECT format('posting %s was decided by burn rule %s, not by %s', seq, coalesce(w.rule_version::text, 'none'), coalesce(x.version::text, 'none'))
    FROM {_WORTHS} w FULL JOIN {_EXPECTED} x USING (seq) WHERE w.rule_version IS DISTINCT FROM x.version
    UNION ALL
    SELECT format('what posting %s burned or set aside is not the %s points that have a worth', w.seq, w.points)
    FROM {_WORTHS} w
    LEFT JOIN (SELECT seq, kind, wallet_no, partner_no, amount FROM posting WHERE ledger_id = $1 AND seq <= $2) p USING (seq)
    LEFT JOIN (SELECT seq, points FROM hold WHERE ledger_id = $1) h USING (seq)
    WHERE (w.wallet_no, w.partner_no, w.burned, w.points) IS DISTINCT FROM
        (p.wallet_no, p.partner_no, p.kind IN ('redeem', 'capture'), CASE p.kind WHEN 'hold' THEN h.points ELSE p.amount END)
    UNION ALL
    SELECT format('the %s points of posting %s are worth %s by their rule, not %s, or beyond what it takes', w.points, w.seq,
        w.points * r.worth_minor / r.points, w.worth_minor)
    FROM {_WORTHS} w JOIN {_RULES} r ON r.version = w.rule_version
    WHERE w.worth_minor <> w.points * r.worth_minor / r.points OR w.points < r.minimum_points OR w.points % r.step_points <> 0
        OR w.worth_minor > div(w.basket_minor::numeric * r.share_percent, 100)
    UNION ALL
    SELECT format('posting %s counts on %s, and was recorded on another day', w.seq, w.day)
    FROM {_WORTHS} w
    JOIN (SELECT seq, recorded_at FROM posting WHERE ledger_id = $1 AND seq <= $2) p USING (seq)
    -- (The day is that of its batch, whose later postings are some microseconds on.)
    WHERE w.day NOT IN ((p.recorded_at AT TIME ZONE {_ZONE})::date, ((p.recorded_at - interval '1 second') AT TIME ZONE {_ZONE})::date)
    UNION ALL
    SELECT format('the sale of posting %s has %s in its tender of points, which are worth %s as a %s', b.seq, s.points_minor, w.worth_minor,
        r.treatment)
    FROM {_BURNS_OF_SALES} b
    JOIN {_WORTHS} w USING (seq)
    JOIN {_RULES} r ON r.version = w.rule_version
    JOIN {_SALES} s USING (original_seq)
    WHERE s.points_minor <> CASE r.treatment WHEN 'tender' THEN w.worth_minor ELSE 0 END
    UNION ALL
    SELECT format('of the sale of posting %s %s counts, not %s', b.seq, {_COUNTS}, w.basket_minor)
    FROM {_BURNS_OF_SALES} b
    JOIN {_WORTHS} w USING (seq)
    JOIN {_RULES} r ON r.version = w.rule_version
    JOIN {_SALES} s USING (original_seq)
    WHERE w.basket_minor IS DISTINCT FROM {_COUNTS} AND NOT s.erased OR w.basket_minor IS NULL
    UNION ALL
    SELECT format('posting %s was decided without a basket, of which a part counts', w.seq)
    FROM {_WORTHS} w
    JOIN {_RULES} r ON r.version = w.rule_version
    JOIN (SELECT seq FROM posting WHERE ledger_id = $1 AND kind IN ('hold', 'redeem') AND original_seq IS NULL) p USING (seq)
    WHERE w.basket_minor IS NULL
        AND (r.share_percent < 100 OR cardinality(r.excluded_categories) + cardinality(r.excluded_tenders) > 0)
    UNION ALL
    SELECT format('with posting %s a member burns %s points with a partner on %s, of %s at most', seq, burned + held, day, daily_points)
    FROM (
        SELECT m.seq, m.day, m.asked, r.daily_points, sum(m.burned) OVER (PARTITION BY m.wallet_no, m.partner_no, m.day ORDER BY m.seq) AS burned,
            sum(m.held) OVER (PARTITION BY m.wallet_no, m.partner_no ORDER BY m.seq) AS held
        FROM (
            SELECT w.seq, w.wallet_no, w.partner_no, w.day, w.rule_version, CASE WHEN w.burned THEN w.points ELSE 0 END AS burned, 0::bigint AS held,
                p.kind <> 'capture' AS asked
            FROM {_WORTHS} w JOIN (SELECT seq, kind FROM posting WHERE ledger_id = $1) p USING (seq)
            UNION ALL
            SELECT h.seq, h.wallet_no, h.partner_no, NULL, NULL, 0, h.points, false FROM (SELECT * FROM hold WHERE ledger_id = $1 AND seq <= $2) h
            UNION ALL
            SELECT e.seq, h.wallet_no, h.partner_no, NULL, NULL, 0, -h.points, false
            FROM (SELECT * FROM hold_end WHERE ledger_id = $1 AND seq <= $2) e
            JOIN (SELECT * FROM hold WHERE ledger_id = $1) h ON h.seq = e.hold_seq
        ) m
        JOIN (SELECT DISTINCT wallet_no, partner_no FROM burn_worth WHERE ledger_id = $1) g USING (wallet_no, partner_no)
        LEFT JOIN {_RULES} r ON r.version = m.rule_version
    ) walked WHERE asked AND daily_points > 0 AND burned + held > daily_points""",
)
