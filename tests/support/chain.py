"""The chain as docs/chain.md describes it, and nothing else: shares no code with the service, needs no database.

Rows are mappings by column, in the types of JSON: times as ISO 8601, UUIDs as text, bytes as `\\x` and hex, the JSON of lines
and tenders as its text.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

Row = Mapping[str, Any]
START = datetime(2000, 1, 1, tzinfo=UTC)
NEVER_US = 2**63 - 1
# What hangs on a posting: its letter, its table, and what it is sorted by.
PARTS = (
    ("B", "purchase", None), ("C", "refund", None), ("D", "lot", "lot_no"), ("E", "lot_use", "lot_no"),
    ("F", "lot_return", "lot_no"), ("G", "hold", None), ("H", "hold_lot", "lot_no"), ("I", "hold_end", "hold_seq"),
    ("J", "debt", None), ("K", "debt_use", "debt_seq"), ("L", "lot_matured", "lot_no"), ("M", "floor_change", None),
    ("N", "adjustment", None), ("O", "merged_wallet", None), ("P", "campaign_grant", None), ("Q", "budget_load", None),
    ("R", "parked_earn", None), ("S", "burn_worth", None),
)  # fmt: skip
NO_BYTES = b""


def i16(value: int) -> bytes:
    return struct.pack(">h", value)


def i32(value: int) -> bytes:
    return struct.pack(">i", value)


def i64(value: int) -> bytes:
    return struct.pack(">q", value)


def time(text: str) -> bytes:
    """Microseconds since the year 2000; the largest number for what never comes."""
    if text == "infinity":
        return i64(NEVER_US)
    return i64((datetime.fromisoformat(text) - START) // timedelta(microseconds=1))


def uid(text: str) -> bytes:
    return UUID(text).bytes


def octets(text: str) -> bytes:
    """Bytes as they are."""
    return bytes.fromhex(text.removeprefix("\\x"))


def sized(value: bytes) -> bytes:
    """Bytes after their length."""
    return i32(len(value)) + value


def text(value: str) -> bytes:
    return sized(value.encode())


def field(letter: str, value: Any, write: Callable[[Any], bytes]) -> bytes:
    """A value that may be missing: after its letter, or not at all."""
    return NO_BYTES if value is None else letter.encode() + write(value)


def posting_bytes(row: Row) -> bytes:
    fixed = (
        i64(row["seq"]), uid(row["transaction_id"]), text(row["kind"]), time(row["occurred_at"]), time(row["recorded_at"]),
        i64(row["points"]), i64(row["balance_after"]), i64(row["amount"]),
    )  # fmt: skip
    optional = (
        field("a", row["wallet_no"], i32), field("d", row["debit_no"], i32), field("c", row["credit_no"], i32), field("p", row["partner_no"], i32),
        field("o", row["original_seq"], i64), field("e", row["expires_at"], time), field("i", row["item_no"], i16),
        field("h", row["content_hash"], lambda value: sized(octets(value))), field("w", row["words_hash"], octets),
    )  # fmt: skip
    return b"".join(fixed + optional)


def floor_bytes(row: Row) -> bytes:
    asked = i32(row["partner_no"]) + i64(row["basis_seq"]) + text(row["set_by"])
    return asked + field("f", row["floor"], i64) + (b"p" if row["parks"] else NO_BYTES)


def parked_bytes(row: Row) -> bytes:
    asked = i32(row["partner_no"]) + text(row["key"]) + sized(octets(row["content_hash"]))
    sums = i64(row["points"]) + i64(row["amount_minor"]) + i64(row["points_minor"])
    where = text(row["channel"]) + text(row["entry_mode"]) + field("s", row["store_id"], uid)
    return asked + sums + where + b"w" + octets(row["words_hash"])


def adjustment_bytes(row: Row) -> bytes:
    """With who approved it, and when, of its proposal's decision, where it took two people."""
    why = i64(row["points"]) + i64(row["limit_points"]) + text(row["reason"]) + text(row["made_by"])
    asked = uid(row["note_id"]) + sized(octets(row["content_hash"]))
    if row["proposal_id"] is None:
        return why + asked
    return why + asked + b"p" + uid(row["proposal_id"]) + text(row["decided_by"]) + time(row["decided_at"])


