"""What a message of the bank does to payments, breaks and accounts, gathered before it is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.settlement.bank_outcomes import Told
from services.partners.domain.payments.bank_entries import (
    BankItem,
    Status,
    StatusItem,
)
from services.partners.domain.payments.instructions import Direction
from services.partners.domain.payments.legs import MatchedBy
from services.partners.domain.payments.matching import (
    BreakType,
    Outcome,
    OutcomeKind,
)
from services.partners.domain.payments.terms import PaymentTerms
from services.partners.domain.settlement.accounts import (
    Journal,
    bank_charged,
    booked,
    charged,
    returned,
    unexplained,
)
from services.partners.domain.settlement.payments import (
    EventKind,
    Method,
    PaymentEvent,
    Standing,
)
from services.partners.domain.settlement.records import Break, Item, Message
from services.partners.storage import payment_terms
from services.partners.storage.settlement import bank_messages
from services.runtime.clock import in_zone
from services.runtime.principal import Programme

_SAID_CHARACTERS_MAX: Final = 500
# Told of, but no money of this account, or money that was told of before: nothing waits in suspense.
_NO_MONEY: Final = frozenset({BreakType.WRONG_ACCOUNT, BreakType.CURRENCY, BreakType.STATEMENT_GAP})


@dataclass(slots=True)
class Effects:
    """What a message does, gathered before it is written."""

    items: list[Item] = field(default_factory=list[Item])
    breaks: list[Break] = field(default_factory=list[Break])
    events: dict[UUID, list[PaymentEvent]] = field(
        default_factory=lambda: defaultdict[UUID, list[PaymentEvent]](list)
    )
    journals: list[Journal] = field(default_factory=list[Journal])
    gaps: list[tuple[int, tuple[int, int]]] = field(default_factory=list[tuple[int, tuple[int, int]]])


async def effects_of(
    connection: AsyncConnection,
    programme: Programme,
    message: Message,
    outcomes: Sequence[Told],
    standings: dict[UUID, Standing],
) -> Effects:
    """What the outcomes of a message come to."""
    effects = Effects()
    terms = await payment_terms.of_programme(connection, programme.ledger_id)
    by_version = {
        (partner_id, each.version): each.terms for partner_id, versions in terms.items() for each in versions
    }
    next_break = await bank_messages.next_break(connection, programme.ledger_id)
    today = in_zone(message.received_at_us, programme.zone).date()
    for place, told in enumerate(outcomes, start=1):
        outcome = told.outcome
        item = _item(message.number, place, told)
        if outcome.break_type is not None:
            suspended = _suspended_minor(outcome)
            item = replace(item, break_number=next_break)
            effects.breaks.append(
                Break(next_break, outcome.break_type.value, suspended, message.received_at_us, item)
            )
            if told.gap_of is not None:
                effects.gaps.append((next_break, told.gap_of))
            if suspended:
                effects.journals.append(unexplained(next_break, suspended, outcome.leg_id))
            next_break += 1
        if outcome.break_type is BreakType.CURRENCY:
            # Not booked, so it may be told of again.
            item = replace(item, entry_reference="")
        effects.items.append(item)
        if outcome.charge_minor:
            effects.journals.append(bank_charged(outcome.leg_id, outcome.charge_minor))
        if outcome.leg_id is None:
            continue
        payment = standings[outcome.leg_id].payment
        event = _event(outcome, outcome.on or today)
        if event is not None:
            effects.events[outcome.leg_id].append(event)
        if event is None or not outcome.applied_minor:
            continue
        of = payment.partner_id, payment.payment_id, payment.run_number, outcome.applied_minor
        in_terms = by_version[payment.partner_id, payment.terms_version]
        if event.kind is EventKind.RETURNED:
            collected = payment.direction is Direction.COLLECT and payment.method is Method.DIRECT_DEBIT
            fee = in_terms.returned_fee_minor if collected else 0
            effects.journals.append(returned(*of))
            if fee:
                why = "for a debit that came back"
                effects.journals.append(charged(*of[:3], fee, why))
        else:
            effects.journals.append(booked(*of))
            effects.journals.extend(
                _interest(standings[outcome.leg_id], in_terms, outcome.applied_minor, event.on)
            )
    return effects


def _interest(standing: Standing, terms: PaymentTerms, paid_minor: int, on: date) -> list[Journal]:
    """What a partner owes for having paid late, by the terms that the payment was made by."""
    late_from = standing.late_from
    if late_from is None:
        return []
    interest = terms.late_interest_minor(paid_minor, late_from, on)
    why = f"interest from {late_from} to {on}"
    payment = standing.payment
    of = payment.partner_id, payment.payment_id, payment.run_number
    return [charged(*of, interest, why)] if interest else []


def _suspended_minor(outcome: Outcome) -> int:
    """What of an item waits in suspense. A movement that was told of before is no money: it is on the account once."""
    told_before = outcome.break_type is BreakType.DUPLICATE and outcome.leg_id is None
    return 0 if told_before or outcome.break_type in _NO_MONEY else outcome.break_minor


_EVENTS: Final = {
    OutcomeKind.SETTLED: EventKind.BOOKED,
    OutcomeKind.PART: EventKind.BOOKED,
    OutcomeKind.RETURNED: EventKind.RETURNED,
    OutcomeKind.REJECTED: EventKind.REJECTED,
}


def _event(outcome: Outcome, on: date) -> PaymentEvent | None:
    item = outcome.item
    kind = _EVENTS.get(outcome.kind)
    if kind is EventKind.BOOKED and outcome.matched_by is not MatchedBy.END_TO_END_ID:
        kind = EventKind.TRANSFERRED
    if kind is not None:
        return PaymentEvent(kind, abs(outcome.applied_minor), on, item.reason)
    if isinstance(item, StatusItem) and item.status is Status.ACCEPTED and outcome.kind is OutcomeKind.NOTED:
        return PaymentEvent(EventKind.ACCEPTED, 0, on, item.code)
    return None


def _item(message_number: int, place: int, told: Told) -> Item:
    outcome = told.outcome
    item = outcome.item
    moved = isinstance(item, BankItem)
    words: tuple[str, ...]
    if isinstance(item, BankItem):
        words = (item.remittance, item.counterparty, item.reason, outcome.note)
    else:
        words = (item.code, item.reason, outcome.note or item.detail)
    said = "; ".join(filter(None, words))
    return Item(
        message_number,
        place,
        told.key,
        item.end_to_end_id,
        item.amount_minor if isinstance(item, BankItem) else 0,
        item.booked_on if isinstance(item, BankItem) else None,
        outcome.kind.value,
        outcome.leg_id,
        outcome.applied_minor if moved else 0,
        said[:_SAID_CHARACTERS_MAX],
        charge_minor=outcome.charge_minor,
        statement=told.statement,
    )
