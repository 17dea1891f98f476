"""Buy out what is left of a partner's points, in the transaction in which it leaves."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change
from services.partners.domain.entries import AMOUNT_MICROS_MAX
from services.partners.domain.standing.buy_out import BuyOut, amount_of
from services.partners.domain.standing.terms import StandingVersion
from services.partners.storage import buy_outs, rating
from services.partners.storage.rating import RatingHead
from services.runtime.errors import InvalidRequest
from services.runtime.ids import to_text


async def buy_out(
    connection: AsyncConnection, ledger_id: int, made: StandingVersion, head: RatingHead, window_number: int
) -> list[Change]:
    """Writes the buy-out that a standing says, if it says one, and answers what there is to note of it.

    `window_number`: the open window, which it is booked in as that is netted. The caller holds the windows' lock and the rating
    head: so nothing is rated meanwhile. Raises InvalidRequest for more than a book can hold.
    """
    partner_id, rate = made.terms.partner_id, made.terms.buy_out_bp
    if rate is None:
        return []
    outstanding = await buy_outs.outstanding_of(connection, ledger_id, partner_id, head.rated_seq)
    if not 0 <= outstanding <= AMOUNT_MICROS_MAX:
        raise InvalidRequest(
            f"{outstanding:,} micros are outstanding: more than a book can hold", field="standing.buy_out_bp"
        )
    amount = amount_of(outstanding, rate)
    added = BuyOut(partner_id, made.version, rate, outstanding, amount, head.rated_seq + 1, window_number)
    await buy_outs.add(connection, ledger_id, added)
    await rating.next_generation(connection, ledger_id)
    after = {
        "amount_micros": amount,
        "known_from_seq": added.known_from_seq,
        "outstanding_micros": outstanding,
        "redemption_bp": rate,
        "window": window_number,
    }
    return [Change("partner_standing.bought_out", to_text("ptr", partner_id), None, after)]
