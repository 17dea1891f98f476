"""What a partner or staff said of a posting in words: a salted hash of it goes into the chain, so that it can be erased."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from services.points.domain.opened import Opened
from services.points.domain.rows import ParkedRow, PostingRow, RefundRow, Rows, WaitingRow
from services.points.storage.lookups import Lookup
from services.runtime.database import PgConnection

SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32
_NO_WORDS: Final = bytes(SALT_BYTES + _HASH_BYTES)
# How many texts, then their lengths; -1 for a reference that there is not.
_ASKED: Final = struct.Struct(">Bii").pack
_NOTED: Final = struct.Struct(">B3i").pack
_REFUNDED: Final = struct.Struct(">B6i").pack
_SOLD: Final = struct.Struct(">B7i").pack
_MISSING: Final = -1
_MAC_BYTES: Final = 16


class ReferenceMac:
    """A keyed hash of references: whoever has the database alone cannot try out which were erased."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, reference: str) -> bytes:
        """16 bytes."""
        return hashlib.blake2b(
            reference.encode(), key=self._key, digest_size=_MAC_BYTES, person=b"reference"
        ).digest()


class Worded(NamedTuple):
    """A posting whose words can be erased."""

    seq: int
    reference: str | None


def salted(rows: Rows, first_seq: int) -> bytes:
    """Of each posting in order a new salt and the hash of its words, 48 bytes; zeros for the ledger's own acts.

    Then of each refund that waits from now on, and of each earn that is parked.
    """
    refunds = {refund.seq: refund for refund in rows.refunds}
    notes = {adjustment.seq: adjustment.note for adjustment in rows.adjustments}
    beside = len(rows.postings) + len(rows.waiting)
    salts = os.urandom(SALT_BYTES * (beside + len(rows.parked)))
    found: list[bytes] = []
    for no, row in enumerate(rows.postings):
        if row.key is None:
            found.append(_NO_WORDS)
            continue
        salt = salts[SALT_BYTES * no : SALT_BYTES * (no + 1)]
        seq = first_seq + no
        words = _words(row, row.key, refunds.get(seq), notes.get(seq))
        found += (salt, hashlib.sha256(salt + words).digest())
    for no, waiting in enumerate(rows.waiting, start=len(rows.postings)):
        salt = salts[SALT_BYTES * no : SALT_BYTES * (no + 1)]
        words = _of_refund(waiting.reference, waiting.original_reference, waiting)
        found += (salt, hashlib.sha256(salt + words).digest())
    for no, parked in enumerate(rows.parked, start=beside):
        salt = salts[SALT_BYTES * no : SALT_BYTES * (no + 1)]
        found += (salt, hashlib.sha256(salt + _of_sale(parked.key, parked.reference, parked)).digest())
    return b"".join(found)


def _of_refund(first: str, second: str | None, told: RefundRow | WaitingRow) -> bytes:
    """Key and reference of a refund, or the two references of one that waits; and what the till told of the receipt."""
    texts = (first, second or "", told.till, told.business_date, told.receipt_number, told.lines_json)
    a, b, c, d, e, f = (text.encode() for text in texts)
    b_length = _MISSING if second is None else len(b)
    return _REFUNDED(6, len(a), b_length, len(c), len(d), len(e), len(f)) + b"".join((a, b, c, d, e, f))


def _words(row: PostingRow, key: str, refund: RefundRow | None, note: str | None) -> bytes:
    """Key and reference; of a sale or refund also what the till told of the receipt, of an adjustment what was noted."""
    if refund is not None:
        return _of_refund(key, row.reference, refund)
    a, b = key.encode(), (row.reference or "").encode()
    b_length = _MISSING if row.reference is None else len(b)
    if note:
        c = note.encode()
        return _NOTED(3, len(a), b_length, len(c)) + a + b + c
    if row.sale_minor is None:
        return _ASKED(2, len(a), b_length) + a + b
    return _of_sale(key, row.reference, row)


