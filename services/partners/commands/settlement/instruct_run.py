"""Instruct a run: from here on nothing is taken back.

One transaction issues the documents with their numbers, books them, makes the payments and the files for the bank, and moves the
run on. So after a crash all of it is there or nothing, and no number is lost or used twice. What was approved is looked at once
more in it: the draft's hash, both people's roles, and that everything still comes to what they saw.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from hashlib import sha256
from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.bank.pain import payment_files
from services.partners.commands.auditing import Change, audited
from services.partners.commands.persons import person_now
from services.partners.commands.settlement.draft_run import (
    APPROVERS,
    MAKERS,
    prepare_again,
    require_state,
)
from services.partners.commands.telling import Tell
from services.partners.domain.documents.canonical import document_body, document_sha256
from services.partners.domain.documents.document import Document, DocumentType, Reference
from services.partners.domain.documents.document import Payment as HowPaid
from services.partners.domain.documents.tax import Supply
from services.partners.domain.drafts import Draft, DraftState
from services.partners.domain.events import RunMoved
from services.partners.domain.payments.accounts import OperatorAccount
from services.partners.domain.payments.instructions import Direction, Instruction
from services.partners.domain.payments.instructions import Sequence as DebitSequence
from services.partners.domain.payments.reference import end_to_end_id, payment_reference
from services.partners.domain.settlement.accounts import Journal, charged, set_off
from services.partners.domain.settlement.booking import document_journal
from services.partners.domain.settlement.draft import WantedRun
from services.partners.domain.settlement.payments import EventKind, Method, Payment, PaymentEvent, Standing
from services.partners.domain.settlement.records import BankFile, Issued, Run
from services.partners.domain.settlement.runs import Outcome, RunState
from services.partners.queries.settlement.proposing import Prepared
from services.partners.storage import drafts, payment_terms, staff
from services.partners.storage.programme_time import programme_now_us
from services.partners.storage.settlement import documents, money, payments, prefunding, runs
from services.runtime.clock import in_zone
from services.runtime.database import Database
from services.runtime.errors import Fault, NotFound, Refused
from services.runtime.ids import new_id
from services.runtime.principal import Principal, Programme

_LEG: Final = 1
_METHODS: Final = {
    Outcome.COLLECT: (Direction.COLLECT, Method.DIRECT_DEBIT),
    Outcome.INVOICE: (Direction.COLLECT, Method.INVOICE),
    Outcome.PAY: (Direction.PAYOUT, Method.CREDIT_TRANSFER),
}
# Of a programme's slug in the message id of a file, and of pain.001 or pain.008 in the name of a version.
_SLUG_CHARACTERS: Final = 12
_KIND_CHARACTERS: Final = 8
# What a credit note is on.
_OF_CREDIT: Final = {
    DocumentType.CREDIT_NOTE: DocumentType.INVOICE,
    DocumentType.SELF_BILLED_CREDIT_NOTE: DocumentType.SELF_BILLED_INVOICE,
}


@dataclass(frozen=True, slots=True)
class _Moment:
    """What everything that is made at once has in common. `now_us`: programme time, `today`: its date in the programme's zone."""

    programme: Programme
    run_number: int
    now_us: int
    today: date
    account: OperatorAccount


@dataclass(frozen=True, slots=True)
class _Papers:
    """The documents of a run as they are made, and how they are booked: written at once, in the order of their numbers.

    `sequences`: the numbers that are left of those taken, by the code of the type.
    """

    sequences: Mapping[int, Iterator[int]]
    issued: list[Issued] = field(default_factory=list[Issued])
    journals: list[Journal] = field(default_factory=list[Journal])


