"""Ask a partner for money ahead, give it back, or set it off: one order at a time, which the next run takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change
from services.partners.commands.contract_terms import Term, check_partner
from services.partners.domain.settlement.prefunding import (
    KIND,
    NOTHING_AWAITED,
    ORDERS_MAX,
    Order,
    Ordered,
    Turn,
    lacks,
    parse_order,
)
from services.partners.domain.standing.terms import standing_now
from services.partners.queries.settlement.proposing import open_amounts
from services.partners.storage import legal_entities, standings
from services.partners.storage.programme_time import programme_now_us
from services.partners.storage.settlement import money, payments, prefunding
from services.runtime.errors import InvalidRequest
from services.runtime.ids import to_text
from services.runtime.partner_standing import StandingKind
from services.runtime.principal import Programme


async def _check(connection: AsyncConnection, programme: Programme, wanted: Order) -> None:
    """Raises NotFound with PARTNER_UNKNOWN, InvalidRequest where there is no such company or not so much of its money."""
    await check_partner(connection, programme, wanted)
    ledger_id, partner_id = programme.ledger_id, wanted.partner_id
    companies = await legal_entities.of_partner(connection, ledger_id, partner_id)
    if wanted.entity not in (each.number for each in companies):
        raise InvalidRequest("the partner has no such company", field="legal_entity")
    if wanted.turn is Turn.ASKED:
        now_us = await programme_now_us(connection, ledger_id)
        stands = standing_now(await standings.of_partner(connection, ledger_id, partner_id), now_us).standing
        if stands.kind is StandingKind.EXITED:
            raise InvalidRequest("the partner has left: nothing more is asked of it", field="partner_id")
        return
    held = (await prefunding.held(connection, ledger_id)).get(partner_id, {})
    if wanted.turn is Turn.USED:
        if held.get(wanted.entity, 0) < -wanted.amount_minor:
            raise InvalidRequest(
                f"{held.get(wanted.entity, 0):,} minor units of the company's are held", field="amount_minor"
            )
        return
    open_payments = await payments.all_open(connection, ledger_id)
    forward = (await open_amounts(connection, ledger_id, open_payments)).get(partner_id, 0)
    awaited = await prefunding.awaited(connection, ledger_id, open_payments)
    unpaid_minor = awaited.get(partner_id, NOTHING_AWAITED).unpaid_minor
    free_minor = sum(held.values()) - unpaid_minor - max(0, forward)
    waiting = [each.order for each in await prefunding.waiting(connection, ledger_id, partner_id)]
    why = lacks([*waiting, wanted], held, free_minor)
    if why:
        raise InvalidRequest(f"{why}: {max(0, free_minor):,} minor units", field="amount_minor")


async def _add(
    connection: AsyncConnection, programme: Programme, wanted: Order, by: str, draft_id: UUID | None
) -> tuple[Ordered, Sequence[Change]]:
    ledger_id = programme.ledger_id
    await money.lock(connection, ledger_id)
    await _check(connection, programme, wanted)
    last = await prefunding.last_number(connection, ledger_id, wanted.partner_id)
    if last == ORDERS_MAX:
        raise InvalidRequest(f"a partner has at most {ORDERS_MAX:,} such orders", field="partner_id")
    now_us = await programme_now_us(connection, ledger_id)
    made = Ordered(wanted.checked(), last + 1, now_us, by, draft_id)
    await prefunding.add(connection, ledger_id, made)
    after = {**wanted.document(), "number": made.number}
    return made, [Change("prefunding.ordered", to_text("ptr", wanted.partner_id), None, after, wanted.why)]


PREFUNDING: Final = Term(
    KIND, "coalition settle prefunding propose", Order.document, parse_order, _add, check=_check
)
