"""What a partner said of a posting in words. The chain holds a salted hash of it, so that it can be erased."""

from __future__ import annotations

import hashlib
import os
import struct
from typing import Final

from services.points.domain.rows import PostingRow, RefundRow, Rows

SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32
_NO_WORDS: Final = bytes(SALT_BYTES + _HASH_BYTES)
# How many texts, then their lengths; -1 for a reference that there is not.
_ASKED: Final = struct.Struct(">Bii").pack
_REFUNDED: Final = struct.Struct(">B6i").pack
_SOLD: Final = struct.Struct(">B7i").pack
_MISSING: Final = -1


def salted(rows: Rows, first_seq: int) -> bytes:
    """Of each posting in order a new salt and the hash of its words, 48 bytes; zeros for the ledger's own acts."""
    refunds = {refund.seq: refund for refund in rows.refunds}
    salts = os.urandom(SALT_BYTES * len(rows.postings))
    found: list[bytes] = []
    for no, row in enumerate(rows.postings):
        if row.key is None:
            found.append(_NO_WORDS)
            continue
        salt = salts[SALT_BYTES * no : SALT_BYTES * (no + 1)]
        words = _words(row, row.key, refunds.get(first_seq + no))
        found += (salt, hashlib.sha256(salt + words).digest())
    return b"".join(found)


def _words(row: PostingRow, key: str, refund: RefundRow | None) -> bytes:
    """Key and reference; of a sale or refund also what the till told of the receipt."""
    a, b = key.encode(), (row.reference or "").encode()
    b_length = _MISSING if row.reference is None else len(b)
    if refund is not None:
        c, d, e, f = (
            text.encode()
            for text in (refund.till, refund.business_date, refund.receipt_number, refund.lines_json)
        )
        return _REFUNDED(6, len(a), b_length, len(c), len(d), len(e), len(f)) + b"".join((a, b, c, d, e, f))
    if row.sale_minor is None:
        return _ASKED(2, len(a), b_length) + a + b
    c, d, e, f, g = (
        (text or "").encode()
        for text in (row.till, row.business_date, row.receipt_number, row.lines_json, row.tenders_json)
    )
    lengths = _SOLD(7, len(a), b_length, len(c), len(d), len(e), len(f), len(g))
    return lengths + b"".join((a, b, c, d, e, f, g))
