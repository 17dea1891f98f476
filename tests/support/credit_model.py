"""The credit gate as its rules say it; a part of the model of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from tests.support.ledger_facts import Ask, Posted, Verdict

if TYPE_CHECKING:
    from tests.support.ledger_model import LedgerModel


def set_floor(
    model: LedgerModel, partner: UUID, floor: int | None, basis_seq: int, parks: bool, now_us: int
) -> bool:
    """Sets a credit floor; answers whether it was posted. What is based on less of the journal changes nothing."""
    standing = model.floors.get(partner)
    if standing is not None and (basis_seq < standing[1] or (floor, basis_seq, parks) == standing):
        return False
    model.decided_before(now_us)
    model.floors[partner] = (floor, basis_seq, parks)
    seq = len(model.journal) + 1
    model.journal.append(
        Posted(seq, "floor", UUID(int=0), partner, "", 0, 0, floor=(floor, basis_seq, parks))
    )
    return True


def issued(model: LedgerModel, partner: UUID) -> int:
    """What a partner has issued, less what was taken back of it or is owed."""
    return sum(sale.earned - sale.taken for sale in model.sold[partner])


def headroom(model: LedgerModel, partner: UUID) -> int | None:
    """How many points a partner may issue now; None: as many as it likes."""
    floor, _, _ = model.floors.get(partner, (None, 0, False))
    return None if floor is None else max(0, -issued(model, partner) - floor)


def over_credit(model: LedgerModel, ask: Ask, rate: tuple[int, int, int] | None) -> Verdict | None:
    """Refused, or parked, where the partner may not issue so many points any more."""
    _, _, parks = model.floors.get(ask.partner, (None, 0, False))
    left = headroom(model, ask.partner)
    if rate is None or left is None:
        return None
    points = (ask.amount - ask.in_points) * rate[0] // rate[1]
    if points <= left:
        return None
    return Verdict("parked") if parks else Verdict("refused", "CREDIT_LIMIT", headroom=left)
