"""From runs, payments, documents and accounts to their protobuf form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final
from uuid import UUID

from coalition.partners.v1 import settlement_pb2 as pb

from services.partners.domain.settlement.payments import Standing
from services.partners.domain.settlement.records import BankFile, Break, Issued, Item, Numbered, Run, RunStep
from services.partners.domain.settlement.runs import Outcome, Position, RunState
from services.partners.queries.settlement.accounts import Balance, BankPosition
from services.partners.queries.settlement.documents import Format
from services.partners.queries.settlement.runs import RunView
from services.runtime.errors import InvalidRequest

_STATES: Final = {each: pb.RunState.Value(f"RUN_STATE_{each.value.upper()}") for each in RunState}
_OUTCOMES: Final = {
    each: pb.PositionOutcome.Value(f"POSITION_OUTCOME_{each.value.upper()}") for each in Outcome
}
_FORMATS: Final = {
    pb.DOCUMENT_FORMAT_UNSPECIFIED: Format.JSON,
    pb.DOCUMENT_FORMAT_JSON: Format.JSON,
    pb.DOCUMENT_FORMAT_CSV: Format.CSV,
    pb.DOCUMENT_FORMAT_PDF: Format.PDF,
    pb.DOCUMENT_FORMAT_XML: Format.XML,
}


def format_from(wanted: pb.DocumentFormat.ValueType) -> Format:
    """What a document is to be made into. Raises InvalidRequest for what this version does not know."""
    found = _FORMATS.get(wanted)
    if found is None:
        raise InvalidRequest("a document is made into JSON, CSV, PDF or XML", field="format")
    return found


def run_message(run: Run) -> pb.Run:
    """A run."""
    return pb.Run(
        number=run.number,
        until_window=run.until_window,
        state=_STATES[run.state],
        draft_id=run.draft_id.bytes,
        proposal_sha256=run.sha256,
        drafted_at_us=run.drafted_at_us,
        drafted_by=run.drafted_by,
    )


def run_view(view: RunView) -> pb.GetRunResponse:
    """A run with all that it is of."""
    return pb.GetRunResponse(
        run=run_message(view.run),
        positions=map(_position, view.positions),
        steps=map(_step, view.steps),
        payments=[_payment(each, view.today) for each in view.payments],
        files=map(file_message, view.files),
        documents=map(document_message, view.documents),
    )


def file_message(file: BankFile) -> pb.BankFile:
    """A file for the bank, without its bytes."""
    return pb.BankFile(
        number=file.number,
        kind=file.kind,
        message_id=file.message_id,
        payments=file.payments,
        total_minor=file.total_minor,
        sha256=file.sha256,
    )


def document_message(issued: Issued) -> pb.DocumentSummary:
    """A document, without its content."""
    return pb.DocumentSummary(
        number=issued.number,
        type=issued.type,
        partner_id=issued.partner_id.bytes,
        legal_entity=issued.entity,
        run_number=issued.run_number or 0,
        issued_on=issued.issued_on.isoformat(),
        net_minor=issued.net_minor,
        tax_minor=issued.tax_minor,
        due_minor=issued.due_minor,
        sha256=issued.sha256,
        document_id=issued.document_id.bytes,
    )


def item_message(item: Item) -> pb.BankItem:
    """What became of a thing that the bank said."""
    return pb.BankItem(
        item=item.item,
        end_to_end_id=item.end_to_end_id,
        amount_minor=item.amount_minor,
        booked_on=item.booked_on.isoformat() if item.booked_on else "",
        outcome=item.outcome,
        payment_id=_id(item.payment_id),
        applied_minor=item.applied_minor,
        charge_minor=item.charge_minor,
        break_number=item.break_number or 0,
        said=item.said,
    )


def break_message(found: Break) -> pb.BankBreak:
    """A break."""
    return pb.BankBreak(
        number=found.number,
        type=found.type,
        amount_minor=found.amount_minor,
        opened_at_us=found.opened_at_us,
        owner=found.owner,
        ended=found.ended,
        item=item_message(found.item),
    )


def balance_message(balance: Balance) -> pb.AccountBalance:
    """What an account holds."""
    return pb.AccountBalance(
        account=balance.account.value,
        partner_id=_id(balance.partner_id),
        balance_minor=balance.balance_minor,
        explained_minor=balance.explained_minor,
    )


def position_message(found: BankPosition) -> pb.BankPosition:
    """What is on an account at the bank."""
    return pb.BankPosition(
        iban=found.last.account,
        statement_id=found.last.statement_id,
        closed_on=found.last.closed_on.isoformat(),
        opening_minor=found.first.opening_minor,
        booked_minor=found.booked_minor,
        closing_minor=found.last.closing_minor,
        difference_minor=found.difference_minor,
    )


def journal_message(numbered: Numbered, names: Mapping[UUID, str]) -> pb.MoneyJournal:
    """A movement between accounts."""
    journal = numbered.journal
    return pb.MoneyJournal(
        number=numbered.number,
        kind=journal.kind.value,
        at_us=numbered.at_us,
        by=numbered.by,
        why=journal.why,
        run_number=journal.run_number or 0,
        document_number=names.get(journal.document_id, "") if journal.document_id else "",
        end_to_end_id=names.get(journal.payment_id, "") if journal.payment_id else "",
        break_number=journal.break_number or 0,
        entries=[
            pb.MoneyEntry(
                account=each.account.value, partner_id=_id(each.partner_id), amount_minor=each.amount_minor
            )
            for each in journal.entries
        ],
    )


def _position(position: Position) -> pb.RunPosition:
    return pb.RunPosition(
        partner_id=position.partner_id.bytes,
        first_window=position.first_window or 0,
        last_window=position.last_window or 0,
        statements_minor=position.statements_minor,
        rounding_minor=position.rounding_minor,
        tax_minor=position.tax_minor,
        brought_forward_minor=position.brought_forward_minor,
        prefunding_minor=position.prefunding_minor,
        set_off_minor=position.set_off_minor,
        due_minor=position.due_minor,
        outcome=_OUTCOMES[position.outcome],
        why=position.why,
    )


def _step(step: RunStep) -> pb.RunStep:
    return pb.RunStep(state=_STATES[step.state], at_us=step.at_us, by=step.by, why=step.why)


def _payment(standing: Standing, today: date) -> pb.Payment:
    payment = standing.payment
    return pb.Payment(
        payment_id=payment.payment_id.bytes,
        partner_id=payment.partner_id.bytes,
        run_number=payment.run_number or 0,
        direction=payment.direction.value,
        method=payment.method.value,
        amount_minor=payment.amount_minor,
        paid_minor=standing.paid_minor,
        state=standing.state.value,
        reason=standing.last_reason,
        end_to_end_id=payment.end_to_end_id,
        reference=payment.reference,
        due_on=payment.due_on.isoformat(),
        file_number=payment.file_number or 0,
        is_overdue=standing.is_overdue(today),
    )


def _id(found: UUID | None) -> bytes:
    return found.bytes if found else b""
