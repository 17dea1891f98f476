"""Proves that buy-outs are what was outstanding as they were made, at the rate that was approved, and that they are booked."""

from __future__ import annotations

from services.partners.domain.checking import Breaches
from services.partners.domain.entries import EntryKind
from services.partners.domain.standing.buy_out import amount_of
from services.partners.domain.windows import WindowState
from services.partners.storage import billing, buy_outs, windows
from services.partners.storage.connection import Reads


async def check_buy_outs(connection: Reads, ledger_id: int, breaches: Breaches) -> int:
    """Notes buy-outs that are others than what is counted again, or not booked so; answers how many there are."""
    found = await buy_outs.of_programme(connection, ledger_id)
    for each in found:
        where = f"the buy-out of {each.partner_id}"
        again = await buy_outs.outstanding_of(connection, ledger_id, each.partner_id, each.known_from_seq - 1)
        breaches.expect(
            again == each.outstanding_micros,
            f"{where}: {each.outstanding_micros:,} micros were outstanding, entries make {again:,}",
        )
        due = amount_of(again, each.redemption_bp)
        breaches.expect(
            due == each.amount_micros, f"{where} costs {each.amount_micros:,} micros, its rate makes {due:,}"
        )
        window = await windows.numbered(connection, ledger_id, each.window_number)
        if window is None or window.state is WindowState.CLOSED or not each.outstanding_micros:
            continue
        number = each.window_number
        folds, _ = (await billing.folds_between(connection, ledger_id, number, number)).get(number, ([], []))
        booked = [
            fold.amount_micros
            for fold in folds
            if fold.kind is EntryKind.BUY_OUT and fold.partner_id == each.partner_id
        ]
        breaches.expect(booked == [each.amount_micros], f"{where} is booked as {booked} in window {number}")
    return len(found)
