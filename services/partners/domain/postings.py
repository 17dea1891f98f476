"""What rating needs of the ledger's postings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.partners.domain.entries import EntryKind


class LotTaken(NamedTuple):
    """Points taken from a lot; the issuer as 16 bytes of its UUID. `earned_seq`: the posting that they stem from."""

    issuer: bytes
    point_type: str
    points: int
    earned_seq: int = 0


class Undone(NamedTuple):
    """Points of an earlier posting that are undone: REVERSED those of an earn, RETURNED those of a burn.

    `partner`: whose posting it was, as 16 bytes of its UUID. `taken`: the points by who issued them, which
    for an earn or a grant is the partner itself, whichever lots they were taken back from: those are `used`.
    """

    kind: EntryKind
    original_seq: int
    partner: bytes
    taken: Sequence[LotTaken]
    used: Sequence[LotTaken] = ()


class Share(NamedTuple):
    """Who pays for `percent` of the points of a grant, as 16 bytes of its UUID; the nil UUID: the operator."""

    partner: bytes
    percent: int


class Posting(NamedTuple):
    """What rating needs of a posting. One that moves no money has no points, no lots taken, and undoes nothing.

    `pos`: place of its event in the owner's log. `partner`: 16 bytes of its UUID. `effective_us`: the
    till's clock, which decides the price. One that undoes others has its points there alone. `funders`: of a grant.
    `lapsed`: points that were lost, to whomever they would have cost something. `store`: where it was, as 16 bytes of its UUID,
    or empty.
    """

    pos: int
    seq: int
    partner: bytes
    effective_us: int
    points: int = 0
    lot_no: int = 0
    taken: Sequence[LotTaken] = ()
    undoes: Sequence[Undone] = ()
    funders: Sequence[Share] = ()
    lapsed: Sequence[LotTaken] = ()
    store: bytes = b""


class Unrateable(Exception):
    """A posting that cannot be rated now. Rating stands still before it: nothing is ever skipped."""

    def __init__(self, posting: Posting, why: str, price_missing: bool = False) -> None:
        super().__init__(why)
        self.posting = posting
        self.price_missing = price_missing