def _of_sale(key: str, reference: str | None, told: PostingRow | ParkedRow) -> bytes:
    """Key and reference of a sale, and what the till told of the receipt."""
    a, b = key.encode(), (reference or "").encode()
    b_length = _MISSING if reference is None else len(b)
    c, d, e, f, g = (
        (text or "").encode()
        for text in (told.till, told.business_date, told.receipt_number, told.lines_json, told.tenders_json)
    )
    lengths = _SOLD(7, len(a), b_length, len(c), len(d), len(e), len(f), len(g))
    return lengths + b"".join((a, b, c, d, e, f, g))


async def erasable(
    connection: PgConnection, ledger_id: int, member_id: UUID, after_seq: int, limit: int
) -> list[Worded]:
    """Up to `limit` postings of a member after a seq that still have words, in order."""
    rows = await connection.fetch(
        """SELECT seq, reference FROM posting WHERE ledger_id = $1 AND seq > $3 AND wallet_no = (
            SELECT account_no FROM account WHERE ledger_id = $1 AND kind = 'wallet' AND owner_id = $2
        ) AND (salt IS NOT NULL OR kind = 'park' AND EXISTS (
            -- (Of one that is parked still the words are needed.)
            SELECT 1 FROM parked_earn k WHERE k.ledger_id = $1 AND k.seq = posting.seq AND NOT k.open AND k.salt IS NOT NULL
        )) ORDER BY seq LIMIT $4""",
        ledger_id,
        member_id,
        after_seq,
        limit,
    )
    return [Worded(*row) for row in rows]


async def erase(
    connection: PgConnection, ledger_id: int, postings: Sequence[Worded], mac: ReferenceMac
) -> int:
    """Erases the words of postings; answers of how many, without those that somebody else has erased meanwhile."""
    macs = [None if posting.reference is None else mac(posting.reference) for posting in postings]
    erased: int = await connection.fetchval(
        "SELECT ledger_erase($1, $2, $3)", ledger_id, [posting.seq for posting in postings], macs
    )
    return erased


async def erase_rejected(connection: PgConnection, ledger_id: int, member_id: UUID) -> None:
    """Erases what was noted to proposals of a member that were rejected: of no posting, and there never will be one."""
    await connection.execute("SELECT ledger_erase_rejected($1, $2)", ledger_id, member_id)


async def add_erased(
    connection: PgConnection, ledger_id: int, opened: Opened, lookups: Sequence[Lookup], mac: ReferenceMac
) -> None:
    """Adds those of the references of a batch that were taken before they were erased."""
    asked = [(each.partner_id, each.kind, each.reference) for each in lookups if each.kind and each.reference]
    found = await erased_references(connection, ledger_id, asked, mac)
    opened.by_reference.update(found)
    opened.erased = found.keys()


async def erased_references(
    connection: PgConnection, ledger_id: int, asked: Sequence[tuple[UUID, str, str]], mac: ReferenceMac
) -> dict[tuple[UUID, str, str], tuple[int, bytes]]:
    """Which of (partner, kind, reference) were taken before they were erased: by which posting of what content."""
    rows = await connection.fetch(
        """SELECT w.no, p.seq, p.content_hash
        FROM unnest($2::uuid[], $3::text[], $4::bytea[]) WITH ORDINALITY w (partner_id, kind, mac, no)
        CROSS JOIN LATERAL (
            SELECT account_no FROM account WHERE ledger_id = $1 AND kind = 'issuance' AND owner_id = w.partner_id LIMIT 1
        ) a
        CROSS JOIN LATERAL (
            SELECT seq FROM erased_reference WHERE ledger_id = $1 AND partner_no = a.account_no AND kind = w.kind AND mac = w.mac LIMIT 1
        ) e
        CROSS JOIN LATERAL (SELECT seq, content_hash FROM posting WHERE ledger_id = $1 AND seq = e.seq LIMIT 1) p""",
        ledger_id,
        [partner for partner, _, _ in asked],
        [kind for _, kind, _ in asked],
        [mac(reference) for _, _, reference in asked],
    )
    return {asked[no - 1]: (seq, content_hash) for no, seq, content_hash in rows}
