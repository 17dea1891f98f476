"""Take what the bank sends: match it with payments, book what moved, and open a break for what nothing explains.

One transaction a message, and the same bytes are taken once. So after a crash a message is there with all that came of it, or may
be sent again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.bank.reading import BankFile as Said
from services.partners.commands.auditing import Change, audited
from services.partners.commands.persons import acting_now
from services.partners.commands.settlement.run_states import follow
from services.partners.commands.telling import Tell
from services.partners.domain.payments.bank_entries import (
    BankItem,
    BankStatement,
    Status,
    StatusItem,
    StatusReport,
)
from services.partners.domain.payments.instructions import Direction
from services.partners.domain.payments.legs import Leg, LegState, MatchedBy
from services.partners.domain.payments.matching import (
    BreakType,
    Outcome,
    OutcomeKind,
    match_report,
    match_statement,
)
from services.partners.domain.payments.reference import creditor_references
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
    PaymentState,
    Standing,
)
from services.partners.domain.settlement.records import Break, Item, Message
from services.partners.storage import payment_terms
from services.partners.storage.programme_time import programme_now_us
from services.partners.storage.settlement import bank_messages, money, payments
from services.runtime.clock import in_zone
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Principal, Programme

_ROLES: Final = ("maker", "checker")
_SAID_CHARACTERS_MAX: Final = 500
# Told of, but no money of this account, or money that was told of before: nothing waits in suspense.
_NO_MONEY: Final = frozenset({BreakType.WRONG_ACCOUNT, BreakType.CURRENCY, BreakType.STATEMENT_GAP})


@dataclass(frozen=True, slots=True)
class Received:
    """A message with what became of its items. `known`: the same bytes were taken before, and nothing was done."""

    message: Message
    items: tuple[Item, ...]
    known: bool


@dataclass(frozen=True, slots=True)
class _Told:
    """An outcome, and by what its movement is known again; empty: a report moves nothing."""

    outcome: Outcome
    key: str


@dataclass(slots=True)
class _Effects:
    """What a message does, gathered before it is written."""

    items: list[Item] = field(default_factory=list[Item])
    breaks: list[Break] = field(default_factory=list[Break])
    events: dict[UUID, list[PaymentEvent]] = field(
        default_factory=lambda: defaultdict[UUID, list[PaymentEvent]](list)
    )
    journals: list[Journal] = field(default_factory=list[Journal])


class ReceiveBankMessage:
    """Staff with role `maker` or `checker`, the host."""

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database, self._tell = database, tell

    async def __call__(self, who: Principal, body: bytes, said: Said) -> Received:
        """What came of a message; `said`: what its bytes say, read. Raises PermissionDenied."""
        programme = who.in_programme()
        digest = sha256(body).digest()

        async def work(connection: AsyncConnection) -> Received:
            (await acting_now(connection, who)).require(*_ROLES)
            await money.lock(connection, programme.ledger_id)
            known = await bank_messages.by_sha256(connection, programme.ledger_id, digest)
            if known is not None:
                items = await bank_messages.items_of(connection, programme.ledger_id, known.number)
                return Received(known, tuple(items), True)
            return await self._take(connection, who, programme, body, said)

        return await self._database.writer.run(work)

    async def _take(
        self,
        connection: AsyncConnection,
        who: Principal,
        programme: Programme,
        body: bytes,
        said: Said,
    ) -> Received:
        ledger_id = programme.ledger_id
        now_us = await programme_now_us(connection, ledger_id)
        number = await bank_messages.next_number(connection, ledger_id)
        kind, message_id = _named(said)
        message = Message(number, sha256(body).digest(), kind, message_id, now_us, who.actor, body)
        standings = await _standings(connection, ledger_id, said)
        today = in_zone(now_us, programme.zone).date()
        outcomes = await _outcomes(connection, programme, said, standings.values(), today)
        effects = await _effects(connection, programme, message, outcomes, standings)
        await bank_messages.add(connection, ledger_id, message, effects.items, effects.breaks)
        await payments.tell(connection, ledger_id, now_us, effects.events)
        await money.post(connection, ledger_id, now_us, who.actor, effects.journals)
        numbers = {
            standings[each].payment.run_number
            for each in effects.events
            if standings[each].payment.run_number
        }
        moved = await follow(connection, programme, [each for each in numbers if each], now_us, who)
        await self._tell(connection, programme, now_us, moved)
        after = {
            "breaks": len(effects.breaks),
            "items": len(effects.items),
            "kind": kind,
            "sha256": message.sha256.hex(),
        }
        await audited(connection, who, ledger_id, Change("bank.received", str(number), None, after))
        return Received(message, tuple(effects.items), False)


def _named(said: Said) -> tuple[str, str]:
    """The kind of a message, and its id in the words of the bank."""
    if isinstance(said, StatusReport):
        return "pain.002", said.message_id
    first: BankStatement | None = said[0] if said else None
    return "camt.053", first.statement_id if first else ""


async def _standings(connection: AsyncConnection, ledger_id: int, said: Said) -> dict[UUID, Standing]:
    """The payments that a message may be about: those that are open, and those that it names, however old."""
    ids: set[str] = set()
    references: set[str] = set()
    if isinstance(said, StatusReport):
        ids.update(each.end_to_end_id for each in said.items)
    else:
        for item in (each for statement in said for each in statement.items):
            ids.add(item.end_to_end_id)
            references.update(creditor_references(f"{item.creditor_reference} | {item.remittance}"))
    named = await payments.named(connection, ledger_id, sorted(ids), sorted(references))
    found = [*await payments.all_unpaid(connection, ledger_id), *named]
    return {each.payment.payment_id: each for each in found}


async def _outcomes(
    connection: AsyncConnection,
    programme: Programme,
    said: Said,
    standings: Iterable[Standing],
    today: date,
) -> list[_Told]:
    ledger_id = programme.ledger_id
    legs = [
        _leg(each, programme.currency, ibans_of, messages)
        for ibans_of, messages in [await _accounts(connection, ledger_id)]
        for each in standings
    ]
    if isinstance(said, StatusReport):
        return [_Told(each, "") for each in match_report(said, legs).outcomes]
    own = {each.terms.account.iban for each in await payment_terms.of_operator(connection, ledger_id)}
    foreign = next((each.account_iban for each in said if each.account_iban not in own), None)
    if foreign is not None:
        # Nothing of it is kept: once the account is set it can be taken.
        raise InvalidRequest(
            f"the statement is of {foreign}, which is no account of the operator in this programme",
            field="Acct",
        )
    outcomes: list[_Told] = []
    keys = {id(item): _key(statement, item) for statement in said for item in statement.items}
    seen = set(await bank_messages.seen(connection, ledger_id, sorted(set(keys.values()))))
    for statement in said:
        matched = match_statement(statement, legs, own, lambda item: keys[id(item)] in seen)
        outcomes += [_Told(each, keys.get(id(each.item), "")) for each in matched.outcomes]
        outcomes += _gap(statement, today)
        legs = list(matched.legs)
        seen.update(keys[id(item)] for item in statement.items)
    return outcomes


def _key(statement: BankStatement, item: BankItem) -> str:
    """By what a movement is known again: the bank's own reference, or else its place in a statement of an account."""
    place = f"{statement.account_iban}/{statement.statement_id}/{item.entry}/{item.detail}"
    told = item.key()
    return f"{statement.account_iban}/{told}" if told else f"{place}/{item.booked_on}/{item.amount_minor}"


