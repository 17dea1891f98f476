"""The ledger's invariants as queries. Each answers its figure and the first breaches it finds."""

from __future__ import annotations

from typing import Final, NamedTuple

from services.runtime.database import PgConnection

_BREACHES_MAX: Final = 5


class Proof(NamedTuple):
    """An invariant: two queries with the ledger as $1 and a seq as $2.

    `figure` answers one row of one text, `breaches` rows of one text each, none where the invariant holds.
    """

    number: int
    name: str
    figure: str
    breaches: str


class Finding(NamedTuple):
    """What was found of one invariant."""

    number: int
    name: str
    figure: str
    breaches: list[str]

    @property
    def holds(self) -> bool:
        """Whether nothing breaks it."""
        return not self.breaches


PROOFS: Final = (
    Proof(
        1,
        "debits equal credits in every posting, its leg on the wallet is its points, and all counters net to zero",
        """SELECT format('%s postings, %s legs, debits = credits = %s',
            (SELECT count(*) FROM posting WHERE ledger_id = $1 AND seq <= $2), count(*),
            coalesce(sum(amount) FILTER (WHERE amount > 0), 0))
        FROM entry WHERE ledger_id = $1 AND seq <= $2""",
        """SELECT format('posting %s: %s from account %s to account %s', seq, amount, coalesce(debit_no::text, 'none'),
            coalesce(credit_no::text, 'none'))
        FROM posting WHERE ledger_id = $1 AND seq <= $2 AND CASE amount WHEN 0 THEN num_nonnulls(debit_no, credit_no) <> 0
            ELSE amount < 0 OR num_nulls(debit_no, credit_no) <> 0 OR debit_no = credit_no END
        UNION ALL
        SELECT format('posting %s moves %s points, its leg on the wallet %s', seq, points, leg) FROM (
            SELECT seq, points, CASE wallet_no WHEN credit_no THEN amount WHEN debit_no THEN -amount ELSE 0 END AS leg
            FROM posting WHERE ledger_id = $1 AND seq <= $2
        ) p WHERE points <> leg
        UNION ALL
        SELECT format('posting %s, a %s, moves %s from account %s to account %s', p.seq, p.kind, p.amount, p.debit_no, p.credit_no)
        FROM (SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2 AND amount <> 0) p
        LEFT JOIN (SELECT account_no AS credit_no, kind AS to_kind, owner_id AS to_owner FROM account WHERE ledger_id = $1) c USING (credit_no)
        LEFT JOIN (SELECT account_no AS partner_no, owner_id AS partner FROM account WHERE ledger_id = $1) i USING (partner_no)
        WHERE CASE WHEN p.kind = 'earn' THEN (p.debit_no, p.credit_no) IS DISTINCT FROM (p.partner_no, p.wallet_no)
            WHEN p.kind IN ('redeem', 'capture') THEN (p.debit_no, c.to_kind, c.to_owner) IS DISTINCT FROM (p.wallet_no, 'redemption', i.partner)
            WHEN p.kind = 'expire' THEN (p.debit_no, c.to_kind) IS DISTINCT FROM (p.wallet_no, 'expiry')
            ELSE true END
        UNION ALL
        SELECT format('posting %s names account %s, which is no %s', seq, account_no, expected) FROM (
            SELECT seq, wallet_no AS account_no, 'wallet' AS expected FROM posting WHERE ledger_id = $1 AND seq <= $2
            UNION ALL
            SELECT seq, partner_no, 'issuance' FROM posting WHERE ledger_id = $1 AND seq <= $2 AND partner_no IS NOT NULL
        ) p LEFT JOIN (SELECT account_no, kind FROM account WHERE ledger_id = $1) a USING (account_no)
        WHERE a.kind IS DISTINCT FROM expected
        UNION ALL
        SELECT format('counters net to %s', sum(credits - debits)) FROM balance
        WHERE ledger_id = $1 HAVING sum(credits - debits) <> 0""",
    ),
    Proof(
        2,
        "counters equal the fold of entries, for every account, and balances the fold of postings",
        """SELECT format('%s accounts', count(*)) FROM balance WHERE ledger_id = $1 AND $2::bigint IS NOT NULL""",
        """SELECT format('account %s: counters %s/%s, entries %s/%s', account_no, b.debits, b.credits, f.debits, f.credits)
        FROM (SELECT account_no, debits, credits FROM balance WHERE ledger_id = $1) b FULL JOIN (
            SELECT account_no, -sum(amount) FILTER (WHERE amount < 0) AS debits,
                   sum(amount) FILTER (WHERE amount > 0) AS credits
            FROM entry WHERE ledger_id = $1 AND seq <= $2 GROUP BY account_no
        ) f USING (account_no)
        WHERE coalesce(b.debits, -1) <> coalesce(f.debits, 0) OR coalesce(b.credits, -1) <> coalesce(f.credits, 0)
        UNION ALL
        SELECT format('posting %s says that it leaves %s points, the postings before it %s', seq, balance_after, reached)
        FROM (
            SELECT seq, balance_after, sum(points) OVER (PARTITION BY wallet_no ORDER BY seq) AS reached
            FROM posting WHERE ledger_id = $1 AND seq <= $2
        ) walked WHERE balance_after <> reached""",
    ),
    Proof(
        3,
        "every wallet is guarded, and no guarded account, less its open holds, was ever below its floor",
        """SELECT format('%s guarded accounts, %s entries in order', count(DISTINCT e.account_no), count(*))
        FROM entry e JOIN balance b USING (ledger_id, account_no)
        WHERE e.ledger_id = $1 AND e.seq <= $2 AND b.floor IS NOT NULL""",
        """SELECT format('account %s at seq %s: %s, floor %s', account_no, seq, reached, floor) FROM (
            SELECT m.account_no, m.seq, b.floor,
                   sum(m.amount) OVER (PARTITION BY m.account_no ORDER BY m.seq, m.leg) AS reached
            FROM (
                SELECT account_no, seq, leg, amount FROM entry WHERE ledger_id = $1 AND seq <= $2
                UNION ALL
                SELECT wallet_no, seq, 0, -points FROM hold WHERE ledger_id = $1 AND seq <= $2
                UNION ALL
                SELECT h.wallet_no, e.seq, 0, e.held FROM hold_end e JOIN hold h ON h.ledger_id = e.ledger_id AND h.seq = e.hold_seq
                WHERE e.ledger_id = $1 AND e.seq <= $2
            ) m JOIN balance b ON b.ledger_id = $1 AND b.account_no = m.account_no
            WHERE b.floor IS NOT NULL
        ) walked WHERE reached < floor
        UNION ALL
        SELECT format('wallet %s has %s as its floor', account_no, coalesce(b.floor::text, 'nothing'))
        FROM account a JOIN balance b USING (ledger_id, account_no)
        WHERE a.ledger_id = $1 AND a.kind = 'wallet' AND b.floor IS DISTINCT FROM 0""",
    ),
    Proof(
        4,
        "a hold is resolved once, in its time and for no more than it held; until then its points are reserved",
        """SELECT format('%s holds, %s open with %s points, %s points captured', count(*), count(*) FILTER (WHERE h.open),
            coalesce(sum(h.points) FILTER (WHERE h.open), 0), coalesce(sum(e.captured), 0))
        FROM hold h LEFT JOIN hold_end e ON e.ledger_id = h.ledger_id AND e.hold_seq = h.seq
        WHERE h.ledger_id = $1 AND h.seq <= $2""",
        """SELECT format('hold %s is %s, and %s resolve it', h.seq, CASE WHEN h.open THEN 'open' ELSE 'resolved' END, count(e.seq))
        FROM hold h LEFT JOIN hold_end e ON e.ledger_id = h.ledger_id AND e.hold_seq = h.seq
        WHERE h.ledger_id = $1 GROUP BY h.seq, h.open HAVING count(e.seq) <> CASE WHEN h.open THEN 0 ELSE 1 END
        UNION ALL
        SELECT format('posting %s resolves hold %s of %s points as one of %s and captures %s', e.seq, e.hold_seq, h.points, e.held, e.captured)
        FROM hold_end e LEFT JOIN hold h ON h.ledger_id = e.ledger_id AND h.seq = e.hold_seq
        WHERE e.ledger_id = $1 AND (h.points IS DISTINCT FROM e.held OR e.captured NOT BETWEEN 0 AND e.held)
        UNION ALL
        SELECT format('hold %s of %s points is not what posting %s opened', coalesce(h.seq, p.seq), coalesce(h.points, 0), p.seq)
        FROM (SELECT * FROM hold WHERE ledger_id = $1) h
        FULL JOIN (SELECT * FROM posting WHERE ledger_id = $1 AND seq <= $2 AND kind = 'hold') p USING (seq)
        WHERE (h.wallet_no, h.partner_no, h.expires_at) IS DISTINCT FROM (p.wallet_no, p.partner_no, p.expires_at)
        UNION ALL
        -- A batch is decided at one time, and what it posts follows in steps of a microsecond: hence the second, which is
        -- a million of them.
        SELECT format('posting %s, a %s of %s points, does not resolve hold %s', coalesce(p.seq, e.seq), p.kind, p.amount, e.hold_seq)
        FROM (
            SELECT e.seq, e.hold_seq, e.captured, h.wallet_no, h.partner_no, h.expires_at
            FROM hold_end e LEFT JOIN hold h ON h.ledger_id = e.ledger_id AND h.seq = e.hold_seq WHERE e.ledger_id = $1
        ) e
        FULL JOIN (
            SELECT seq, kind, amount, wallet_no, partner_no, recorded_at FROM posting
            WHERE ledger_id = $1 AND seq <= $2 AND kind IN ('capture', 'void', 'lapse')
        ) p USING (seq)
        WHERE (e.wallet_no, e.partner_no, e.captured) IS DISTINCT FROM (p.wallet_no, p.partner_no, p.amount)
            OR (p.kind = 'capture') IS DISTINCT FROM (e.captured > 0)
            OR CASE p.kind WHEN 'lapse' THEN p.recorded_at < e.expires_at ELSE p.recorded_at > e.expires_at + interval '1 second' END
        UNION ALL
        SELECT format('hold %s of %s points reserved %s of lots', seq, coalesce(h.points, 0), coalesce(r.points, 0))
        FROM (SELECT seq, points FROM hold WHERE ledger_id = $1) h
        FULL JOIN (SELECT hold_seq AS seq, sum(points) AS points FROM hold_lot WHERE ledger_id = $1 GROUP BY hold_seq) r USING (seq)
        WHERE h.points IS DISTINCT FROM r.points
        UNION ALL
        SELECT format('lot %s has %s reserved, open holds %s', lot_no, coalesce(l.reserved, 0), coalesce(r.points, 0))
        FROM (SELECT lot_no, reserved FROM lot WHERE ledger_id = $1) l
        FULL JOIN (
            SELECT r.lot_no, sum(r.points) AS points FROM hold_lot r JOIN hold h ON h.ledger_id = r.ledger_id AND h.seq = r.hold_seq
            WHERE r.ledger_id = $1 AND h.open GROUP BY r.lot_no
        ) r USING (lot_no)
        WHERE coalesce(l.reserved, 0) <> coalesce(r.points, 0)
        UNION ALL
        SELECT format('posting %s took %s points of lot %s, its hold had reserved %s', u.seq, u.points, u.lot_no, coalesce(r.points, 0))
        FROM lot_use u JOIN hold_end e ON e.ledger_id = u.ledger_id AND e.seq = u.seq
        LEFT JOIN hold_lot r ON r.ledger_id = e.ledger_id AND r.hold_seq = e.hold_seq AND r.lot_no = u.lot_no
        WHERE u.ledger_id = $1 AND u.seq <= $2 AND u.points > coalesce(r.points, 0)
        UNION ALL
        SELECT format('account %s: reserved %s, released %s, its holds %s and %s', account_no, b.reserved, b.released, h.reserved, h.released)
        FROM (SELECT account_no, reserved, released FROM balance WHERE ledger_id = $1) b FULL JOIN (
            SELECT wallet_no AS account_no, sum(points) AS reserved, coalesce(sum(points) FILTER (WHERE NOT open), 0) AS released
            FROM hold WHERE ledger_id = $1 GROUP BY wallet_no
        ) h USING (account_no)
        WHERE coalesce(b.reserved, 0) <> coalesce(h.reserved, 0) OR coalesce(b.released, 0) <> coalesce(h.released, 0)""",
    ),
    Proof(
        5,
        "open lots sum to the wallet, each lot to its uses, each posting to the lots that it opened and used",
        """SELECT format('%s lots, %s points open', count(*), coalesce(sum(remaining), 0)) FROM lot
        WHERE ledger_id = $1 AND opened_seq <= $2""",
        """SELECT format('wallet %s: lots %s, balance %s', account_no, coalesce(l.remaining, 0), b.credits - b.debits)
        FROM account a JOIN balance b USING (ledger_id, account_no)
        LEFT JOIN (
            SELECT account_no, sum(remaining) AS remaining FROM lot WHERE ledger_id = $1 AND open GROUP BY account_no
        ) l USING (account_no)
        WHERE a.ledger_id = $1 AND a.kind = 'wallet' AND coalesce(l.remaining, 0) <> b.credits - b.debits
        UNION ALL
        SELECT format('lot %s: original %s, remaining %s, uses %s', lot_no, l.original, l.remaining, coalesce(u.points, 0))
        FROM lot l LEFT JOIN (
            SELECT lot_no, sum(points) AS points FROM lot_use WHERE ledger_id = $1 AND seq <= $2 GROUP BY lot_no
        ) u USING (lot_no)
        WHERE l.ledger_id = $1 AND l.original <> l.remaining + coalesce(u.points, 0)
        UNION ALL
        SELECT format('posting %s takes %s points, its uses %s', p.seq, greatest(-p.points, 0), coalesce(u.points, 0))
        FROM posting p LEFT JOIN (
            SELECT seq, sum(points) AS points FROM lot_use WHERE ledger_id = $1 AND seq <= $2 GROUP BY seq
        ) u USING (seq)
        WHERE p.ledger_id = $1 AND p.seq <= $2 AND greatest(-p.points, 0) <> coalesce(u.points, 0)
        UNION ALL
        SELECT format('lot %s is not what posting %s opened', l.lot_no, l.opened_seq)
        FROM lot l LEFT JOIN posting p ON p.ledger_id = l.ledger_id AND p.seq = l.opened_seq
        WHERE l.ledger_id = $1 AND (l.original, l.issuer_no, l.account_no, l.earned_at, l.expires_at)
            IS DISTINCT FROM (p.points, p.partner_no, p.wallet_no, p.occurred_at, coalesce(p.expires_at, 'infinity'))
        UNION ALL
        SELECT format('posting %s opened no lot', p.seq) FROM posting p
        WHERE p.ledger_id = $1 AND p.seq <= $2 AND p.points > 0
          AND NOT EXISTS (SELECT 1 FROM lot l WHERE l.ledger_id = p.ledger_id AND l.opened_seq = p.seq)""",
    ),
    Proof(
        6,
        "one key, one effect, one answer",
        """SELECT format('%s keys: %s of postings, %s refused, %s further ones', sum(posted) + sum(others), sum(posted), sum(refused), sum(others) - sum(refused))
        FROM (
            SELECT count(key) AS posted, 0 AS refused, 0 AS others FROM posting WHERE ledger_id = $1 AND seq <= $2
            UNION ALL
            SELECT 0, count(refusal), count(*) FROM decision WHERE ledger_id = $1 AND coalesce(seq, 0) <= $2
        ) answered""",
        """SELECT format('key %s points at seq %s, which is not there or another''s', d.key, d.seq) FROM decision d
        LEFT JOIN posting p ON p.ledger_id = d.ledger_id AND p.seq = d.seq
        WHERE d.ledger_id = $1 AND d.seq IS NOT NULL
          AND (d.partner_no, d.content_hash) IS DISTINCT FROM (p.partner_no, p.content_hash)
        UNION ALL
        SELECT format('key %s has %s answers', key, count(*)) FROM (
            SELECT partner_no, key FROM posting WHERE ledger_id = $1 AND seq <= $2 AND key IS NOT NULL
            UNION ALL
            SELECT partner_no, key FROM decision WHERE ledger_id = $1
        ) answered GROUP BY partner_no, key HAVING count(*) > 1
        UNION ALL
        SELECT format('key %s was decided in batch %s, which is not there', d.key, d.batch_no) FROM decision d
        WHERE d.ledger_id = $1
          AND NOT EXISTS (SELECT 1 FROM batch b WHERE b.ledger_id = d.ledger_id AND b.batch_no = d.batch_no)
        UNION ALL
        SELECT format('posting %s has no key', seq) FROM posting
        WHERE ledger_id = $1 AND seq <= $2
          AND (num_nulls(key, content_hash) <> CASE WHEN kind IN ('expire', 'lapse') THEN 2 ELSE 0 END
            OR (partner_no IS NULL) <> (kind = 'expire'))
        UNION ALL
        SELECT format('reference %s of kind %s is accepted %s times', reference, kind, count(*)) FROM posting
        WHERE ledger_id = $1 AND seq <= $2 AND reference IS NOT NULL
        GROUP BY partner_no, kind, reference HAVING count(*) > 1""",
    ),
    Proof(
        7,
        "seq is gapless, times rise, batches tile the sequence",
        """SELECT format('seq 1 to %s, %s batches', $2::bigint, count(*)) FROM batch
        WHERE ledger_id = $1 AND first_seq <= $2 + 1""",
        """SELECT format('%s postings for seq 1 to %s', count(*), $2::bigint) FROM posting
        WHERE ledger_id = $1 AND seq <= $2 HAVING count(*) <> $2
        UNION ALL
        SELECT format('posting %s lies beyond the head, which is at %s', seq, $2::bigint) FROM posting
        WHERE ledger_id = $1 AND seq > $2
        UNION ALL
        SELECT format('posting %s is not later than the one before', seq) FROM (
            SELECT seq, recorded_at <= lag(recorded_at) OVER (ORDER BY seq) AS late FROM posting
            WHERE ledger_id = $1 AND seq <= $2
        ) walked WHERE late
        UNION ALL
        SELECT format('batch %s starts at seq %s, %s was next', batch_no, first_seq, due) FROM (
            SELECT batch_no, first_seq,
                   coalesce(lag(first_seq + n) OVER (ORDER BY batch_no), 1) AS due
            FROM batch WHERE ledger_id = $1
        ) walked WHERE first_seq <> due
        UNION ALL
        SELECT format('batches reach seq %s, the head is at %s', coalesce(sum(n), 0), $2::bigint) FROM batch
        WHERE ledger_id = $1 HAVING coalesce(sum(n), 0) <> $2""",
    ),
    Proof(
        8,
        "every posting has its event, and event positions are gapless",
        """SELECT format('%s events to position %s', count(*), coalesce(max(pos), 0)) FROM event_log
        WHERE ledger_id = $1 AND coalesce(seq, 0) <= $2""",
        """SELECT format('posting %s has %s events', p.seq, count(e.pos)) FROM posting p
        LEFT JOIN event_log e ON e.ledger_id = p.ledger_id AND e.seq = p.seq AND e.type = CASE p.kind
            WHEN 'earn' THEN 'points.earned' WHEN 'redeem' THEN 'points.redeemed' WHEN 'capture' THEN 'points.redeemed'
            WHEN 'hold' THEN 'points.held' WHEN 'void' THEN 'points.released' WHEN 'lapse' THEN 'points.released'
            ELSE 'points.expired' END
        WHERE p.ledger_id = $1 AND p.seq <= $2 GROUP BY p.seq HAVING count(e.pos) <> 1
        UNION ALL
        SELECT format('event %s lies in partition %s, the member of posting %s in %s', e.pos, e.partition, p.seq, get_byte(uuid_send(w.owner_id), 15) & 15)
        FROM event_log e JOIN posting p ON p.ledger_id = e.ledger_id AND p.seq = e.seq
        JOIN account w ON w.ledger_id = p.ledger_id AND w.account_no = p.wallet_no
        WHERE e.ledger_id = $1 AND p.seq <= $2 AND e.partition <> get_byte(uuid_send(w.owner_id), 15) & 15
        UNION ALL
        SELECT format('event %s tells of posting %s, which is not there', e.pos, e.seq) FROM event_log e
        WHERE e.ledger_id = $1 AND e.seq IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM posting p WHERE p.ledger_id = e.ledger_id AND p.seq = e.seq)
        UNION ALL
        SELECT format('%s events from position %s to %s, the head is at %s', count(e.pos), min(e.pos), max(e.pos), h.pos)
        FROM event_head h LEFT JOIN event_log e USING (ledger_id)
        WHERE h.ledger_id = $1 GROUP BY h.pos
        HAVING (count(e.pos), coalesce(min(e.pos), 1), coalesce(max(e.pos), 0)) <> (h.pos, 1, h.pos)
        UNION ALL
        SELECT format('event %s names %s as the one before in its partition, %s is', pos, partition_prev, due) FROM (
            SELECT pos, partition_prev, coalesce(lag(pos) OVER (PARTITION BY partition ORDER BY pos), 0) AS due
            FROM event_log WHERE ledger_id = $1
        ) walked WHERE partition_prev <> due
        UNION ALL
        SELECT format('the head has partition %s at position %s, its last event is at %s', k.no - 1, k.pos, coalesce(l.pos, 0))
        FROM event_head h CROSS JOIN LATERAL unnest(h.partition_pos) WITH ORDINALITY k (pos, no)
        LEFT JOIN (SELECT partition, max(pos) AS pos FROM event_log WHERE ledger_id = $1 GROUP BY partition) l
            ON l.partition = k.no - 1
        WHERE h.ledger_id = $1 AND k.pos <> coalesce(l.pos, 0)
        UNION ALL
        SELECT format('position %s is relayed, the head is at %s', c.pos, h.pos)
        FROM relay_cursor c JOIN event_head h USING (ledger_id) WHERE h.ledger_id = $1 AND c.pos > h.pos""",
    ),
)


async def prove(connection: PgConnection, ledger_id: int, as_of_seq: int, proof: Proof) -> Finding:
    """Runs one proof on the connection's snapshot."""
    figure = await connection.fetchval(proof.figure, ledger_id, as_of_seq)
    # MATERIALIZED: with the LIMIT in sight the planner looks for a quick first row, and where there is none (as
    # there should be) walks the journal once for every entry of it.
    rows = await connection.fetch(
        f"WITH breach (told) AS MATERIALIZED ({proof.breaches}) SELECT told FROM breach LIMIT {_BREACHES_MAX}",
        ledger_id,
        as_of_seq,
    )
    return Finding(proof.number, proof.name, str(figure), [str(row[0]) for row in rows])


async def prepare(connection: PgConnection, seconds: int) -> None:
    """Readies a transaction for proofs: statements may take longer than the service's own, and join whole tables.

    Statistics of a young or fast-growing table say that it is all but empty, and the planner would then go
    through the journal once for each row of it (measured on 80,000 postings without statistics: the first proof was
    ended after 20 seconds, and takes 0.2 this way).
    """
    await connection.execute(
        f"SET LOCAL statement_timeout = '{int(seconds)}s'; SET LOCAL enable_nestloop = off"
    )
