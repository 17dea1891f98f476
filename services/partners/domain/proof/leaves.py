"""Leaves: the rated entries and bookings of a partner in one window, salted, a block at a time.

A leaf says everything of an entry but whose points they were. Its salt keeps what it says from being guessed by
whoever sees its hash. One secret per partner and window gives all salts, so a statement file carries one secret,
and proofs are made again to the same bytes.
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from dataclasses import dataclass
from hashlib import sha256, shake_256
from struct import Struct
from typing import Final
from uuid import UUID

from services.partners.domain.proof.columns import BURNED_CODE, ISSUED_CODE, KIND_CODES, NO_CODE, TYPE_CODES
from services.partners.domain.proof.sum_tree import Frontier, Node, root_of

SALT_BYTES: Final = 16
# Salts are drawn for this many leaves at once: a power of two, as the frontier needs.
BLOCK_LEAVES: Final = 256
# An entry as the database streams it: what precedes each field is skipped. Partner, seq, line, kind, type of
# points, points, price and amount in micros, what is due for each point at redemption in micros, and the seq that issued
# the points (0 where none), and the number of the legal entity. A fee that comes with a statement has seq 0, and its number in the
# window as line, and so has what a dispute gave back; a difference has seq and line of what was re-rated, and for the seq that issued the points the number of the re-rate.
ROW: Final = Struct(">2x4x16s4xQ4xQ4xH4xH4xQ4xq4xq4xq4xQ4xH")
_PARTNERS: Final = Struct(f">6x16s{ROW.size - 22}x").iter_unpack
_WHOLE: Final = Struct(f"{ROW.size}s").iter_unpack
_BLOCK_BYTES: Final = BLOCK_LEAVES * ROW.size
_LEAF: Final = Struct(">c16sIQQ16sBBQqqqQH").pack
_SALT: Final = Struct(f"{SALT_BYTES}s")
_LEAF_PREFIX, _SALTS_PREFIX = b"\x00", b"\x05"
_SECRET_INFO: Final = Struct(">24sI16sI").pack
_SECRET_OF: Final = b"coalition window secret\n"
_KINDS: Final = {code: name for name, code in KIND_CODES.items()}
_TYPES: Final = {code: name for name, code in TYPE_CODES.items()}
# Digits of a leaf's hash that stand beside it in a statement file, so that a line that was changed can be named.
CHECK_DIGITS: Final = 8


class UnknownKind(Exception):
    """An entry of a kind or with a type of points that has no number in a leaf: nothing is proved around it."""


@dataclass(frozen=True, slots=True)
class LeafOwner:
    """Whose leaves, of which window, and the secret that salts them (32 bytes)."""

    partner_id: UUID
    window: int
    secret: bytes


def owner_of(root_key: bytes, ledger_id: int, partner_id: UUID, window: int) -> LeafOwner:
    """The owner of a partner's leaves of one window; another partner, window or ledger has an unrelated secret."""
    info = _SECRET_INFO(_SECRET_OF, ledger_id, partner_id.bytes, window)
    return LeafOwner(partner_id, window, hmac.digest(root_key, info, "sha256"))


def _salts(secret: bytes, block: int) -> bytes:
    """The salts of one block of leaves, one after the other."""
    return shake_256(_SALTS_PREFIX + secret + block.to_bytes(4, "big")).digest(SALT_BYTES * BLOCK_LEAVES)


def leaves_of(rows: bytes | memoryview, owner: LeafOwner, block: int) -> list[Node]:
    """The leaves of up to BLOCK_LEAVES rows, which begin a block. Raises UnknownKind."""
    # The loop of a million: every name is local, and each entry packs and hashes once.
    digest, pack, window, issued, burned = sha256, _LEAF, owner.window, ISSUED_CODE, BURNED_CODE
    nodes: list[Node] = []
    add = nodes.append
    salts = _SALT.iter_unpack(_salts(owner.secret, block))
    for (partner, seq, line, kind, of_type, points, price, amount, later, earned, entity), (salt,) in zip(
        ROW.iter_unpack(rows), salts, strict=False
    ):
        if of_type == NO_CODE:
            raise UnknownKind(f"line {line} of seq {seq} has a type of points without a number")
        leaf = digest(
            pack(
                _LEAF_PREFIX, salt, window, seq, line, partner, kind, of_type, points, price, amount, later, earned, entity
            )
        ).digest()  # fmt: skip
        if kind == issued:
            add((leaf, 1, points, 0, amount, 0) if amount >= 0 else (leaf, 1, points, 0, 0, -amount))
        elif kind == burned:
            add((leaf, 1, 0, points, 0, -amount) if amount < 0 else (leaf, 1, 0, points, amount, 0))
        elif kind not in _KINDS:
            raise UnknownKind(f"line {line} of seq {seq} is of a kind that has no number")
        else:
            add((leaf, 1, 0, 0, amount, 0) if amount >= 0 else (leaf, 1, 0, 0, 0, -amount))
    return nodes