def _gap(statement: BankStatement, today: date) -> list[_Told]:
    """A break where the balances of a statement differ by more than its movements: something is missing in it."""
    gap = statement.gap_minor()
    if not gap:
        return []
    on = statement.items[-1].booked_on if statement.items else today
    item = BankItem(0, 0, "", on, on, 0, statement.currency, remittance=f"statement {statement.statement_id}")
    note = f"its balances differ by {gap} minor units more than its movements"
    broken = Outcome(item, OutcomeKind.BREAK, break_type=BreakType.STATEMENT_GAP, on=on, note=note)
    return [_Told(broken, f"{statement.account_iban}/{statement.statement_id}/gap")]


async def _accounts(
    connection: AsyncConnection, ledger_id: int
) -> tuple[dict[tuple[UUID, int], str], dict[int, str]]:
    """The IBAN of each version of payment terms, and the message id of each file."""
    terms = await payment_terms.of_programme(connection, ledger_id)
    ibans = {
        (partner_id, version.version): version.terms.account.iban
        for partner_id, versions in terms.items()
        for version in versions
    }
    files = await payments.files(connection, ledger_id)
    return ibans, {each.number: each.message_id for each in files}


_LEG_STATES: Final = {
    PaymentState.PAID: LegState.SETTLED,
    PaymentState.FAILED: LegState.REJECTED,
    PaymentState.CLOSED: LegState.REJECTED,
}


def _leg(
    standing: Standing, currency: str, ibans: dict[tuple[UUID, int], str], messages: dict[int, str]
) -> Leg:
    payment = standing.payment
    waits = LegState.OPEN if payment.method is Method.INVOICE else LegState.INSTRUCTED
    return Leg(
        payment.payment_id,
        payment.direction,
        _LEG_STATES.get(standing.state, waits),
        payment.amount_minor,
        currency,
        payment.end_to_end_id,
        payment.reference,
        ibans.get((payment.partner_id, payment.terms_version), ""),
        messages.get(payment.file_number or 0, ""),
        max(0, standing.paid_minor),
        standing.booked_minor,
    )


async def _effects(
    connection: AsyncConnection,
    programme: Programme,
    message: Message,
    outcomes: Sequence[_Told],
    standings: dict[UUID, Standing],
) -> _Effects:
    effects = _Effects()
    terms = await payment_terms.of_programme(connection, programme.ledger_id)
    by_version = {
        (partner_id, each.version): each.terms for partner_id, versions in terms.items() for each in versions
    }
    next_break = await bank_messages.next_break(connection, programme.ledger_id)
    today = in_zone(message.received_at_us, programme.zone).date()
    for place, told in enumerate(outcomes, start=1):
        outcome = told.outcome
        item = _item(message.number, place, outcome, told.key)
        if outcome.break_type is not None:
            suspended = _suspended_minor(outcome)
            item = replace(item, break_number=next_break)
            effects.breaks.append(
                Break(next_break, outcome.break_type.value, suspended, message.received_at_us, item)
            )
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


def _item(message_number: int, place: int, outcome: Outcome, key: str) -> Item:
    item = outcome.item
    moved = isinstance(item, BankItem)
    told: tuple[str, ...]
    if isinstance(item, BankItem):
        told = (item.remittance, item.counterparty, item.reason, outcome.note)
    else:
        told = (item.code, item.reason, outcome.note or item.detail)
    said = "; ".join(filter(None, told))
    return Item(
        message_number,
        place,
        key,
        item.end_to_end_id,
        item.amount_minor if isinstance(item, BankItem) else 0,
        item.booked_on if isinstance(item, BankItem) else None,
        outcome.kind.value,
        outcome.leg_id,
        outcome.applied_minor if moved else 0,
        said[:_SAID_CHARACTERS_MAX],
        charge_minor=outcome.charge_minor,
    )
