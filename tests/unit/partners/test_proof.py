"""Trees, log and notes: what the domain makes is what the verifier, written apart from it, makes of the same."""

from __future__ import annotations

import random
from base64 import b64decode
from hashlib import sha256
from uuid import UUID

import pytest

from services.partners.domain.entries import EntryKind
from services.partners.domain.proof import log
from services.partners.domain.proof.columns import KIND_CODES, NO_CODE, TYPE_CODES
from services.partners.domain.proof.leaves import (
    BLOCK_LEAVES,
    ROW,
    PartnerTrees,
    UnknownKind,
    leaves_of,
    owner_of,
)
from services.partners.domain.proof.sum_tree import EMPTY, Node, label, level_above, parent, path_of, root_of
from services.partners.domain.statement import LineKind
from services.runtime.signed_note import NoteSigner
from services.verifier import statement as verifier
from tests.support.statement_files import KEY, ORIGIN, SIGNER, Coalition, Said, fee, packed, plaza

KEY_OF_TEST = bytes(range(32))
PARTNERS = sorted((UUID(int=each) for each in (3, 2**100, 2**127)), key=lambda each: each.bytes)


def entries(count: int, seed: int) -> list[Said]:
    chance = random.Random(seed)
    # The first of them undoes nothing: no seq stands before it.
    kinds = list(verifier.KINDS)[:-1]
    found: list[Said] = []
    for seq in range(1, count + 1):
        kind, line = "issued" if seq == 1 else chance.choice(kinds), 1 + chance.randrange(3)
        points, price = chance.randrange(1, 9_999), chance.randrange(20_000)
        later = chance.randrange(20_000) if kind in verifier.REDEEMABLE else 0
        earned = chance.randrange(1, seq) if kind in verifier.EARNED else 0
        found.append(
            fee(seq, line, price)
            if kind == "fee"
            else Said(seq, line, kind, points, price, redemption=later, earned_seq=earned)
        )
    return found


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 255, 256, 257, 1_023, 1_025, 7 * BLOCK_LEAVES + 77])
def test_a_tree_grown_piece_by_piece_has_the_root_that_the_verifier_makes(count: int) -> None:
    said, chance = entries(count, count), random.Random(count)
    partner_id = PARTNERS[1]
    rows, trees = packed(partner_id, said), PartnerTrees(KEY_OF_TEST, 1, 9)
    at = 0
    while at < len(rows):
        size = ROW.size * chance.choice([1, 2, 700, 1_500])
        trees.add(rows[at : at + size])
        at += size
    owner = owner_of(KEY_OF_TEST, 1, partner_id, 9)
    leaves = [
        leaf
        for block, start in enumerate(range(0, len(rows), ROW.size * BLOCK_LEAVES))
        for leaf in leaves_of(rows[start : start + ROW.size * BLOCK_LEAVES], owner, block)
    ]
    shown = [
        [
            each.seq,
            each.line,
            each.kind,
            each.point_type,
            each.points,
            each.price,
            each.amount,
            each.redemption,
            each.earned_seq,
            each.entity,
            leaf[0][:4].hex(),
        ]
        for each, leaf in zip(said, leaves, strict=True)
    ]
    record = {"window": 9, "first_seq": 1, "last_seq": count}
    found = trees.roots().get(partner_id, EMPTY)
    assert (found[0], found[1:]) == verifier.tree_of(shown, partner_id.bytes, record, owner.secret, {})


def test_rows_of_partners_that_come_in_one_piece_are_told_apart() -> None:
    of_each = {partner: packed(partner, entries(7 + at, at)) for at, partner in enumerate(PARTNERS)}
    together = PartnerTrees(KEY_OF_TEST, 1, 2)
    alone: dict[UUID, Node] = {}
    for at in range(0, len(rows := b"".join(of_each.values())), 5 * ROW.size):
        together.add(rows[at : at + 5 * ROW.size])
    for partner, its in of_each.items():
        tree = PartnerTrees(KEY_OF_TEST, 1, 2)
        tree.add(its)
        alone |= tree.roots()
        assert partner in alone
    assert together.roots() == alone


def test_a_secret_is_another_for_each_ledger_partner_window_and_key() -> None:
    first = owner_of(KEY_OF_TEST, 1, PARTNERS[0], 1).secret
    others = {
        owner_of(KEY_OF_TEST, 2, PARTNERS[0], 1).secret,
        owner_of(KEY_OF_TEST, 1, PARTNERS[1], 1).secret,
        owner_of(KEY_OF_TEST, 1, PARTNERS[0], 2).secret,
        owner_of(bytes(32), 1, PARTNERS[0], 1).secret,
    }
    assert len(others | {first}) == 5


def test_an_entry_of_a_kind_or_type_without_a_number_is_never_hashed() -> None:
    owner = owner_of(KEY_OF_TEST, 1, PARTNERS[0], 1)
    for codes in ((NO_CODE, 1), (1, NO_CODE)):
        with pytest.raises(UnknownKind):
            leaves_of(ROW.pack(PARTNERS[0].bytes, 1, 1, *codes, 1, 1, 1, 0, 0, 1), owner, 0)


