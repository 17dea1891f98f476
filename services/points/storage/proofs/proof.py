"""What a proof is, and how it is run."""

from __future__ import annotations

from typing import Final, NamedTuple

from services.runtime.database import PgConnection

_BREACHES_MAX: Final = 5
_LEAST, _MOST = -(2**63), 2**63 - 1
# The last batch of a page, and how far it reached: some 20,000 postings on from batch $2.
_PAGE: Final = """
SELECT batch_no, first_seq + n - 1, last_lot_no FROM (
    SELECT batch_no, first_seq, n, last_lot_no, sum(n) OVER (ORDER BY batch_no) - n AS before FROM (
        SELECT batch_no, first_seq, n, last_lot_no FROM batch WHERE ledger_id = $1 AND batch_no > $2 ORDER BY batch_no LIMIT 4000
    ) next
) walked WHERE before < 20000 ORDER BY batch_no DESC LIMIT 1"""
# Each wallet that was given up, with each that took over since, one after the other. (UNION: a circle would have no end.)
MERGED: Final = """(
    WITH RECURSIVE chain (given_up, reached) AS (
        SELECT from_wallet, into_wallet FROM merged_wallet WHERE ledger_id = $1
        UNION
        SELECT c.given_up, m.into_wallet FROM chain c
        JOIN (SELECT * FROM merged_wallet WHERE ledger_id = $1) m ON m.from_wallet = c.reached
    ) SELECT given_up, reached FROM chain
)"""

# Every grant with what its campaign's version says.
GRANTS: Final = """(
    SELECT g.seq, g.earn_seq, g.campaign_id, g.version, p.amount AS points, v.multiplier_percent, v.fixed_points, v.min_amount_minor
    FROM (SELECT * FROM campaign_grant WHERE ledger_id = $1 AND seq <= $2) g
    JOIN (SELECT seq, amount FROM posting WHERE ledger_id = $1) p USING (seq)
    JOIN (SELECT * FROM campaign_version WHERE ledger_id = $1) v USING (campaign_id, version)
)"""
# What was taken back of earns and grants, by the seq of either.
TAKEN: Final = """(
    SELECT original_seq, sum(amount) AS points FROM posting
    WHERE ledger_id = $1 AND seq <= $2 AND kind IN ('clawback', 'owe') GROUP BY original_seq
)"""
# What a version gives on top of base points and an amount paid in money. The rule is that of domain/campaigns.py, said once more.
BONUS: Final = """CASE WHEN {paid} < greatest(1, min_amount_minor) THEN 0 WHEN fixed_points > 0 THEN fixed_points
    ELSE div({base} * (multiplier_percent - 100), 100) END"""


class Proof(NamedTuple):
    """An invariant: two queries with the ledger as $1 and a seq as $2.

    `figure` answers one row of one text, `breaches` rows of one text each, none where the invariant holds. What is too much
    for one statement is in `paged`, which answers breaches of a few batches at a time: they are $2 to $3, the first and last
    of their postings $4 and $5, of the lots that these opened $6 and $7.
    """

    number: int
    name: str
    figure: str
    breaches: str
    paged: str = ""


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


async def prove(connection: PgConnection, ledger_id: int, as_of_seq: int, proof: Proof) -> Finding:
    """Runs one proof on the connection's snapshot."""
    figure = await connection.fetchval(proof.figure, ledger_id, as_of_seq)
    breaches = await _breaches(connection, proof.breaches, ledger_id, as_of_seq)
    if proof.paged:
        breaches += await _in_pages(connection, proof.paged, ledger_id)
    return Finding(proof.number, proof.name, str(figure), breaches[:_BREACHES_MAX])


async def _breaches(connection: PgConnection, query: str, *values: int) -> list[str]:
    # MATERIALIZED: with the LIMIT in sight the planner looks for a quick first row, and where there is none (as
    # there should be) walks the journal once for every entry of it.
    rows = await connection.fetch(
        f"WITH breach (told) AS MATERIALIZED ({query}) SELECT told FROM breach LIMIT {_BREACHES_MAX}", *values
    )
    return [str(row[0]) for row in rows]


async def _in_pages(connection: PgConnection, query: str, ledger_id: int) -> list[str]:
    """What breaks the invariant in the first page that does not hold. Behind the last one there should be nothing."""
    done = (0, _LEAST, _LEAST)
    while True:
        reached = await connection.fetchrow(_PAGE, ledger_id, done[0])
        page = (_MOST, _MOST, _MOST) if reached is None else tuple(reached)
        bounds = [bound for before, last in zip(done, page, strict=True) for bound in (before + 1, last)]
        breaches = await _breaches(connection, query, ledger_id, *bounds)
        if breaches or reached is None:
            return breaches
        done = page


async def prepare(connection: PgConnection, seconds: int) -> None:
    """Readies a transaction for proofs: statements may take longer than the service's own, and join whole tables.

    Statistics of a young or fast-growing table say that it is all but empty, and the planner would then go
    through the journal once for each row of it (measured on 80,000 postings without statistics: the first proof was
    ended after 20 seconds, and takes 0.2 this way).
    """
    await connection.execute(
        f"SET LOCAL statement_timeout = '{int(seconds)}s'; SET LOCAL enable_nestloop = off"
    )
