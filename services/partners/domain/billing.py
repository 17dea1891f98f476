"""Billing: how often a partner gets a statement, what it pays for that, and how long it may object."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.partners.domain.entries import EntryKind
from services.partners.domain.netting import MICROS_PER_MINOR
from services.partners.domain.windows import Window
from services.runtime.clock import in_zone
from services.runtime.errors import InvalidRequest

CYCLE_FEE_MINOR_MAX: Final = 10**12
OBJECTION_DAYS_MAX: Final = 366
DEFAULT_OBJECTION_DAYS: Final = 14


class Cycle(StrEnum):
    """When a partner's statement is due."""

    WINDOW = "window"
    """With every window."""
    MONTH = "month"
    """With the window in which a month of the programme's zone ends, of all windows since the last one."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Billing wanted for a partner. `cycle_fee_minor`: owed with every statement; `objection_days`: then silence accepts it."""

    partner_id: UUID
    cycle: Cycle = Cycle.WINDOW
    cycle_fee_minor: int = 0
    objection_days: int = DEFAULT_OBJECTION_DAYS

    def checked(self) -> Terms:
        """The same terms. Raises InvalidRequest where a figure is out of its range."""
        if not 0 <= self.cycle_fee_minor <= CYCLE_FEE_MINOR_MAX:
            raise InvalidRequest(
                f"a fee is 0 to {CYCLE_FEE_MINOR_MAX:,} minor units", field="cycle_fee_minor"
            )
        if not 1 <= self.objection_days <= OBJECTION_DAYS_MAX:
            raise InvalidRequest(f"1 to {OBJECTION_DAYS_MAX} days to object", field="objection_days")
        return self

    def is_due(self, window: Window, zone: str) -> bool:
        """Whether a statement is due with a window, one that has ended.

        A month ends in the window that begins in it and ends in another one: so one that ends with the month's last
        instant is its last, and a window longer than a month is one too.
        """
        if self.cycle is Cycle.WINDOW:
            return True
        start, end = in_zone(window.starts_at_us, zone), in_zone(window.ends_at_us, zone)
        return (start.year, start.month) != (end.year, end.month)


@dataclass(frozen=True, slots=True)
class BillingVersion:
    """Billing in the books: version from 1 per partner, for windows from one on until a higher version's.

    `draft_id`: what two people made it by; None: set by one, in a test programme.
    """

    terms: Terms
    version: int
    from_window: int
    draft_id: UUID | None = None


class Billing:
    """All billing of a programme."""

    def __init__(self, versions: Iterable[BillingVersion], zone: str) -> None:
        self._zone = zone
        self._by_partner: dict[UUID, list[BillingVersion]] = {}
        for version in sorted(versions, key=lambda each: each.version, reverse=True):
            self._by_partner.setdefault(version.terms.partner_id, []).append(version)

    def of(self, partner_id: UUID, number: int) -> Terms:
        """The terms of a partner for a window: the highest version that holds by then, or what goes without saying."""
        for version in self._by_partner.get(partner_id, ()):
            if version.from_window <= number:
                return version.terms
        return Terms(partner_id)

    def due(self, partners: Iterable[UUID], window: Window) -> frozenset[UUID]:
        """Whose statements are due with a window."""
        return frozenset(
            partner for partner in partners if self.of(partner, window.number).is_due(window, self._zone)
        )


@dataclass(frozen=True, slots=True)
class Booking:
    """What a partner owes (positive) or is owed in a window for no posting. `number`: its place in the window, from 1.

    `redemption_micros`: of a buy-out, what all of the points left would have cost.
    """

    window_number: int
    number: int
    kind: EntryKind
    partner_id: UUID
    amount_micros: int
    redemption_micros: int = 0


def cycle_fees(billing: Billing, due: Iterable[UUID], number: int, booked: int = 0) -> list[Booking]:
    """The fees that come with the statements of a window, by partner; `booked`: how much is booked in it already."""
    fees = ((partner, billing.of(partner, number).cycle_fee_minor) for partner in sorted(due))
    owed = [(partner, fee) for partner, fee in fees if fee]
    return [
        Booking(number, place, EntryKind.CYCLE_FEE, partner, fee * MICROS_PER_MINOR)
        for place, (partner, fee) in enumerate(owed, start=booked + 1)
    ]
