"""Whatever of a posting changes, its leaf is another; and what it was asked for in words is in no leaf."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import assume, given
from hypothesis import strategies as st

from services.points.domain.rows import AdjustmentRow, PostingRow, RefundRow, Rows, WaitingRow
from services.points.storage.words import SALT_BYTES, salted
from tests.support.chain import (
    Row,
    batch_bytes,
    decision_bytes,
    leaf_bytes,
    sha256,
    waiting_bytes,
    waiting_words_bytes,
    words_bytes,
)

BIG, SMALL, NUMBERS = (
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**31), 2**31 - 1),
    st.integers(-(2**15), 2**15 - 1),
)
TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)).map(
    datetime.isoformat
)
UUIDS = st.uuids().map(str)
BYTES = st.binary(max_size=20).map(lambda value: f"\\x{value.hex()}")
HASHES = st.binary(min_size=32, max_size=32).map(lambda value: f"\\x{value.hex()}")

POSTING: Mapping[str, st.SearchStrategy[Any]] = {
    "seq": BIG, "transaction_id": UUIDS, "kind": TEXTS, "occurred_at": TIMES, "recorded_at": TIMES, "wallet_no": SMALL | st.none(), "points": BIG,
    "balance_after": BIG, "amount": BIG, "debit_no": SMALL | st.none(), "credit_no": SMALL | st.none(), "partner_no": SMALL | st.none(),
    "original_seq": BIG | st.none(), "expires_at": TIMES | st.none(), "item_no": NUMBERS | st.none(), "content_hash": BYTES | st.none(),
    "words_hash": HASHES | st.none(),
}  # fmt: skip
HANGING: Mapping[str, Mapping[str, st.SearchStrategy[Any]]] = {
    "purchase": {
        "amount_minor": BIG, "points_minor": BIG, "rate_points": SMALL, "rate_per_minor": SMALL, "rate_pending_days": NUMBERS, "channel": TEXTS,
        "entry_mode": TEXTS,
        "store_id": UUIDS | st.none(),
    },
    "refund": {
        "original_seq": BIG, "no": SMALL, "whole": BIG, "given_before": BIG, "given": BIG, "returned": BIG, "clawed_back": BIG, "owed": BIG,
        "written_off": BIG, "money_minor": BIG, "tender_order": TEXTS, "channel": TEXTS, "store_id": UUIDS | st.none(),
    },
    "lot": {
        "lot_no": BIG, "account_no": SMALL, "issuer_no": SMALL, "point_type": TEXTS, "original": BIG, "earned_at": TIMES,
        "expires_at": TIMES | st.just("infinity"), "parent_no": BIG | st.none(), "earned_seq": BIG | st.none(), "pending_no": SMALL | st.none(),
        "matures_at": TIMES | st.none(),
    },
    "lot_use": {"lot_no": BIG, "points": BIG},
    "lot_return": {"lot_no": BIG, "points": BIG},
    "hold": {"wallet_no": SMALL, "partner_no": SMALL, "points": BIG, "expires_at": TIMES},
    "hold_lot": {"lot_no": BIG, "points": BIG},
    "hold_end": {"hold_seq": BIG, "held": BIG, "captured": BIG},
    "debt": {"wallet_no": SMALL, "partner_no": SMALL, "points": BIG, "original_seq": BIG},
    "debt_use": {"debt_seq": BIG, "points": BIG},
    "lot_matured": {"lot_no": BIG, "points": BIG},
    "floor_change": {"partner_no": SMALL, "floor": BIG | st.none(), "parks": st.booleans(), "basis_seq": BIG, "set_by": TEXTS},
    "adjustment": {
        "points": BIG, "limit_points": BIG, "reason": TEXTS, "made_by": TEXTS, "note_id": UUIDS, "content_hash": BYTES, "proposal_id": UUIDS,
        "decided_by": TEXTS, "decided_at": TIMES,
    },
    "merged_wallet": {"from_wallet": SMALL, "into_wallet": SMALL},
    "parked_earn": {
        "partner_no": SMALL, "key": TEXTS, "content_hash": BYTES, "points": BIG, "amount_minor": BIG, "points_minor": BIG, "channel": TEXTS,
        "entry_mode": TEXTS, "store_id": UUIDS | st.none(), "words_hash": HASHES,
    },
}  # fmt: skip
# Of these a posting has several, told apart by their number.
NUMBERED = {"lot": "lot_no", "lot_use": "lot_no", "lot_return": "lot_no", "hold_lot": "lot_no", "hold_end": "hold_seq", "debt_use": "debt_seq", "lot_matured": "lot_no"}  # fmt: skip

Hanging = dict[str, list[Row]]


def _rows(table: str) -> st.SearchStrategy[list[Row]]:
    row = st.fixed_dictionaries(dict(HANGING[table]))
    number = NUMBERED.get(table)
    if number is None:
        return st.lists(row, max_size=1)
    return st.lists(row, max_size=3, unique_by=lambda each: each[number])


HUNG = st.fixed_dictionaries({table: _rows(table) for table in HANGING})
POSTED = st.fixed_dictionaries(dict(POSTING))


@given(POSTED, HUNG, st.data())
def test_any_field_that_changes_changes_the_leaf(posting: Row, hanging: Hanging, data: st.DataObject):
    before = leaf_bytes(posting, hanging)
    places = [("posting", 0), *((table, no) for table, rows in hanging.items() for no in range(len(rows)))]
    table, no = data.draw(st.sampled_from(places))
    fields = POSTING if table == "posting" else HANGING[table]
    name = data.draw(st.sampled_from(sorted(fields)))
    old = posting[name] if table == "posting" else hanging[table][no][name]
    new = data.draw(fields[name].filter(lambda value: value != old))
    if table == "posting":
        after = leaf_bytes({**posting, name: new}, hanging)
    else:
        rows = [{**row, name: new} if place == no else row for place, row in enumerate(hanging[table])]
        after = leaf_bytes(posting, {**hanging, table: rows})
    assert after != before


@given(POSTED, HUNG, POSTED, HUNG)
def test_no_two_postings_have_the_same_bytes(one: Row, hung: Hanging, other: Row, hung_there: Hanging):
    assume((one, hung) != (other, hung_there))
    assert leaf_bytes(one, hung) != leaf_bytes(other, hung_there)


@given(POSTED, HUNG, st.data())
def test_what_hangs_on_a_posting_is_taken_in_the_order_of_its_numbers(
    posting: Row, hanging: Hanging, data: st.DataObject
):
    shuffled = {table: data.draw(st.permutations(rows)) for table, rows in hanging.items()}
    assert leaf_bytes(posting, shuffled) == leaf_bytes(posting, hanging)


@given(POSTED, HUNG, st.data())
def test_a_row_that_is_lost_or_that_comes_to_a_posting_changes_the_leaf(
    posting: Row, hanging: Hanging, data: st.DataObject
):
    table = data.draw(st.sampled_from(sorted(HANGING)))
    without = {**hanging, table: hanging[table][1:]}
    assume(hanging[table])
    assert leaf_bytes(posting, without) != leaf_bytes(posting, hanging)


WORDS = st.fixed_dictionaries(
    dict.fromkeys(("key", "till", "business_date", "receipt_number", "lines", "tenders"), TEXTS)
    | {
        "reference": TEXTS | st.none(),
        "note": TEXTS.filter(bool),
        "salt": st.binary(min_size=16, max_size=16).map(lambda value: f"\\x{value.hex()}"),
    }
)
OF = st.sampled_from(("purchase", "refund", "adjustment_note", None))
ASKED, RECEIPT = ("key", "reference"), ("till", "business_date", "receipt_number", "lines")
TOLD = {
    "purchase": (*ASKED, *RECEIPT, "tenders"),
    "refund": (*ASKED, *RECEIPT),
    "adjustment_note": (*ASKED, "note"),
    None: ASKED,
}


def _worded(words: Row, of: str | None) -> tuple[Row, Hanging]:
    return words, {of: [words]} if of else {}


@given(WORDS, WORDS, OF, OF)
def test_no_two_ways_of_asking_have_the_same_bytes(
    words: Row, others: Row, of: str | None, other_of: str | None
):
    one = (of, words["salt"], [words[name] for name in TOLD[of]])
    other = (other_of, others["salt"], [others[name] for name in TOLD[other_of]])
    assume(one != other)
    assert words_bytes(*_worded(words, of)) != words_bytes(*_worded(others, other_of))


def _posted(words: Row, of: str | None) -> Rows:
    """Rows as the door writes them: an act of the ledger's own, then one that was asked for."""
    row = PostingRow._make(None for _ in PostingRow._fields)
    asked = row._replace(key=words["key"], reference=words["reference"])
    if of == "purchase":
        asked = asked._replace(
            till=words["till"], business_date=words["business_date"], receipt_number=words["receipt_number"], sale_minor=0,
            lines_json=words["lines"], tenders_json=words["tenders"],
        )  # fmt: skip
    rows = Rows(postings=[row, asked])
    if of == "refund":
        refund = RefundRow(
            8, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, "pro_rata", UUID(int=0), words["till"], words["business_date"], words["receipt_number"], "",
            words["lines"],
        )  # fmt: skip
        rows.refunds.append(refund)
    if of == "adjustment_note":
        rows.adjustments.append(AdjustmentRow(8, 1, 1, "other", "cli", UUID(int=0), words["note"], None, b""))
    return rows


