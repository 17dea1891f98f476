"""Proves that what is booked for re-rates is what their entries differ by: all made again, and compared line by line."""

from __future__ import annotations

from typing import Final

from services.partners.domain.checking import Breaches
from services.partners.queries.rerates import prices_of
from services.partners.storage import rerating
from services.partners.storage.connection import Reads

_PLACES_MAX: Final = 3


async def check_rerates(connection: Reads, ledger_id: int, breaches: Breaches) -> int:
    """Notes re-rates whose bookings are others than their differences; answers how many there are."""
    made = await rerating.of_programme(connection, ledger_id)
    waiting = {
        each.number
        for window in {each.window_number for each in made}
        for each in await rerating.unbooked(connection, ledger_id, window)
    }
    for each in made:
        where = f"re-rate {each.number} in window {each.window_number}"
        if each.number in waiting:
            breaches.add(f"{where}: nothing is booked of it")
            continue
        prices = await prices_of(
            connection, ledger_id, each.wanted.scope, each.number, each.known_from_seq - 1
        )
        for seq, line, kind, side in await rerating.unlike(connection, ledger_id, each, prices, _PLACES_MAX):
            breaches.add(f"{where}: {kind} of seq {seq:,}, line {line} is {side}")
    return len(made)
