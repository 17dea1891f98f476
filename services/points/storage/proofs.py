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
        "debits equal credits in every posting, and all counters net to zero",
        """SELECT format('%s postings, %s legs, debits = credits = %s',
            (SELECT count(*) FROM posting WHERE ledger_id = $1 AND seq <= $2), count(*),
            coalesce(sum(amount) FILTER (WHERE amount > 0), 0))
        FROM entry WHERE ledger_id = $1 AND seq <= $2""",
        """SELECT format('posting %s: %s legs sum to %s', seq, count(*), sum(amount)) FROM entry
        WHERE ledger_id = $1 AND seq <= $2 GROUP BY seq HAVING sum(amount) <> 0 OR count(*) < 2
        UNION ALL
        SELECT format('counters net to %s', sum(credits - debits)) FROM balance
        WHERE ledger_id = $1 HAVING sum(credits - debits) <> 0""",
    ),
    Proof(
        2,
        "counters equal the fold of entries, for every account",
        """SELECT format('%s accounts', count(*)) FROM balance WHERE ledger_id = $1 AND $2::bigint IS NOT NULL""",
        """SELECT format('account %s: counters %s/%s, entries %s/%s', account_no, b.debits, b.credits, f.debits, f.credits)
        FROM balance b FULL JOIN (
            SELECT account_no, -sum(amount) FILTER (WHERE amount < 0) AS debits,
                   sum(amount) FILTER (WHERE amount > 0) AS credits
            FROM entry WHERE ledger_id = $1 AND seq <= $2 GROUP BY account_no
        ) f USING (account_no)
        WHERE coalesce(b.ledger_id, $1) = $1
          AND (coalesce(b.debits, -1) <> coalesce(f.debits, 0) OR coalesce(b.credits, -1) <> coalesce(f.credits, 0))""",
    ),
    Proof(
        3,
        "no guarded account was ever below its floor",
        """SELECT format('%s guarded accounts, %s entries in order', count(DISTINCT e.account_no), count(*))
        FROM entry e JOIN balance b USING (ledger_id, account_no)
        WHERE e.ledger_id = $1 AND e.seq <= $2 AND b.floor IS NOT NULL""",
        """SELECT format('account %s at seq %s: %s, floor %s', account_no, seq, reached, floor) FROM (
            SELECT e.account_no, e.seq, b.floor,
                   sum(e.amount) OVER (PARTITION BY e.account_no ORDER BY e.seq, e.leg) AS reached
            FROM entry e JOIN balance b USING (ledger_id, account_no)
            WHERE e.ledger_id = $1 AND e.seq <= $2 AND b.floor IS NOT NULL
        ) walked WHERE reached < floor""",
    ),
    Proof(
        5,
        "open lots sum to the wallet, and each lot to its uses",
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
        WHERE l.ledger_id = $1 AND l.original <> l.remaining + coalesce(u.points, 0)""",
    ),
    Proof(
        6,
        "one key, one effect, one answer",
        """SELECT format('%s keys: %s accepted, %s refused', count(*), count(seq), count(refusal)) FROM decision
        WHERE ledger_id = $1 AND coalesce(seq, 0) <= $2""",
        """SELECT format('key %s points at seq %s, which is not there or another''s', d.key, d.seq) FROM decision d
        LEFT JOIN posting p ON p.ledger_id = d.ledger_id AND p.seq = d.seq
        WHERE d.ledger_id = $1 AND d.seq <= $2
          AND (p.seq IS NULL OR p.partner_id <> d.partner_id OR p.content_hash <> d.content_hash)
        UNION ALL
        SELECT format('posting %s has no key', p.seq) FROM posting p
        WHERE p.ledger_id = $1 AND p.seq <= $2 AND p.partner_id IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.ledger_id = p.ledger_id AND d.partner_id = p.partner_id AND d.seq = p.seq)
        UNION ALL
        SELECT format('reference %s of kind %s is accepted %s times', reference, kind, count(*)) FROM posting
        WHERE ledger_id = $1 AND seq <= $2 AND reference IS NOT NULL
        GROUP BY partner_id, kind, reference HAVING count(*) > 1""",
    ),
    Proof(
        7,
        "seq is gapless, times rise, batches tile the sequence",
        """SELECT format('seq 1 to %s, %s batches', $2::bigint, count(*)) FROM batch
        WHERE ledger_id = $1 AND first_seq <= $2 + 1""",
        """SELECT format('%s postings for seq 1 to %s', count(*), $2::bigint) FROM posting
        WHERE ledger_id = $1 AND seq <= $2 HAVING count(*) <> $2
        UNION ALL
        SELECT format('posting %s is not later than the one before', seq) FROM (
            SELECT seq, recorded_at <= lag(recorded_at) OVER (ORDER BY seq) AS late FROM posting
            WHERE ledger_id = $1 AND seq <= $2
        ) walked WHERE late
        UNION ALL
        SELECT format('batch %s starts at seq %s, %s was next', batch_no, first_seq, due) FROM (
            SELECT batch_no, first_seq,
                   coalesce(lag(first_seq + n) OVER (ORDER BY batch_no), 1) AS due
            FROM batch WHERE ledger_id = $1 AND first_seq <= $2 + 1
        ) walked WHERE first_seq <> due
        UNION ALL
        SELECT format('batches reach seq %s, the head is at %s', coalesce(sum(n), 0), $2::bigint) FROM batch
        WHERE ledger_id = $1 AND first_seq <= $2 + 1 HAVING coalesce(sum(n), 0) <> $2""",
    ),
    Proof(
        8,
        "every posting has its event, and event positions are gapless",
        """SELECT format('%s events to position %s', count(*), coalesce(max(pos), 0)) FROM event_log
        WHERE ledger_id = $1 AND coalesce(seq, 0) <= $2""",
        """SELECT format('posting %s has %s events', p.seq, count(e.pos)) FROM posting p
        LEFT JOIN event_log e ON e.ledger_id = p.ledger_id AND e.seq = p.seq
        WHERE p.ledger_id = $1 AND p.seq <= $2 GROUP BY p.seq HAVING count(e.pos) <> 1
        UNION ALL
        SELECT format('%s events, the head is at position %s', count(e.pos), h.pos)
        FROM event_head h LEFT JOIN event_log e USING (ledger_id)
        WHERE h.ledger_id = $1 GROUP BY h.pos HAVING count(e.pos) <> h.pos
        UNION ALL
        SELECT format('event %s names %s as the one before in its partition, %s is', pos, partition_prev, due) FROM (
            SELECT pos, partition_prev, coalesce(lag(pos) OVER (PARTITION BY partition ORDER BY pos), 0) AS due
            FROM event_log WHERE ledger_id = $1
        ) walked WHERE partition_prev <> due""",
    ),
)


async def prove(connection: PgConnection, ledger_id: int, as_of_seq: int, proof: Proof) -> Finding:
    """Runs one proof on the connection's snapshot."""
    figure = await connection.fetchval(proof.figure, ledger_id, as_of_seq)
    rows = await connection.fetch(f"{proof.breaches} LIMIT {_BREACHES_MAX}", ledger_id, as_of_seq)
    return Finding(proof.number, proof.name, str(figure), [str(row[0]) for row in rows])


async def allow_time(connection: PgConnection, seconds: int) -> None:
    """Lets the statements of this transaction take longer than the service's own."""
    await connection.execute(f"SET LOCAL statement_timeout = '{int(seconds)}s'")
