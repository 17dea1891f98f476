"""Proves that what is booked for disputes is what was decided: each acceptance once, in its window, of its kind and amount."""

from __future__ import annotations

from services.partners.domain.checking import Breaches
from services.partners.storage.connection import Reads
from services.partners.storage.disputes import amounts


async def check_disputes(connection: Reads, ledger_id: int, breaches: Breaches) -> None:
    """Notes decisions of windows with nets whose bookings are missing or others than they should be."""
    for number, event, window in await amounts.unlike(connection, ledger_id):
        breaches.add(f"dispute {number}: decision {event} is not booked in window {window} as it was made")