def written(rows: bytes | memoryview, owner: LeafOwner, block: int) -> list[str]:
    """The rows of a block as a statement file has them, each a JSON array with the first digits of its leaf's hash."""
    digest, pack, window, kinds, types = sha256, _LEAF, owner.window, _KINDS, _TYPES
    salts = _SALT.iter_unpack(_salts(owner.secret, block))
    return [
        f'[{seq},{line},"{kinds[kind]}","{types[of_type]}",{points},{price},{amount},{later},{earned},{entity},"'
        f"{digest(pack(_LEAF_PREFIX, salt, window, seq, line, partner, kind, of_type, points, price, amount, later, earned, entity)).hexdigest()[:CHECK_DIGITS]}"
        '"]'
        for (partner, seq, line, kind, of_type, points, price, amount, later, earned, entity), (salt,) in zip(
            ROW.iter_unpack(rows), salts, strict=False
        )
    ]


class Blocks:
    """Cuts rows that come in pieces of any length into blocks."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._block = -1

    def add(self, rows: bytes | memoryview) -> list[tuple[int, bytes]]:
        """More rows; answers the blocks that are full now, with their numbers."""
        self._rest += rows
        full: list[tuple[int, bytes]] = []
        while len(self._rest) >= _BLOCK_BYTES:
            self._block += 1
            full.append((self._block, bytes(self._rest[:_BLOCK_BYTES])))
            del self._rest[:_BLOCK_BYTES]
        return full

    def end(self) -> tuple[int, bytes] | None:
        """The last block, which is not full; None where nothing is left."""
        return (self._block + 1, bytes(self._rest)) if self._rest else None


class LeafTree:
    """A partner's sum tree of one window, grown from rows in the order of seq and line."""

    def __init__(self, owner: LeafOwner) -> None:
        self._owner, self._blocks, self._frontier = owner, Blocks(), Frontier()

    def add(self, rows: bytes | memoryview) -> None:
        """More rows. Raises UnknownKind."""
        for block, full in self._blocks.add(rows):
            self._frontier.add(root_of(leaves_of(full, self._owner, block)))

    def root(self) -> Node:
        """The root over all rows, after the last. Raises UnknownKind."""
        end = self._blocks.end()
        return self._frontier.root(root_of(leaves_of(end[1], self._owner, end[0])) if end else None)


class PartnerTrees:
    """The trees of all partners of one window, grown side by side from rows by seq and line.

    In memory are less than one block of rows and one node a height, of each partner.
    """

    def __init__(self, root_key: bytes, ledger_id: int, window: int) -> None:
        self._root_key, self._ledger_id, self._window = root_key, ledger_id, window
        self._trees: dict[bytes, LeafTree] = {}

    def add(self, rows: bytes) -> None:
        """More rows. Raises UnknownKind."""
        runs: defaultdict[bytes, list[bytes]] = defaultdict(list)
        for (partner,), (row,) in zip(_PARTNERS(rows), _WHOLE(rows), strict=True):
            runs[partner].append(row)
        for partner, run in runs.items():
            if partner not in self._trees:
                owner = owner_of(self._root_key, self._ledger_id, UUID(bytes=partner), self._window)
                self._trees[partner] = LeafTree(owner)
            self._trees[partner].add(b"".join(run))

    def roots(self) -> dict[UUID, Node]:
        """The root of each partner that has rows, after the last. Raises UnknownKind."""
        return {UUID(bytes=partner): tree.root() for partner, tree in self._trees.items()}
