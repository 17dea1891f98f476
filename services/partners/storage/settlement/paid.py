"""What partners have paid, of statements and ahead, as their credit limits count it."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from services.partners.domain.gate import Exposure
from services.partners.domain.netting import MICROS_PER_MINOR
from services.partners.domain.settlement.prefunding import given_back
from services.partners.storage.connection import Reads
from services.partners.storage.settlement import payments, prefunding
from services.partners.storage.settlement.runs import settled


async def paid(connection: Reads, ledger_id: int) -> dict[UUID, Exposure]:
    """What partners have paid: of settled statements, their nets less what accounts hold, disputed or not; and ahead, of `prepaid`.

    What was asked for ahead and is not paid counts neither as paid nor as owed. What is given back counts no more from when
    that is in the books, though the bank has not moved it yet.
    """
    paid_minor: dict[UUID, int] = defaultdict(int)
    ahead_minor: dict[UUID, int] = defaultdict(int)
    for each in await settled(connection, ledger_id):
        paid_minor[each.partner_id] = each.nets_minor - each.open_minor
        ahead_minor[each.partner_id] = each.prepaid_minor
    if await prefunding.is_known(connection, ledger_id):
        unpaid = await payments.all_unpaid(connection, ledger_id)
        for partner_id, awaited in (await prefunding.awaited(connection, ledger_id, unpaid)).items():
            unpaid_minor = min(awaited.unpaid_minor, ahead_minor[partner_id])
            paid_minor[partner_id] += unpaid_minor - awaited.leaving_minor
            ahead_minor[partner_id] -= unpaid_minor
        for partner_id, back in given_back(await prefunding.waiting(connection, ledger_id)).items():
            ahead_minor[partner_id] = max(0, ahead_minor[partner_id] - back)
    return {
        partner_id: Exposure(
            paid_micros=paid_minor[partner_id] * MICROS_PER_MINOR,
            prefunding_micros=ahead_minor[partner_id] * MICROS_PER_MINOR,
        )
        for partner_id in {*paid_minor, *ahead_minor}
    }
