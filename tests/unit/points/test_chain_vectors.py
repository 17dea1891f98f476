"""The published vectors, recomputed from their rows; docs/chain.md says how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.chain import (
    PARTS,
    batch_bytes,
    leaf_bytes,
    octets,
    sha256,
    start_bytes,
    waiting_words_bytes,
    words_bytes,
)

VECTORS: Mapping[str, Any] = json.loads(
    Path(__file__).parents[3].joinpath("docs/chain-vectors.json").read_text()
)
POSTINGS = [posting for batch in VECTORS["batches"] for posting in batch["postings"]]


def _agree(told: Mapping[str, str], content: bytes) -> None:
    assert bytes.fromhex(told["bytes"]) == content
    assert bytes.fromhex(told["sha256"]) == sha256(content)


def test_leaves_and_words_follow_from_the_rows_of_postings():
    for told in POSTINGS:
        _agree(told["leaf"], leaf_bytes(told["posting"], told))
        if "words" in told:
            _agree(told["words"], words_bytes(told["posting"], told))
            assert bytes.fromhex(told["words"]["sha256"]) == octets(told["posting"]["words_hash"])


def test_the_words_of_refunds_that_wait_follow_from_their_rows():
    for row in (row for batch in VECTORS["batches"] for row in batch["waiting"]):
        assert sha256(waiting_words_bytes(row)) == octets(row["words_hash"])


def test_each_batch_follows_from_the_one_before_and_the_first_from_the_ledger():
    _agree(VECTORS["start"], start_bytes(VECTORS["ledger"]))
    previous, reached = bytes.fromhex(VECTORS["start"]["sha256"]), 0
    for told in VECTORS["batches"]:
        last = told["batch"]["last_account_no"]
        made = [row for row in VECTORS["accounts"] if reached < row["account_no"] <= last]
        leaves = [bytes.fromhex(posting["leaf"]["sha256"]) for posting in told["postings"]]
        beside = told["decisions"], told["waiting"]
        _agree(told["chain"], batch_bytes(previous, told["batch"], leaves, made, *beside))
        previous, reached = bytes.fromhex(told["chain"]["sha256"]), last


def test_the_vectors_have_an_example_of_everything_that_is_chained():
    assert {table for _, table, _ in PARTS} == {table for posting in POSTINGS for table in posting} - {
        "posting",
        "words",
        "leaf",
        "adjustment_note",
    }
    decisions = [decision for batch in VECTORS["batches"] for decision in batch["decisions"]]
    assert {decision["refusal"] is None for decision in decisions} == {True, False}
    assert any(not batch["postings"] for batch in VECTORS["batches"])
    assert any(lot["parent_no"] for posting in POSTINGS for lot in posting.get("lot", ()))
    assert any(lot["matures_at"] for posting in POSTINGS for lot in posting.get("lot", ()))
    assert any(posting["posting"]["wallet_no"] is None for posting in POSTINGS)
    assert {
        "mature",
        "floor",
        "transfer",
        "receive",
        "merge",
        "assume",
        "adjust",
        "import",
        "load",
        "grant",
    } <= {posting["posting"]["kind"] for posting in POSTINGS}
    waiting = [row for batch in VECTORS["batches"] for row in batch["waiting"]]
    assert {row["store_id"] is None for row in waiting} == {True, False}
    adjustments = [row for posting in POSTINGS for row in posting.get("adjustment", ())]
    assert {row["proposal_id"] is None for row in adjustments} == {True, False}
    assert any(posting.get("adjustment_note") for posting in POSTINGS)
    assert any(posting["posting"]["key"] is None for posting in POSTINGS)
    assert any("🧀" in sale["lines"] for posting in POSTINGS for sale in posting.get("purchase", ()))
