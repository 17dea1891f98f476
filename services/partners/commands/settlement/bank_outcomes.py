"""What becomes of what a bank says: its movements matched with payments, and its statements with each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.bank.reading import BankFile as Said
from services.partners.domain.payments.bank_entries import (
    BankItem,
    BankStatement,
    StatusReport,
)
from services.partners.domain.payments.legs import Leg, LegState
from services.partners.domain.payments.matching import (
    BreakType,
    Outcome,
    OutcomeKind,
    match_report,
    match_statement,
)
from services.partners.domain.payments.reference import creditor_references
from services.partners.domain.settlement.payments import (
    Method,
    PaymentState,
    Standing,
)
from services.partners.storage import payment_terms
from services.partners.storage.settlement import bank_messages, payments
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Programme


@dataclass(frozen=True, slots=True)
class Told:
    """An outcome, and by what its movement is known again; empty: a report moves nothing.

    `statement`: which one of its message it is of, from 1; 0: a report. `gap_of`: the statement, by message and place, before which
    one is missing.
    """

    outcome: Outcome
    key: str
    statement: int = 0
    gap_of: tuple[int, int] | None = None


async def standings_of(connection: AsyncConnection, ledger_id: int, said: Said) -> dict[UUID, Standing]:
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


async def outcomes_of(
    connection: AsyncConnection,
    programme: Programme,
    said: Said,
    standings: Iterable[Standing],
    today: date,
) -> list[Told]:
    """What becomes of each thing that a message says. Raises InvalidRequest for a statement of an account that is not the operator's."""
    ledger_id = programme.ledger_id
    legs = [
        _leg(each, programme.currency, ibans_of, messages)
        for ibans_of, messages in [await _accounts(connection, ledger_id)]
        for each in standings
    ]
    if isinstance(said, StatusReport):
        return [Told(each, "") for each in match_report(said, legs).outcomes]
    own = {each.terms.account.iban for each in await payment_terms.of_operator(connection, ledger_id)}
    foreign = next((each.account_iban for each in said if each.account_iban not in own), None)
    if foreign is not None:
        # Nothing of it is kept: once the account is set it can be taken.
        raise InvalidRequest(
            f"the statement is of {foreign}, which is no account of the operator in this programme",
            field="Acct",
        )
    outcomes: list[Told] = []
    keys = {id(item): _key(statement, item) for statement in said for item in statement.items}
    seen = set(await bank_messages.seen(connection, ledger_id, sorted(set(keys.values()))))
    for place, statement in enumerate(said, start=1):
        matched = match_statement(
            statement, legs, own, lambda item: keys[id(item)] in seen, programme.currency
        )
        outcomes += [Told(each, keys.get(id(each.item), ""), place) for each in matched.outcomes]
        outcomes += _gap(statement, place, today)
        legs = list(matched.legs)
        seen.update(keys[id(item)] for item in statement.items)
    return outcomes


def _key(statement: BankStatement, item: BankItem) -> str:
    """By what a movement is known again: the bank's own reference, or else its place in a statement of an account."""
    place = f"{statement.account_iban}/{statement.statement_id}/{item.entry}/{item.detail}"
    told = item.key()
    return f"{statement.account_iban}/{told}" if told else f"{place}/{item.booked_on}/{item.amount_minor}"


def _gap(statement: BankStatement, place: int, today: date) -> list[Told]:
    """A break where the balances of a statement differ by more than its movements: something is missing in it."""
    gap = statement.gap_minor()
    if not gap:
        return []
    on = statement.items[-1].booked_on if statement.items else today
    item = BankItem(0, 0, "", on, on, 0, statement.currency, remittance=f"statement {statement.statement_id}")
    note = f"its balances differ by {gap} minor units more than its movements"
    broken = Outcome(item, OutcomeKind.BREAK, break_type=BreakType.STATEMENT_GAP, on=on, note=note)
    return [Told(broken, f"{statement.account_iban}/{statement.statement_id}/gap", place)]


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