class InstructRun:
    """Staff with role `maker` or `checker`."""

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database, self._tell = database, tell

    async def __call__(self, who: Principal, number: int) -> Run:
        """The run, instructed; one that is instructed already as it stands, so that a call may be repeated.

        Raises NotFound, Refused (RUN_STATE, RUN_STALE, DRAFT_CHANGED, MAKER_ROLE_LOST), PermissionDenied.
        """
        programme = who.in_programme()

        async def work(connection: AsyncConnection) -> Run:
            run = await runs.by_number(connection, programme.ledger_id, number)
            if run is None:
                raise NotFound("there is no such run")
            draft = await drafts.by_id(connection, programme.ledger_id, run.draft_id)
            if draft is None:
                raise Fault(f"run {number} has no draft")
            decided_by = [draft.decision.by.staff_id] if draft.decision else []
            actor, _ = await person_now(connection, who, draft.made_by.staff_id, *decided_by)
            actor.require(*sorted(MAKERS | APPROVERS))
            await money.lock(connection, programme.ledger_id)
            run = await runs.by_number(connection, programme.ledger_id, number) or run
            if run.state not in (RunState.DRAFT, RunState.APPROVED, RunState.ABORTED):
                return run
            require_state(run, RunState.APPROVED)
            await _look_again(connection, run, draft)
            wanted = WantedRun.parse(draft.body)
            now_us = await _instruct(connection, who, programme, run, wanted)
            moved = RunMoved(number, RunState.INSTRUCTED.value, run.until_window)
            await self._tell(connection, programme, now_us, [moved])
            after = {**wanted.document(), "number": number}
            await audited(
                connection, who, programme.ledger_id, Change("run.instructed", str(number), None, after)
            )
            return await runs.by_number(connection, programme.ledger_id, number) or run

        return await self._database.writer.run(work)


async def _look_again(connection: AsyncConnection, run: Run, draft: Draft) -> None:
    """Whether what was approved still is: its hash, two persons, and that both have the roles that it took."""
    decision = draft.decision
    changed = draft.due_sha256() != draft.sha256 or WantedRun.parse(draft.body).proposal_sha256 != run.sha256
    if (
        decision is None
        or decision.state is not DraftState.APPROVED
        or decision.sha256 != draft.sha256
        or changed
    ):
        raise Refused(Reason.REASON_DRAFT_CHANGED, "the run is not what was approved: its hash is another")
    if decision.by.staff_id == draft.made_by.staff_id:
        raise Refused(Reason.REASON_OWN_DRAFT, "the run was approved by whoever made it")
    for person, roles in ((draft.made_by, MAKERS), (decision.by, APPROVERS)):
        found = await staff.by_id(connection, person.staff_id)
        if found is None or not roles.intersection(found.roles):
            raise Refused(
                Reason.REASON_MAKER_ROLE_LOST,
                "whoever made or approved the run has no more the role that it takes",
                needed=" or ".join(sorted(roles)),
            )


async def _instruct(
    connection: AsyncConnection, who: Principal, programme: Programme, run: Run, wanted: WantedRun
) -> int:
    """Does it, and answers the programme time of it."""
    ledger_id = programme.ledger_id
    now_us = await programme_now_us(connection, ledger_id)
    seen = await prepare_again(connection, programme, wanted, now_us)
    today = in_zone(now_us, programme.zone).date()
    moment = _Moment(programme, run.number, now_us, today, seen.account.terms)
    await runs.settle(
        connection,
        ledger_id,
        run.number,
        [each for settled in seen.proposal.settled for each in settled.statement_ids],
    )
    await _carry(connection, moment, seen.prepared, who.actor)
    legs = [_payment(moment, each) for each in seen.prepared if each.position.outcome in _METHODS]
    leg_of = {each.partner_id: each for each in legs}
    types = Counter(draft.type.value for each in seen.prepared for draft in each.documents)
    papers = _Papers(await documents.take_sequences(connection, ledger_id, today.year, types))
    for prepared in seen.prepared:
        await _issue(connection, moment, prepared, leg_of.get(prepared.position.partner_id), papers)
    await documents.add(connection, ledger_id, papers.issued)
    await money.post(connection, ledger_id, now_us, who.actor, papers.journals)
    for prepared in seen.prepared:
        of = run.number, prepared.position.partner_id
        await prefunding.take(connection, ledger_id, *of, prepared.plan.orders, prepared.plan.movements)
    await _pay(connection, moment, seen.prepared, legs)
    await runs.step(connection, ledger_id, run.number, RunState.INSTRUCTED, now_us, who.actor)
    return now_us


