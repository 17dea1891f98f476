"""Refunds that wait for their originals, while a batch is decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from services.points.domain.movements import Refund


class WaitingRefund(NamedTuple):
    """A refund whose original had not arrived. It has neither member nor sale until then.

    Its place in the order of arrival is (batch_no, item_no); arrived_at_us: programme time, microseconds UTC.
    of_parked: whether its original is parked, so that it waits however long that takes.
    """

    item: Refund
    arrived_at_us: int
    batch_no: int
    item_no: int
    of_parked: bool = False


class Waits:
    """Those of a ledger that matter to a batch: as they were read, as they arrive, as they end."""

    def __init__(self, found: Iterable[WaitingRefund]) -> None:
        self._open: dict[tuple[UUID, str], WaitingRefund] = {}
        for waiting in sorted(found, key=lambda each: (each.batch_no, each.item_no)):
            self._open[waiting.item.partner_id, waiting.item.key] = waiting

    def __bool__(self) -> bool:
        return bool(self._open)

    def add(self, waiting: WaitingRefund) -> None:
        """One more, the last in the order of arrival."""
        self._open[waiting.item.partner_id, waiting.item.key] = waiting

    def by_key(self, partner_id: UUID, key: str) -> WaitingRefund | None:
        """The one that was asked for under a key."""
        return self._open.get((partner_id, key))

    def by_reference(self, partner_id: UUID, reference: str) -> WaitingRefund | None:
        """The one with a reference."""
        return next((each for each in self._of(partner_id) if each.item.reference == reference), None)

    def of_original(self, partner_id: UUID, reference: str) -> Sequence[WaitingRefund]:
        """Those of an original, in the order of their arrival."""
        return [each for each in self._of(partner_id) if each.item.original_reference == reference]

    def arrived_before(self, time_us: int) -> Sequence[WaitingRefund]:
        """Those that have waited since before a time."""
        return [each for each in self._open.values() if each.arrived_at_us < time_us]

    def end(self, waiting: WaitingRefund) -> None:
        """Forgets one: it has its answer."""
        del self._open[waiting.item.partner_id, waiting.item.key]

    def _of(self, partner_id: UUID) -> Sequence[WaitingRefund]:
        return [each for (partner, _), each in self._open.items() if partner == partner_id]