@given(WORDS, OF)
def test_the_door_hashes_words_as_the_page_says_each_with_a_salt_of_its_own(words: Row, of: str | None):
    found = salted(_posted(words, of), 7)
    own, salt, hashed = found[:48], found[48 : 48 + SALT_BYTES], found[48 + SALT_BYTES :]
    assert own == bytes(48)
    assert hashed == sha256(words_bytes(*_worded({**words, "salt": f"\\x{salt.hex()}"}, of)))
    assert salted(_posted(words, of), 7)[48:64] != salt


@given(WORDS, TEXTS)
def test_the_door_hashes_the_words_of_a_refund_that_waits_after_those_of_postings(words: Row, original: str):
    asked: Row = {**words, "reference": words["reference"] or "", "original_reference": original}
    rows = _posted(words, None)
    told = (asked["till"], asked["business_date"], asked["receipt_number"], "store", asked["lines"])
    rows.waiting.append(WaitingRow(1, "k", 0, b"", asked["reference"], original, 0, 1, None, *told, ""))
    found = salted(rows, 7)[96:]
    salt = found[:SALT_BYTES].hex()
    assert found[SALT_BYTES:] == sha256(waiting_words_bytes({**asked, "salt": f"\\x{salt}"}))


WAITING = st.fixed_dictionaries(
    {
        "partner_no": SMALL, "key": TEXTS, "item_no": NUMBERS, "content_hash": BYTES, "arrived_at": TIMES, "occurred_at": TIMES,
        "amount_minor": BIG, "channel": TEXTS, "store_id": UUIDS | st.none(), "words_hash": HASHES,
    }
)  # fmt: skip