async def _carry(connection: AsyncConnection, moment: _Moment, prepared: Sequence[Prepared], by: str) -> None:
    """Payments that failed are no more waited for: what they left is brought forward into this run.

    Interest on it until today is owed from now on: the run after this one settles it.
    """
    journals: list[Journal] = []
    told: dict[UUID, list[PaymentEvent]] = {}
    ledger_id = moment.programme.ledger_id
    for each in prepared:
        for failed in each.carried:
            carried = PaymentEvent(EventKind.CARRIED, 0, moment.today, f"run {moment.run_number}")
            told[failed.payment.payment_id] = [carried]
            journals += await _interest(connection, moment, failed)
    await payments.tell(connection, ledger_id, moment.now_us, told)
    await money.post(connection, ledger_id, moment.now_us, by, journals)


async def _interest(connection: AsyncConnection, moment: _Moment, failed: Standing) -> list[Journal]:
    payment, late_from = failed.payment, failed.late_from
    if late_from is None:
        return []
    versions = await payment_terms.of_partner(connection, moment.programme.ledger_id, payment.partner_id)
    terms = next(each.terms for each in versions if each.version == payment.terms_version)
    interest = terms.late_interest_minor(failed.left_minor, late_from, moment.today)
    why = f"interest from {late_from} to {moment.today}, when it was settled again"
    of = payment.partner_id, payment.payment_id, payment.run_number
    return [charged(*of, interest, why)] if interest else []


def _payment(moment: _Moment, prepared: Prepared) -> Payment:
    """The payment of a position; the file that it is in is known later."""
    position, rule = prepared.position, prepared.rule
    direction, method = _METHODS[position.outcome]
    return Payment(
        new_id(),
        moment.run_number,
        position.partner_id,
        _LEG,
        direction,
        method,
        abs(position.due_minor),
        end_to_end_id(moment.run_number, position.partner_id, _LEG),
        payment_reference(moment.run_number, position.partner_id, _LEG),
        rule.due_on(moment.today),
        rule.terms.version,
        None,
        moment.now_us,
    )


async def _issue(
    connection: AsyncConnection, moment: _Moment, prepared: Prepared, leg: Payment | None, papers: _Papers
) -> None:
    """Gives the documents of a partner their numbers, and says how they are booked."""
    year = moment.today.year
    latest: dict[tuple[int, DocumentType], Reference] = {}
    for draft in prepared.documents:
        sequence = next(papers.sequences[draft.type.value])
        number = f"{year}-{draft.type.value}-{sequence:06}"
        on = latest.get((draft.entity, _OF_CREDIT.get(draft.type, draft.type)))
        made = draft.issued(
            number,
            moment.today,
            leg.due_on if leg else moment.today,
            _how_paid(moment, prepared, leg),
            await _references(connection, moment, prepared, draft, on),
        )
        latest[draft.entity, draft.type] = Reference(number, moment.today)
        body = document_body(made)
        row = Issued(
            new_id(),
            made.type.value,
            year,
            sequence,
            number,
            moment.run_number,
            prepared.position.partner_id,
            made.entity,
            moment.today,
            made.net_minor,
            made.tax_minor,
            made.due_minor,
            document_sha256(body),
            body,
        )
        papers.issued.append(row)
        journal = document_journal(made, row.document_id, row.partner_id, moment.run_number)
        if journal:
            papers.journals.append(journal)
    position, planned = prepared.position, prepared.plan
    if planned.set_off_minor:
        papers.journals.append(set_off(position.partner_id, moment.run_number, planned.set_off_minor))