def merge_bytes(row: Row) -> bytes:
    return i32(row["from_wallet"]) + i32(row["into_wallet"])


def grant_bytes(row: Row) -> bytes:
    """With the terms of its campaign's version."""
    by = i64(row["earn_seq"]) + uid(row["campaign_id"]) + i32(row["version"])
    effect = i32(row["multiplier_percent"]) + i64(row["fixed_points"]) + i64(row["min_amount_minor"])
    shares = zip(row["funders"], row["percents"], strict=True)
    funders = i32(len(row["funders"])) + b"".join(uid(funder) + i16(percent) for funder, percent in shares)
    return by + effect + funders


def load_bytes(row: Row) -> bytes:
    return uid(row["campaign_id"]) + i64(row["points"]) + text(row["loaded_by"])


def worth_bytes(row: Row) -> bytes:
    """With the rule that decided."""
    what = i32(row["wallet_no"]) + i32(row["partner_no"]) + i64(row["points"]) + i64(row["worth_minor"])
    when = i32((date.fromisoformat(row["day"]) - START.date()).days) + bytes([row["burned"]])
    names = ("rule_version", "rule_points", "rule_worth_minor", "minimum_points", "step_points")
    rule = b"".join(i64(row[name]) for name in names) + i16(row["share_percent"]) + i64(row["daily_points"])
    lists = b"".join(
        i32(len(row[name])) + b"".join(map(text, row[name]))
        for name in ("excluded_categories", "excluded_tenders")
    )
    return what + when + rule + text(row["treatment"]) + lists + field("b", row["basket_minor"], i64)


OF_OTHERS: Mapping[str, Callable[[Row], bytes]] = {
    "floor_change": floor_bytes,
    "adjustment": adjustment_bytes,
    "merged_wallet": merge_bytes,
    "campaign_grant": grant_bytes,
    "budget_load": load_bytes,
    "parked_earn": parked_bytes,
    "burn_worth": worth_bytes,
}


def part_bytes(table: str, row: Row) -> bytes:
    """What of a row that hangs on a posting goes into its leaf, after the letter."""
    if table == "purchase":
        sums = i64(row["amount_minor"]) + i64(row["points_minor"])
        rate = i32(row["rate_points"]) + i32(row["rate_per_minor"]) + i16(row["rate_pending_days"])
        return sums + rate + text(row["channel"]) + text(row["entry_mode"]) + field("s", row["store_id"], uid)
    if table == "refund":
        chained = i64(row["original_seq"]) + i32(row["no"])
        names = (
            "whole",
            "given_before",
            "given",
            "returned",
            "clawed_back",
            "owed",
            "written_off",
            "money_minor",
        )
        figures = b"".join(i64(row[name]) for name in names)
        where = text(row["tender_order"]) + text(row["channel"]) + field("s", row["store_id"], uid)
        return chained + figures + where
    if table == "lot":
        whose = i64(row["lot_no"]) + i32(row["account_no"]) + i32(row["issuer_no"]) + text(row["point_type"])
        what = i64(row["original"]) + time(row["earned_at"]) + time(row["expires_at"])
        before = field("l", row["parent_no"], i64) + field("o", row["earned_seq"], i64)
        return (
            whose + what + before + field("p", row["pending_no"], i32) + field("m", row["matures_at"], time)
        )
    if table in OF_OTHERS:
        return OF_OTHERS[table](row)
    if table == "hold":
        return i32(row["wallet_no"]) + i32(row["partner_no"]) + i64(row["points"]) + time(row["expires_at"])
    if table == "hold_end":
        return i64(row["hold_seq"]) + i64(row["held"]) + i64(row["captured"])
    if table == "debt":
        return i32(row["wallet_no"]) + i32(row["partner_no"]) + i64(row["points"]) + i64(row["original_seq"])
    return i64(row["debt_seq" if table == "debt_use" else "lot_no"]) + i64(row["points"])


def leaf_bytes(posting: Row, hanging: Mapping[str, Sequence[Row]]) -> bytes:
    """What the leaf is the hash of: the posting, then what hangs on it, by letter and number."""
    found = [b"\x00\x01", posting_bytes(posting)]
    for letter, table, number in PARTS:
        rows: Iterable[Row] = hanging.get(table, ())
        if number is not None:
            rows = sorted(rows, key=lambda row, by=number: row[by])
        found += [letter.encode() + part_bytes(table, row) for row in rows]
    return b"".join(found)


