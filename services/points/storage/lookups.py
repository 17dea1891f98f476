"""What a batch asks the journal for before it is decided: keys, references, sales that refunds lack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from services.points.domain.movements import Movement, MovementKind, ParkedEarn, Refund, Reversal


class Lookup(NamedTuple):
    """What is looked for of an item: its key, and what has its reference."""

    partner_id: UUID
    key: str | None
    kind: str | None = None
    reference: str | None = None


def lookups_of(items: Sequence[Movement], unparks: Sequence[ParkedEarn]) -> list[Lookup]:
    """Those of a batch's items, in their order; then the keys that shall be reversed, and the earns that refunds lack or wait for."""
    found = [Lookup(item.partner_id, item.key, item.kind, item.reference) for item in items]
    for item in items:
        if isinstance(item, Reversal):
            found.append(Lookup(item.partner_id, item.target_key))
        elif isinstance(item, Refund) and item.sale is None and not item.taken_away:
            found.append(Lookup(item.partner_id, None, MovementKind.EARN, item.original_reference))
    found += [Lookup(of.item.partner_id, None, MovementKind.EARN, of.item.reference) for of in unparks]
    return found