async def _references(
    connection: AsyncConnection, moment: _Moment, prepared: Prepared, draft: Document, on: Reference | None
) -> Sequence[Reference]:
    """What a credit note is on: the invoice of the same run, or the invoices by which was paid ahead what is given back."""
    if draft.lines[0].supply is Supply.PREFUNDING and draft.type is DocumentType.CREDIT_NOTE:
        of = prepared.position.partner_id, draft.entity, draft.net_minor
        return await prefunding.invoices(connection, moment.programme.ledger_id, *of)
    return [on] if on and draft.type in _OF_CREDIT else []


def _how_paid(moment: _Moment, prepared: Prepared, leg: Payment | None) -> HowPaid:
    """What a document says of its payment: all documents of a run are one payment."""
    run = f"Settled with all documents of settlement run {moment.run_number}"
    if prepared.plan.set_off_minor:
        run += f", less {_said(moment, prepared.plan.set_off_minor)} that was paid ahead"
    if leg is None:
        return HowPaid(f"{run}: nothing is paid by itself, the balance stands in your account.")
    said = _said(moment, leg.amount_minor)
    terms = prepared.terms.terms
    if leg.method is Method.INVOICE:
        text = f"{run}: please pay {said} by {leg.due_on} and name the reference."
        return HowPaid(text, leg.reference, moment.account.account.iban)
    if leg.method is Method.DIRECT_DEBIT and terms.mandate is not None:
        mandate = f"mandate {terms.mandate.mandate_id}, creditor {moment.account.creditor_id}"
        return HowPaid(f"{run}: {said} is collected by direct debit on {leg.due_on} ({mandate}).")
    return HowPaid(f"{run}: {said} is paid to your account on {leg.due_on}.")


def _said(moment: _Moment, amount_minor: int) -> str:
    return f"{amount_minor // 100:,}.{amount_minor % 100:02} {moment.programme.currency}"


async def _pay(
    connection: AsyncConnection, moment: _Moment, prepared: Sequence[Prepared], legs: Sequence[Payment]
) -> None:
    """Writes the payments, and before them the files for the bank that those are in which go through it."""
    ledger_id = moment.programme.ledger_id
    by_partner = {each.position.partner_id: each for each in prepared}
    told = [
        await _instruction(connection, moment, each, by_partner[each.partner_id])
        for each in legs
        if each.method is not Method.INVOICE
    ]
    # By the number of the programme, which no other has: a bank takes a message id once.
    programme = moment.programme
    message_id = f"C{ledger_id}-{programme.slug[:_SLUG_CHARACTERS]}-{moment.run_number}".upper()
    first = await payments.next_file(connection, ledger_id)
    file_of: dict[str, int] = {}
    # Their schemas are large: reading those and checking the files takes a second or two, in which others are served.
    files = partial(payment_files, moment.account, told, message_id, moment.now_us)
    made = await asyncio.to_thread(files) if told else ()
    for number, file in enumerate(made, start=first):
        row = BankFile(
            number,
            moment.run_number,
            file.kind[:_KIND_CHARACTERS],
            file.message_id,
            len(file.instructions),
            file.total_minor,
            sha256(file.xml).digest(),
            moment.now_us,
            file.xml,
        )
        await payments.add_file(connection, ledger_id, row)
        file_of |= {each.end_to_end_id: number for each in file.instructions}
    filed = [replace(each, file_number=file_of.get(each.end_to_end_id)) for each in legs]
    await payments.add(connection, ledger_id, filed)


async def _instruction(
    connection: AsyncConnection, moment: _Moment, leg: Payment, prepared: Prepared
) -> Instruction:
    """What the bank is told of a payment. A debit is the first one until one of its partner's was booked."""
    terms = prepared.terms.terms
    sequence = None
    if leg.method is Method.DIRECT_DEBIT:
        again = await payments.was_collected(connection, moment.programme.ledger_id, leg.partner_id)
        sequence = DebitSequence.RCUR if again else DebitSequence.FRST
    return Instruction(
        leg.direction,
        leg.amount_minor,
        moment.programme.currency,
        leg.end_to_end_id,
        terms.account,
        leg.due_on,
        f"{leg.reference} settlement run {moment.run_number}",
        terms.mandate if sequence else None,
        sequence,
    ).checked()
