"""What was decided of an item before, or is on its way: under its key, or of its reference."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.answers import Refused, TurnedAway
from services.points.domain.books import Books
from services.points.domain.movements import Earn, Movement, MovementKind


class Found(NamedTuple):
    """What was decided before of an item: a posting, a refusal, or something else under its key or reference; or that it waits or is parked.

    `seq`: of the posting; of an earn that is parked, of what parked it.
    """

    seq: int
    refusal: Refused | None
    conflict: TurnedAway | None
    by_key: bool
    waiting: bool = False
    parked: bool = False


def found(books: Books, item: Movement) -> Found | None:
    """One key, one effect, one answer; then one accepted operation per reference and kind."""
    key = (item.partner_id, item.key)
    earlier = books.keys.get(key) or books.at.by_key.get(key)
    if earlier is not None:
        conflict = None
        if not earlier.answers(item.content_hash):
            conflict = _key_reused(item)
        return Found(earlier.seq or 0, earlier.refusal, conflict, by_key=True)
    waiting = _waiting(books, item) if books.waits else None
    waiting = waiting or (_parked(books, item) if books.parks else None)
    if waiting is not None or item.reference is None:
        return waiting
    reference = (item.partner_id, item.kind, item.reference)
    same = books.references.get(reference) or books.at.by_reference.get(reference)
    if same is None:
        return None
    seq, content_hash = same
    conflict = None
    if content_hash != item.content_hash:
        conflict = _reference_reused(item, seq)
    return Found(seq, None, conflict, by_key=False)


def _waiting(books: Books, item: Movement) -> Found | None:
    """As _found, of a refund that waits."""
    by_key = books.waits.by_key(*_place(item))
    if by_key is not None:
        same = by_key.item.content_hash == item.content_hash
        return Found(0, None, None if same else _key_reused(item), by_key=True, waiting=True)
    if item.kind is not MovementKind.REFUND or item.reference is None:
        return None
    other = books.waits.by_reference(item.partner_id, item.reference)
    if other is None:
        return None
    same = other.item.content_hash == item.content_hash
    return Found(0, None, None if same else _reference_reused(item, 0), by_key=False, waiting=True)


def _parked(books: Books, item: Movement) -> Found | None:
    """As _found, of an earn that is parked."""
    by_key = books.parks.by_key(*_place(item))
    if by_key is not None:
        same = by_key.item.content_hash == item.content_hash
        return Found(by_key.seq, None, None if same else _key_reused(item), by_key=True, parked=True)
    if not isinstance(item, Earn):
        return None
    other = books.parks.by_reference(item.partner_id, item.reference)
    if other is None:
        return None
    conflict = _reference_reused(item, 0)
    if other.item.content_hash == item.content_hash:
        # What it becomes is known under its own key alone: a further one could not be reversed, nor ever be told of it.
        conflict = conflict._replace(
            message="the sale is parked under another key",
            metadata={**conflict.metadata, "key": other.item.key},
        )
    return Found(other.seq, None, conflict, by_key=False, parked=True)


def _place(item: Movement) -> tuple[UUID, str]:
    return item.partner_id, item.key


def _key_reused(item: Movement) -> TurnedAway:
    return TurnedAway(
        Reason.REASON_IDEMPOTENCY_KEY_REUSED,
        "this idempotency key was used with another request",
        {"key": item.key},
    )


def _reference_reused(item: Movement, seq: int) -> TurnedAway:
    """`seq`: of the posting that has the reference; 0 where it waits or is parked."""
    return TurnedAway(
        Reason.REASON_REFERENCE_REUSED,
        f"another {item.kind} has the reference",
        {"reference": item.reference or ""},
        conflict_seq=seq,
    )
