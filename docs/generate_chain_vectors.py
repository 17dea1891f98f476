# ruff: noqa: INP001
"""Fills in bytes and hashes of docs/chain-vectors.json from its rows: `python docs/generate_chain_vectors.py [--check]`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

PAGE: Final = Path(__file__).with_name("chain-vectors.json")
# The bytes are written by what the tests hold to the database.
sys.path.insert(0, str(Path(__file__).parents[1]))

from generated_page import keep  # noqa: E402

from tests.support.chain import (  # noqa: E402
    PARTS,
    batch_bytes,
    leaf_bytes,
    parked_words_bytes,
    sha256,
    start_bytes,
    waiting_words_bytes,
    words_bytes,
)

Document = Mapping[str, Any]
#: What lies deeper is written on one line.
_DEPTH_MAX: Final = 4


def _hashed(content: bytes) -> dict[str, str]:
    return {"bytes": content.hex(), "sha256": sha256(content).hex()}


def filled_in(vectors: Document) -> dict[str, Any]:
    """The vectors with all bytes and hashes as they follow from the rows."""
    start = _hashed(start_bytes(vectors["ledger"]))
    previous, reached = start["sha256"], 0
    batches: list[dict[str, Any]] = []
    for told in vectors["batches"]:
        batch = told["batch"]
        postings = [_posting(each) for each in told["postings"]]
        leaves = [bytes.fromhex(each["leaf"]["sha256"]) for each in postings]
        waiting = [_waiting(row) for row in told["waiting"]]
        made = [row for row in vectors["accounts"] if reached < row["account_no"] <= batch["last_account_no"]]
        beside = told["decisions"], waiting
        chained = _hashed(batch_bytes(bytes.fromhex(previous), batch, leaves, made, *beside))
        previous, reached = chained["sha256"], batch["last_account_no"]
        batches.append(
            {
                "batch": batch,
                "postings": postings,
                "decisions": told["decisions"],
                "waiting": waiting,
                "chain": chained,
            }
        )
    return {"ledger": vectors["ledger"], "start": start, "accounts": vectors["accounts"], "batches": batches}


def _posting(told: Document) -> dict[str, Any]:
    row = dict(told["posting"])
    tables = [table for _, table, _ in PARTS] + ["adjustment_note"]
    hanging = {table: told[table] for table in tables if told.get(table)}
    if "parked_earn" in hanging:
        hanging["parked_earn"] = [_parked(each) for each in hanging["parked_earn"]]
    filled: dict[str, Any] = {"posting": row, **hanging}
    if row["salt"] is not None:
        filled["words"] = _hashed(words_bytes(row, hanging))
        row["words_hash"] = "\\x" + filled["words"]["sha256"]
    filled["leaf"] = _hashed(leaf_bytes(row, hanging))
    return filled


def _parked(told: Document) -> dict[str, Any]:
    return {**told, "words_hash": "\\x" + sha256(parked_words_bytes(told)).hex()}


def _waiting(told: Document) -> dict[str, Any]:
    if told["salt"] is None:
        return dict(told)
    return {**told, "words_hash": "\\x" + sha256(waiting_words_bytes(told)).hex()}


def page() -> str:
    """The whole file: a row a line."""
    return _written(filled_in(json.loads(PAGE.read_text())), 0) + "\n"


def _written(value: Any, depth: int) -> str:
    inside = list(value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ())
    if depth > _DEPTH_MAX or not any(isinstance(each, Mapping | list) for each in inside):
        return json.dumps(value, ensure_ascii=False)
    names = [f"{json.dumps(name)}: " for name in value] if isinstance(value, Mapping) else [""] * len(inside)
    first, last = "{}" if isinstance(value, Mapping) else "[]"
    lines = (f"{name}{_written(each, depth + 1)}" for name, each in zip(names, inside, strict=True))
    return f"{first}\n" + ",\n".join(" " * (depth + 1) + line for line in lines) + f"\n{' ' * depth}{last}"


if __name__ == "__main__":
    raise SystemExit(keep(PAGE.name, page(), sys.argv[1:]))
