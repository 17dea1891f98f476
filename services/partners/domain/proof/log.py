"""The log of stated windows: the Merkle tree of RFC 9162, section 2.1, over their records, and its proofs.

Window n is leaf n - 1. A later root that is consistent with an earlier one still has every record that it had.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

_LEAF, _NODE = b"\x00", b"\x01"
EMPTY_ROOT: Final = sha256().digest()


def leaf_of(record: bytes) -> bytes:
    """The hash of a record."""
    return sha256(_LEAF + record).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over hashes of records."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    cut = _left(len(leaves))
    return sha256(_NODE + root_of(leaves[:cut]) + root_of(leaves[cut:])).digest()


def inclusion_of(leaves: Sequence[bytes], place: int) -> list[bytes]:
    """The proof that a leaf (`place` from 0) is in the tree (2.1.3.1), the lowest sibling first."""
    if len(leaves) == 1:
        return []
    cut = _left(len(leaves))
    if place < cut:
        return [*inclusion_of(leaves[:cut], place), root_of(leaves[cut:])]
    return [*inclusion_of(leaves[cut:], place - cut), root_of(leaves[:cut])]


def consistency_of(leaves: Sequence[bytes], earlier: int) -> list[bytes]:
    """The proof that the tree begins with the `earlier` leaves that it once had (2.1.4.1); none of them: nothing to prove."""
    return _consistency(leaves, earlier, whole=True) if 0 < earlier < len(leaves) else []


def _consistency(leaves: Sequence[bytes], earlier: int, *, whole: bool) -> list[bytes]:
    if earlier == len(leaves):
        return [] if whole else [root_of(leaves)]
    cut = _left(len(leaves))
    if earlier <= cut:
        return [*_consistency(leaves[:cut], earlier, whole=whole), root_of(leaves[cut:])]
    return [*_consistency(leaves[cut:], earlier - cut, whole=False), root_of(leaves[:cut])]


def _left(count: int) -> int:
    """The largest power of two below a count of two or more."""
    return 1 << ((count - 1).bit_length() - 1)
