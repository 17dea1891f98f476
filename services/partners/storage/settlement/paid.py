"""What partners have paid, of statements and ahead, as their credit limits count it."""

from __future__ import annotations

from uuid import UUID

from services.partners.domain.gate import Exposure
from services.partners.domain.netting import MICROS_PER_MINOR
from services.partners.domain.settlement.prefunding import NOTHING_AWAITED, Awaited, given_back
from services.partners.storage.connection import Reads
from services.partners.storage.settlement import payments, prefunding
from services.partners.storage.settlement.runs import settled


async def paid(connection: Reads, ledger_id: int) -> dict[UUID, Exposure]:
    """What partners have paid: of settled statements, their nets less what accounts hold, disputed or not; and ahead, of `prepaid`.

    What was asked for ahead and is not paid counts neither as paid nor as owed. What is given back counts no more from when
    that is in the books, though the bank has not moved it yet.

    In a transaction that sees what others commit meanwhile the order of the reads matters: first what is to go, then what is on
    its way, and last what is there. So what moves from one to the other is taken off twice for a moment, and never not at all.
    """
    going: dict[UUID, int] = {}
    waited_for: dict[UUID, Awaited] = {}
    if await prefunding.is_known(connection, ledger_id):
        going = given_back(await prefunding.waiting(connection, ledger_id))
        unpaid = await payments.all_unpaid(connection, ledger_id)
        waited_for = await prefunding.awaited(connection, ledger_id, unpaid)
    found: dict[UUID, Exposure] = {}
    for each in await settled(connection, ledger_id):
        awaited = waited_for.get(each.partner_id, NOTHING_AWAITED)
        unpaid_minor = min(awaited.unpaid_minor, each.prepaid_minor)
        paid_minor = each.nets_minor - each.open_minor + unpaid_minor - awaited.leaving_minor
        ahead_minor = max(0, each.prepaid_minor - unpaid_minor - going.get(each.partner_id, 0))
        found[each.partner_id] = Exposure(
            paid_micros=paid_minor * MICROS_PER_MINOR, prefunding_micros=ahead_minor * MICROS_PER_MINOR
        )
    return found