@given(WAITING, WAITING)
def test_no_two_refunds_that_wait_have_the_same_bytes(one: Row, other: Row):
    assume(one != other)
    assert waiting_bytes(one) != waiting_bytes(other)


DECISION = st.fixed_dictionaries(
    {
        "partner_no": SMALL, "key": TEXTS, "item_no": NUMBERS, "content_hash": BYTES, "seq": BIG | st.none(),
        "refusal": TEXTS | st.none(), "message": TEXTS, "metadata": st.dictionaries(TEXTS, TEXTS, max_size=3),
    }
)  # fmt: skip


@given(DECISION, DECISION)
def test_no_two_decisions_have_the_same_bytes(one: Row, other: Row):
    told = [
        {**row, "message": None, "metadata": None} if row["refusal"] is None else row for row in (one, other)
    ]
    assume(told[0] != told[1])
    assert decision_bytes(told[0]) != decision_bytes(told[1])


BATCH = st.fixed_dictionaries(
    {
        "batch_no": BIG,
        "first_seq": BIG,
        "n": SMALL,
        "recorded_at": TIMES,
        "last_lot_no": BIG,
        "last_account_no": SMALL,
    }
)


@given(
    BATCH,
    st.lists(st.binary(min_size=32, max_size=32), min_size=2, max_size=4, unique=True),
    DECISION,
    WAITING,
    st.data(),
)
def test_a_batch_changes_with_each_of_its_parts_and_their_order(
    batch: Row, leaves: list[bytes], decision: Row, waits: Row, data: st.DataObject
):
    previous = sha256(b"")
    account = {"account_no": 1, "kind": "wallet", "owner_id": str(UUID(int=1))}
    whole = batch_bytes(previous, batch, leaves, [account], [decision], [waits])
    name = data.draw(st.sampled_from(sorted(batch)))
    strategy = {"n": SMALL, "last_account_no": SMALL, "recorded_at": TIMES}.get(name, BIG)
    changed = {**batch, name: data.draw(strategy.filter(lambda value: value != batch[name]))}
    others = (
        batch_bytes(sha256(b"another"), batch, leaves, [account], [decision], [waits]),
        batch_bytes(previous, changed, leaves, [account], [decision], [waits]),
        batch_bytes(previous, batch, leaves[::-1], [account], [decision], [waits]),
        batch_bytes(previous, batch, leaves[1:], [account], [decision], [waits]),
        batch_bytes(
            previous, batch, leaves, [{**account, "owner_id": str(UUID(int=2))}], [decision], [waits]
        ),
        batch_bytes(previous, batch, leaves, [account], [], [waits]),
        batch_bytes(previous, batch, leaves, [account], [decision], []),
    )
    assert whole not in others