def words_bytes(posting: Row, hanging: Mapping[str, Sequence[Row]]) -> bytes:
    """What the hash of the words is of: the salt, how many texts, their lengths, the texts.

    A row of adjustment_note hangs on the posting of its adjustment.
    """
    words: list[str | None] = [posting["key"], posting["reference"]]
    for row in hanging.get("purchase", ()):
        words += [row[name] for name in ("till", "business_date", "receipt_number", "lines", "tenders")]
    for row in hanging.get("refund", ()):
        words += [row[name] for name in ("till", "business_date", "receipt_number", "lines")]
    words += [row["note"] for row in hanging.get("adjustment_note", ())]
    return _salted_bytes(posting, words)


def _salted_bytes(row: Row, words: Sequence[str | None]) -> bytes:
    lengths = b"".join(i32(-1 if word is None else len(word.encode())) for word in words)
    texts = "".join(word or "" for word in words).encode()
    return octets(row["salt"]) + bytes([len(words)]) + lengths + texts


def waiting_words_bytes(row: Row) -> bytes:
    """What the hash of the words of a refund that waits is of."""
    names = ("reference", "original_reference", "till", "business_date", "receipt_number", "lines")
    return _salted_bytes(row, [row[name] for name in names])


def parked_words_bytes(row: Row) -> bytes:
    """What the hash of the words of a sale that is parked is of."""
    names = ("key", "reference", "till", "business_date", "receipt_number", "lines", "tenders")
    return _salted_bytes(row, [row[name] for name in names])


def account_bytes(row: Row) -> bytes:
    return b"a" + i32(row["account_no"]) + text(row["kind"]) + uid(row["owner_id"])


def decision_bytes(row: Row) -> bytes:
    asked = b"k" + i32(row["partner_no"]) + text(row["key"]) + i16(row["item_no"])
    refusal = NO_BYTES
    if row["refusal"] is not None:
        metadata: Mapping[str, str] = row["metadata"]
        pairs = sorted(metadata.items(), key=lambda pair: pair[0].encode())
        told = i32(len(pairs)) + b"".join(text(name) + text(value) for name, value in pairs)
        refusal = b"r" + text(row["refusal"]) + text(row["message"]) + told
    return asked + sized(octets(row["content_hash"])) + field("s", row["seq"], i64) + refusal


def waiting_bytes(row: Row) -> bytes:
    asked = b"w" + i32(row["partner_no"]) + text(row["key"]) + i16(row["item_no"])
    times = time(row["arrived_at"]) + time(row["occurred_at"])
    told = i64(row["amount_minor"]) + text(row["channel"]) + field("s", row["store_id"], uid)
    return asked + sized(octets(row["content_hash"])) + times + told + b"w" + octets(row["words_hash"])


def start_bytes(ledger: Row) -> bytes:
    """What the first batch is chained to is the hash of this."""
    names = text(ledger["programme"]) + text(ledger["zone"]) + text(ledger["currency"])
    return b"\x02" + i16(ledger["ledger_id"]) + names + bytes([ledger["is_test"]])


def batch_bytes(
    previous: bytes,
    batch: Row,
    leaves: Sequence[bytes],
    accounts: Sequence[Row],
    decisions: Sequence[Row],
    waiting: Sequence[Row],
) -> bytes:
    """What a batch's hash is of. Accounts are those made since the batch before, in order."""
    place = i64(batch["batch_no"]) + i64(batch["first_seq"]) + i32(batch["n"]) + time(batch["recorded_at"])
    reached = i64(batch["last_lot_no"]) + i32(batch["last_account_no"])
    made = b"".join(account_bytes(row) for row in accounts)
    return (
        b"\x01"
        + previous
        + place
        + reached
        + b"".join(leaves)
        + made
        + b"".join(map(decision_bytes, sorted(decisions, key=_by_key)))
        + b"".join(map(waiting_bytes, sorted(waiting, key=_by_key)))
    )


def _by_key(row: Row) -> tuple[int, bytes]:
    return row["partner_no"], row["key"].encode()


def sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
