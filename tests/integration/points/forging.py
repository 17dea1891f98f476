"""What somebody can do to a ledger who can do anything to its database: change it, and chain all of it anew."""

from __future__ import annotations

from services.runtime.database import PgConnection

_WORDS = """UPDATE posting p SET words_hash = sha256(p.salt || chain_words(
    p.key, p.reference, coalesce(s.till, f.till), coalesce(s.business_date, f.business_date),
    coalesce(s.receipt_number, f.receipt_number), coalesce(s.lines, f.lines)::text, s.tenders::text, n.note
)) FROM posting o LEFT JOIN purchase s USING (ledger_id, seq) LEFT JOIN refund f USING (ledger_id, seq)
LEFT JOIN adjustment a USING (ledger_id, seq) LEFT JOIN adjustment_note n USING (ledger_id, note_id)
WHERE p.ledger_id = $1 AND o.ledger_id = $1 AND o.seq = p.seq AND p.salt IS NOT NULL AND p.key IS NOT NULL"""
_BATCHES = "DELETE FROM batch WHERE ledger_id = $1 RETURNING batch_no, first_seq, n, recorded_at, last_lot_no, last_account_no"
_WAITED = """UPDATE waiting_refund SET words_hash = sha256(salt || chain_words(
    reference, original_reference, till, business_date, receipt_number, lines::text, NULL
)) WHERE ledger_id = $1 AND salt IS NOT NULL"""
_PARKED = """UPDATE parked_earn SET words_hash = sha256(salt || chain_words(
    key, reference, till, business_date, receipt_number, lines::text, tenders::text
)) WHERE ledger_id = $1 AND salt IS NOT NULL"""
#: What a batch has beside its postings, with the ledger and the batch's number.
BESIDE = """SELECT string_agg(bytes, '' ORDER BY place, partner_no, key COLLATE "C") FROM (
    SELECT 0 AS place, partner_no, key, chain_decision(d) AS bytes FROM decision d WHERE ledger_id = $1 AND batch_no = $2
    UNION ALL
    SELECT 1, partner_no, key, chain_wait(w) FROM waiting_refund w WHERE ledger_id = $1 AND batch_no = $2
) beside"""


async def chain_anew(connection: PgConnection, ledger_id: int) -> None:
    """Gives a ledger the chain that it would have if it had always been as it is now; past all guards."""
    await connection.execute("ALTER TABLE batch DROP CONSTRAINT IF EXISTS batch_leaves_ck")
    await connection.execute(_WORDS, ledger_id)
    await connection.execute(_WAITED, ledger_id)
    await connection.execute(_PARKED, ledger_id)
    chained = b""
    batches = [tuple(row) for row in await connection.fetch(_BATCHES, ledger_id)]
    for batch in sorted(batches):
        beside = await connection.fetchval(BESIDE, ledger_id, batch[0])
        chained = await connection.fetchval(
            "SELECT ledger_chain($1, $2, $3, $4, $5, $6, $7, $8)", ledger_id, *batch, beside
        )
    await connection.execute(
        "UPDATE ledger_head SET chain_hash = $2 WHERE ledger_id = $1", ledger_id, chained
    )