def test_every_kind_that_moves_money_has_a_number_and_the_verifier_the_same_ones() -> None:
    assert {kind.value for kind in EntryKind} - {"nothing"} == set(KIND_CODES)
    # Lines of a statement stand in the order of its kinds, here and there.
    assert [*KIND_CODES] == [kind.value for kind in LineKind][: len(KIND_CODES)]
    assert list(KIND_CODES.values()) == sorted(KIND_CODES.values())
    assert dict(KIND_CODES) == verifier.KINDS
    assert dict(TYPE_CODES) == verifier.TYPES
    assert len(set(KIND_CODES.values())) == len(KIND_CODES)


def test_sums_beyond_64_bits_are_hashed_whole_and_beyond_128_refused() -> None:
    wide: list[Node] = [(sha256(bytes([at])).digest(), 1, 2**64 - 1 + at, 2**100, 3, at) for at in range(5)]
    by_pairs = root_of([parent(wide[0], wide[1]), parent(wide[2], wide[3]), wide[4]])
    assert root_of(wide) == by_pairs
    assert len(label(by_pairs)) == 112
    assert by_pairs[3] == 5 * 2**100
    most: Node = (bytes(32), 1, 2**128 - 1, 0, 0, 0)
    with pytest.raises(OverflowError):
        label(parent(most, most))
    assert level_above([most, most])[0][2] == 2**129 - 2


@pytest.mark.parametrize("count", range(1, 34))
def test_every_leaf_has_a_path_that_the_verifier_climbs_to_the_root(count: int) -> None:
    nodes = [(sha256(bytes([at])).digest(), at, 0, at * 2, 0, 7) for at in range(count)]
    root = root_of(nodes, b"\x03")
    for place, node in enumerate(nodes):
        path = [(each[0], each[1:]) for each in path_of(nodes, place)]
        top = verifier.climbed((node[0], node[1:]), place, count, path, verifier.partner_node, "here")
        assert top == (root[0], root[1:])
        wrong = (place + 1) % count
        if wrong != place:
            with pytest.raises(verifier.Refused):
                verifier.expect(
                    verifier.climbed((node[0], node[1:]), wrong, count, path, verifier.partner_node, "here")
                    == top,
                    "another root",
                )


def test_the_log_is_that_of_the_rfc() -> None:
    """The empty tree, and one of three leaves by hand."""
    leaves = [log.leaf_of(bytes([at])) for at in range(3)]
    assert log.root_of([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    pair = sha256(b"\x01" + leaves[0] + leaves[1]).digest()
    assert log.root_of(leaves) == sha256(b"\x01" + pair + leaves[2]).digest()
    assert leaves[0] == sha256(b"\x00\x00").digest()


def test_every_consistency_proof_leads_from_the_older_root_and_from_no_other() -> None:
    leaves = [log.leaf_of(bytes([at])) for at in range(40)]
    roots = [log.root_of(leaves[:size]) for size in range(41)]
    for size in range(2, 41):
        for old in range(1, size):
            proof = log.consistency_of(leaves[:size], old)
            assert verifier.consistent(old, roots[old], size, roots[size], proof)
            assert not verifier.consistent(old, roots[old - 1], size, roots[size], proof)
            assert not verifier.consistent(old, roots[old], size, roots[size - 1], proof)
            assert not verifier.consistent(old, roots[old], size, roots[size], proof[:-1])
            assert not verifier.consistent(old, roots[old], size, roots[size], [*proof, bytes(32)])
            for at in range(len(proof)):
                wrong = [*proof[:at], sha256(proof[at]).digest(), *proof[at + 1 :]]
                assert not verifier.consistent(old, roots[old], size, roots[size], wrong)


def test_a_log_whose_past_was_rewritten_has_no_proof_from_the_checkpoint_that_was_kept() -> None:
    kept, rewritten = plaza(), Coalition(plaza().partners)
    for number, entries_of in enumerate(kept.entries, start=1):
        changed = {**entries_of, "fuel": [Said(102, 1, "issued", 54, 11_050)]} if number == 1 else entries_of
        rewritten.state(kept.windows[number - 1].last_seq, changed)
    # By itself the new history verifies; beside the checkpoint that was kept it does not.
    assert verifier.verify(rewritten.file("grocer", 4), KEY)
    with pytest.raises(verifier.Refused, match=r"^previous: "):
        verifier.verify(rewritten.file("grocer", 4), KEY, kept.notes[2].encode())


def test_a_note_is_signed_as_c2sp_says() -> None:
    note = SIGNER.sign(ORIGIN, f"{ORIGIN}\n1\n{'A' * 43}=\n")
    text, _, signature = note.partition("\n\n")
    name, key_id, public = KEY.split("+", 2)
    assert b64decode(public)[:1] == b"\x01"
    assert sha256(name.encode() + b"\n" + b64decode(public)).digest()[:4].hex() == key_id
    assert signature.startswith(f"— {ORIGIN} ")
    assert b64decode(signature.split(" ")[2])[:4].hex() == key_id
    assert verifier.opened(note, KEY, "note") == (1, bytes(32))
    assert text.endswith("=")
    for name in ("", "with space", "a+b"):
        with pytest.raises(ValueError, match="a note is text"):
            SIGNER.sign(name, "text\n")
    with pytest.raises(ValueError, match="a note is text"):
        NoteSigner(bytes(32)).sign("name", "text")
