"""Earns that are parked, while a batch is decided."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from services.points.domain.movements import ParkedEarn


class Parks:
    """Those of a ledger that matter to a batch: as they were read, as they are parked, as they end."""

    def __init__(self, found: Iterable[ParkedEarn]) -> None:
        self._open = {parked.seq: parked for parked in found}

    def __bool__(self) -> bool:
        return bool(self._open)

    def add(self, parked: ParkedEarn) -> None:
        """One more."""
        self._open[parked.seq] = parked

    def by_seq(self, seq: int) -> ParkedEarn | None:
        """The one that a posting parked."""
        return self._open.get(seq)

    def by_key(self, partner_id: UUID, key: str) -> ParkedEarn | None:
        """The one that was asked for under a key."""
        return next((each for each in self._of(partner_id) if each.item.key == key), None)

    def by_reference(self, partner_id: UUID, reference: str) -> ParkedEarn | None:
        """The one with a reference."""
        return next((each for each in self._of(partner_id) if each.item.reference == reference), None)

    def end(self, parked: ParkedEarn) -> None:
        """Forgets one: it has its answer."""
        del self._open[parked.seq]

    def _of(self, partner_id: UUID) -> Iterable[ParkedEarn]:
        return (each for each in self._open.values() if each.item.partner_id == partner_id)
