"""What a proof is, and how it is run."""

from __future__ import annotations

from typing import Final, NamedTuple

from services.runtime.database import PgConnection

_BREACHES_MAX: Final = 5
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
