"""Merkle trees whose nodes sum what is below them, in the shape of RFC 9162: the left side is the largest power of two.

A node is its hash and its columns. Its parent hashes both, so a tree has the sums that it was signed with or
another root.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from struct import Struct
from struct import error as TooWide  # noqa: N812 - said as what it means here
from typing import Final

# Hash, then what it sums: entries, points issued, points burned, micros owed and micros to be received. None is ever
# negative, and each is below 2^128: kept apart, nothing hides behind an amount of the other sign.
Node = tuple[bytes, int, int, int, int, int]

ENTRY_NODE: Final = b"\x01"
PARTNER_NODE: Final = b"\x03"
SUM_BYTES: Final = 16
# The tree of a partner without entries: no leaf and no node begins like this.
EMPTY: Final[Node] = (sha256(b"\x04").digest(), 0, 0, 0, 0, 0)
# Two nodes whose sums are below 2^64, as nearly all are: the upper eight bytes of each are zero.
_PAIR: Final = Struct(">c32s8xQ8xQ8xQ8xQ8xQ32s8xQ8xQ8xQ8xQ8xQ").pack


def label(node: Node) -> bytes:
    """A node as its parent hashes it: 32 bytes of hash, then five sums of 16 bytes, the highest byte first."""
    return node[0] + b"".join(each.to_bytes(SUM_BYTES, "big") for each in node[1:])


def level_above(nodes: Sequence[Node], prefix: bytes = ENTRY_NODE) -> list[Node]:
    """The parents of a level; one that is left over goes up as it is."""
    pairs = iter(nodes)
    try:
        above = [
            (
                sha256(_PAIR(prefix, h, c, i, b, d, k, h2, c2, i2, b2, d2, k2)).digest(),
                c + c2, i + i2, b + b2, d + d2, k + k2,
            )
            for (h, c, i, b, d, k), (h2, c2, i2, b2, d2, k2) in zip(pairs, pairs, strict=False)
        ]  # fmt: skip
    except TooWide:
        above = [parent(nodes[at], nodes[at + 1], prefix) for at in range(0, len(nodes) - 1, 2)]
    if len(nodes) % 2:
        above.append(nodes[-1])
    return above


def parent(left: Node, right: Node, prefix: bytes = ENTRY_NODE) -> Node:
    """The node above two. Raises OverflowError where a sum does not fit 128 bits."""
    digest = sha256(prefix + label(left) + label(right)).digest()
    return (
        digest, left[1] + right[1], left[2] + right[2], left[3] + right[3], left[4] + right[4], left[5] + right[5],
    )  # fmt: skip


def root_of(nodes: Sequence[Node], prefix: bytes = ENTRY_NODE) -> Node:
    """The root over leaves in their order; EMPTY over none."""
    level = nodes
    while len(level) > 1:
        level = level_above(level, prefix)
    return level[0] if level else EMPTY


def path_of(nodes: Sequence[Node], place: int, prefix: bytes = PARTNER_NODE) -> list[Node]:
    """The siblings from a leaf (`place` from 0) up to the root. Raises IndexError for no leaf."""
    if not 0 <= place < len(nodes):
        raise IndexError(f"there is no leaf {place}")
    path: list[Node] = []
    level = nodes
    while len(level) > 1:
        if place ^ 1 < len(level):
            path.append(level[place ^ 1])
        level, place = level_above(level, prefix), place // 2
    return path


class Frontier:
    """A tree that grows from the left by whole subtrees of one size, and remembers one node a height."""

    def __init__(self, prefix: bytes = ENTRY_NODE) -> None:
        self._prefix = prefix
        self._nodes: list[tuple[int, Node]] = []

    def add(self, subtree: Node) -> None:
        """The next subtree; all have the same number of leaves, a power of two."""
        height = 0
        while self._nodes and self._nodes[-1][0] == height:
            subtree = parent(self._nodes.pop()[1], subtree, self._prefix)
            height += 1
        self._nodes.append((height, subtree))

    def root(self, rest: Node | None) -> Node:
        """The root; `rest`: the last subtree, with fewer leaves than the others."""
        found = rest
        for _, node in reversed(self._nodes):
            found = node if found is None else parent(node, found, self._prefix)
        return EMPTY if found is None else found
