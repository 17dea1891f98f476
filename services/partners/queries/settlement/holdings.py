"""What partners have paid ahead as a run sees it: what is held and paid, what is wanted of it, and who has left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from services.partners.domain.payments.instructions import Direction
from services.partners.domain.settlement.payments import Standing
from services.partners.domain.settlement.prefunding import NOTHING_AWAITED, Holding, Leaving, Ordered
from services.partners.domain.standing.terms import standing_now
from services.partners.storage import buy_outs, rating, standings, windows
from services.partners.storage.connection import Reads
from services.partners.storage.disputes import amounts
from services.partners.storage.settlement import prefunding, runs
from services.runtime.partner_standing import StandingKind


async def holdings(
    connection: Reads, ledger_id: int, until_window: int, now_us: int, open_payments: Sequence[Standing]
) -> dict[UUID, Holding]:
    """By partner, of those that have paid anything ahead or that something is wanted of.

    `open_payments`: those that something may still come of.
    """
    orders: dict[UUID, list[Ordered]] = defaultdict(list)
    for each in await prefunding.waiting(connection, ledger_id):
        orders[each.order.partner_id].append(each)
    held = await prefunding.held(connection, ledger_id)
    if not orders and not held:
        return {}
    awaited = await prefunding.awaited(connection, ledger_id, open_payments)
    withheld = await amounts.held(connection, ledger_id, list(held))
    owing = {each.partner_id for each in withheld if each.due_minor}
    owing |= {
        each.payment.partner_id for each in open_payments if each.payment.direction is Direction.COLLECT
    }
    return {
        partner_id: Holding(
            held.get(partner_id, {}),
            min(
                sum(held.get(partner_id, {}).values()), awaited.get(partner_id, NOTHING_AWAITED).unpaid_minor
            ),
            orders.get(partner_id, ()),
            await _leaving(connection, ledger_id, partner_id, until_window, now_us, owes=partner_id in owing)
            if partner_id in held
            else None,
        )
        for partner_id in sorted({*orders, *held})
    }


async def _leaving(
    connection: Reads, ledger_id: int, partner_id: UUID, until_window: int, now_us: int, *, owes: bool
) -> Leaving | None:
    """Since when a partner has left, and whether the run is its last: all its statements are settled with it, and nothing follows.

    `owes`: a payment of it is waited for, or it withholds something.
    """
    now = standing_now(await standings.of_partner(connection, ledger_id, partner_id), now_us).standing
    if now.kind is not StandingKind.EXITED:
        return None
    last = await runs.last_window_of(connection, ledger_id, partner_id, until_window)
    until = await windows.numbered(connection, ledger_id, until_window)
    # A window that has ended since has all that it did before, and nothing is rated later.
    over = not owes and until is not None and until.ends_at_us >= now.valid_from_us
    over = over and not await prefunding.is_anything_later(connection, ledger_id, partner_id, last)
    if over and await buy_outs.of_partner(connection, ledger_id, partner_id) is None:
        # At redemption it pays for what members use, also once it has left.
        rated_seq = (await rating.head(connection, ledger_id)).rated_seq
        over = not await buy_outs.outstanding_of(connection, ledger_id, partner_id, rated_seq)
    return Leaving(now.valid_from_us, over)
