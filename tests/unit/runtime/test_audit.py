"""The bytes of the audit chain: what is hashed, and what two machines write alike."""

from __future__ import annotations

from dataclasses import fields, replace
from hashlib import sha256
from typing import Any

import pytest

from services.runtime.audit import (
    NOTHING_BEFORE,
    AuditHead,
    AuditRow,
    ChainWalk,
    canonical,
    hash_of,
    length_prefixed,
)

ROW = AuditRow(
    3, 1, 1_700_000_000_000_001, "staff", "stf_x", "Zoë", "limit.set", "ptr_x", "", '{"a":1}', "why", NOTHING_BEFORE
).sealed()  # fmt: skip


def test_the_hash_is_over_fields_after_their_lengths() -> None:
    numbers = [(3).to_bytes(8, "big"), (1).to_bytes(8, "big"), (1_700_000_000_000_001).to_bytes(8, "big")]
    texts = ["staff", "stf_x", "Zoë", "limit.set", "ptr_x", "", '{"a":1}', "why"]
    parts = [*numbers, *(text.encode() for text in texts), NOTHING_BEFORE]
    plain = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    assert ROW.hash == hash_of(ROW) == sha256(plain).digest()


def test_every_field_counts() -> None:
    for each in fields(AuditRow):
        value: Any = getattr(ROW, each.name)
        changed = (
            value + 1
            if isinstance(value, int)
            else value + value[:1] + type(value)(b"x" if isinstance(value, bytes) else "x")
        )
        assert (hash_of(replace(ROW, **{each.name: changed})) != ROW.hash) is (each.name != "hash")


def test_moving_a_character_from_one_field_to_the_next_is_not_the_same() -> None:
    assert length_prefixed(b"ab", b"c") != length_prefixed(b"a", b"bc")


def test_documents_are_written_alike_whatever_their_order() -> None:
    assert canonical({"b": [1, None], "a": "ü"}) == '{"a":"ü","b":[1,null]}'
    assert canonical(None) == ""


@pytest.mark.parametrize("document", [{"a": 1.0}, {"a": [{"b": 0.5}]}, {"a": {"b": (1.5,)}}, {"a": b"x"}])
def test_what_has_several_forms_has_none_here(document: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        canonical(document)


def test_an_empty_chain_is_whole_and_ends_at_nothing() -> None:
    walk = ChainWalk(3)
    walk.end(AuditHead(3, 0, NOTHING_BEFORE))
    assert walk.faults() == ()


def test_the_first_faults_are_named_and_the_others_counted() -> None:
    walk = ChainWalk(3)
    for number in range(1, 32):
        walk.add(replace(ROW, number=number))
    assert len(walk.faults()) == 21
    assert walk.faults()[-1].startswith("and ")
