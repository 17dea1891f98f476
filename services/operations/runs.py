"""What the operator does with settlement runs, documents, the bank's messages and the accounts of the clearing house."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from coalition.partners.v1 import settlement_pb2 as pb

from services.operations import approvals, registry
from services.operations.amounts import write_time
from services.operations.documents import Document, identity
from services.operations.session import Session
from services.runtime.principal import Programme

# Two hundred partners with their documents take a while.
_RUN_SECONDS: Final = 120.0
_PIECE_BYTES: Final = 256 * 1024
_PAGE: Final = 100
#: What a document can be made into.
FORMATS: Final = ("json", "csv", "pdf", "xml")


async def draft(session: Session, programme: Programme, until_window: int, why: str) -> pb.DraftRunResponse:
    """Drafts a run up to a window (0: the last that is stated). Raises what DraftRun does."""
    request = pb.DraftRunRequest(until_window=until_window, why=why)
    return await session.call(session.settlement.DraftRun, request, programme, _RUN_SECONDS)


async def run(session: Session, programme: Programme, number: int) -> pb.GetRunResponse:
    """A run with all that it is of. Raises NOT_FOUND."""
    request = pb.GetRunRequest(number=number)
    return await session.call(session.settlement.GetRun, request, programme, _RUN_SECONDS)


async def runs(session: Session, programme: Programme, limit: int, before: int) -> Sequence[pb.Run]:
    """A page of runs, newest first."""
    request = pb.ListRunsRequest(limit=limit, before=before)
    return (await session.call(session.settlement.ListRuns, request, programme)).runs


async def instruct(session: Session, programme: Programme, number: int) -> pb.InstructRunResponse:
    """Instructs an approved run; one that is instructed as it stands. Raises what InstructRun does."""
    request = pb.InstructRunRequest(number=number)
    return await session.call(session.settlement.InstructRun, request, programme, _RUN_SECONDS)


async def abort(session: Session, programme: Programme, number: int, why: str) -> pb.Run:
    """Gives up a run that is not instructed. Raises what AbortRun does."""
    request = pb.AbortRunRequest(number=number, why=why)
    return (await session.call(session.settlement.AbortRun, request, programme)).run


async def cancel_payment(session: Session, programme: Programme, end_to_end_id: str, why: str) -> int:
    """Gives up a payment that is open; what was left of it, in minor units. Raises what CancelPayment does."""
    request = pb.CancelPaymentRequest(end_to_end_id=end_to_end_id, why=why)
    return (await session.call(session.settlement.CancelPayment, request, programme)).left_minor


async def bank_file(session: Session, programme: Programme, number: int) -> pb.GetBankFileResponse:
    """A file for the bank. Raises NOT_FOUND."""
    request = pb.GetBankFileRequest(number=number)
    return await session.call(session.settlement.GetBankFile, request, programme)


async def write_files(session: Session, programme: Programme, number: int, folder: Path) -> list[Path]:
    """Writes the files of a run for the bank into a folder; answers their paths. Raises OSError."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    written: list[Path] = []
    for each in (await run(session, programme, number)).files:
        found = await bank_file(session, programme, each.number)
        path = folder / f"{found.file.message_id}.xml"
        await asyncio.to_thread(path.write_bytes, found.body)
        written.append(path)
    return written


async def receive(session: Session, programme: Programme, path: Path) -> pb.ReceiveBankMessageResponse:
    """Hands over a file of the bank, piece by piece. Raises what ReceiveBankMessage does, OSError."""
    with path.open("rb") as file:

        async def pieces() -> AsyncIterator[pb.ReceiveBankMessageRequest]:
            while piece := file.read(_PIECE_BYTES):
                yield pb.ReceiveBankMessageRequest(chunk=piece)

        return await session.upload(session.settlement.ReceiveBankMessage, pieces(), programme, _RUN_SECONDS)


async def breaks(
    session: Session, programme: Programme, limit: int, before: int, *, with_ended: bool
) -> Sequence[pb.BankBreak]:
    """A page of breaks, newest first."""
    request = pb.ListBreaksRequest(limit=limit, before=before, with_ended=with_ended)
    return (await session.call(session.settlement.ListBreaks, request, programme)).breaks


async def assign(session: Session, programme: Programme, number: int, owner: str) -> pb.BankBreak:
    """Says who looks after a break. Raises what AssignBreak does."""
    request = pb.AssignBreakRequest(number=number, owner=owner)
    return (await session.call(session.settlement.AssignBreak, request, programme)).bank_break


async def end_break(
    session: Session, programme: Programme, number: int, how: str, partner: str, why: str
) -> pb.BankBreak:
    """Ends a break; `partner`: slug, with `allocated` only. Raises what EndBreak does, PARTNER_UNKNOWN."""
    partner_id = await session.partner_id(programme, partner) if partner else b""
    request = pb.EndBreakRequest(number=number, how=how, partner_id=partner_id, why=why)
    return (await session.call(session.settlement.EndBreak, request, programme)).bank_break


async def documents(
    session: Session, programme: Programme, partner: str, run_number: int
) -> AsyncIterator[pb.DocumentSummary]:
    """All documents, newest first: of a partner by slug, of a run, or of all."""
    partner_id = await session.partner_id(programme, partner) if partner else b""
    before = b""
    while True:
        request = pb.ListDocumentsRequest(
            partner_id=partner_id, run_number=run_number, before=before, limit=_PAGE
        )
        page = await session.call(session.settlement.ListDocuments, request, programme)
        for each in page.documents:
            yield each
        if not page.has_more:
            return
        before = page.documents[-1].document_id


async def document_file(
    session: Session, programme: Programme, number: str, wanted: str
) -> pb.GetDocumentResponse:
    """A document as one of FORMATS. Raises NOT_FOUND."""
    made_into = pb.DocumentFormat.Value(f"DOCUMENT_FORMAT_{wanted.upper()}")
    request = pb.GetDocumentRequest(number=number, format=made_into)
    return await session.call(session.settlement.GetDocument, request, programme)


async def accounts(session: Session, programme: Programme) -> Sequence[pb.AccountBalance]:
    """What every account holds, and what explains it."""
    return (await books(session, programme)).accounts


async def books(session: Session, programme: Programme) -> pb.GetAccountsResponse:
    """All accounts, and what the bank says that is there."""
    return await session.call(session.settlement.GetAccounts, pb.GetAccountsRequest(), programme)


async def journals(
    session: Session, programme: Programme, account: str, partner: str
) -> AsyncIterator[pb.MoneyJournal]:
    """All journals of an account, or of a partner by slug, oldest first."""
    partner_id = await session.partner_id(programme, partner) if partner else b""
    after = 0
    while True:
        request = pb.TraceAccountRequest(account=account, partner_id=partner_id, after=after, limit=1_000)
        page = await session.call(session.settlement.TraceAccount, request, programme)
        for each in page.journals:
            yield each
        if not page.has_more:
            return
        after = page.journals[-1].number


async def whole(session: Session, programme: Programme, number: int) -> Document:
    """A run with all that it is of, and the hash of its draft; partners by slug. Raises NOT_FOUND."""
    found = await run(session, programme, number)
    slugs = await slugs_of(session, programme)
    made = run_document(found.run, programme.zone)
    drafted = await approvals.draft(session, programme, made["draft"])
    return {
        **made,
        "hash": drafted.sha256.hex(),
        "positions": sorted(
            (position_document(each, slugs) for each in found.positions), key=lambda each: each["partner"]
        ),
        "steps": [step_document(each, programme.zone) for each in found.steps],
        "payments": [payment_document(each, slugs) for each in found.payments],
        "files": [file_document(each) for each in found.files],
        "documents": [summary_document(each, slugs) for each in reversed(found.documents)],
    }


async def slugs_of(session: Session, programme: Programme) -> Mapping[bytes, str]:
    """The slug of each partner, by id."""
    return {bytes(each.partner_id): each.slug for each in await registry.list_partners(session, programme)}


def run_document(found: pb.Run, zone: str) -> Document:
    """A run."""
    return {
        "number": found.number,
        "until_window": found.until_window,
        "state": _name(pb.RunState.Name(found.state), "RUN_STATE_"),
        "draft": identity("drf", found.draft_id),
        "proposal_sha256": found.proposal_sha256.hex(),
        "drafted_at": write_time(found.drafted_at_us, zone),
        "drafted_by": found.drafted_by,
    }


def position_document(found: pb.RunPosition, slugs: Mapping[bytes, str]) -> Document:
    """A partner in a run."""
    return {
        "partner": slugs.get(found.partner_id, identity("ptr", found.partner_id)),
        "first_window": found.first_window or None,
        "last_window": found.last_window or None,
        "statements_minor": found.statements_minor,
        "rounding_minor": found.rounding_minor,
        "tax_minor": found.tax_minor,
        "brought_forward_minor": found.brought_forward_minor,
        "prefunding_minor": found.prefunding_minor,
        "set_off_minor": found.set_off_minor,
        "due_minor": found.due_minor,
        "outcome": _name(pb.PositionOutcome.Name(found.outcome), "POSITION_OUTCOME_"),
        "why": found.why or None,
    }


def step_document(found: pb.RunStep, zone: str) -> Document:
    """A state that a run came to."""
    return {
        "state": _name(pb.RunState.Name(found.state), "RUN_STATE_"),
        "at": write_time(found.at_us, zone),
        "by": found.by,
        "why": found.why or None,
    }


def payment_document(found: pb.Payment, slugs: Mapping[bytes, str]) -> Document:
    """A payment."""
    return {
        "partner": slugs.get(found.partner_id, identity("ptr", found.partner_id)),
        "direction": found.direction,
        "method": found.method,
        "amount_minor": found.amount_minor,
        "paid_minor": found.paid_minor,
        "state": "overdue" if found.is_overdue else found.state,
        "reason": found.reason or None,
        "due_on": found.due_on,
        "end_to_end_id": found.end_to_end_id,
        "reference": found.reference,
        "file": found.file_number or None,
    }


def file_document(found: pb.BankFile) -> Document:
    """A file for the bank."""
    return {
        "number": found.number,
        "kind": found.kind,
        "message_id": found.message_id,
        "payments": found.payments,
        "total_minor": found.total_minor,
        "sha256": found.sha256.hex(),
    }


def summary_document(found: pb.DocumentSummary, slugs: Mapping[bytes, str]) -> Document:
    """An issued document."""
    return {
        "number": found.number,
        "type": found.type,
        "partner": slugs.get(found.partner_id, identity("ptr", found.partner_id)),
        "legal_entity": found.legal_entity,
        "run": found.run_number or None,
        "issued_on": found.issued_on,
        "net_minor": found.net_minor,
        "tax_minor": found.tax_minor,
        "due_minor": found.due_minor,
        "sha256": found.sha256.hex(),
    }


def item_document(found: pb.BankItem) -> Document:
    """What became of a thing that the bank said."""
    return {
        "item": found.item,
        "end_to_end_id": found.end_to_end_id or None,
        "amount_minor": found.amount_minor,
        "booked_on": found.booked_on or None,
        "outcome": found.outcome,
        "applied_minor": found.applied_minor,
        "charge_minor": found.charge_minor,
        "break": found.break_number or None,
        "said": found.said,
    }


def break_document(found: pb.BankBreak, zone: str) -> Document:
    """A break."""
    return {
        "number": found.number,
        "type": found.type,
        "amount_minor": found.amount_minor,
        "opened_at": write_time(found.opened_at_us, zone),
        "owner": found.owner or None,
        "ended": found.ended or None,
        "said": found.item.said,
    }


def account_document(found: pb.AccountBalance, slugs: Mapping[bytes, str]) -> Document:
    """What an account holds; `difference_minor`: what nothing explains."""
    return {
        "account": found.account,
        "partner": slugs.get(found.partner_id) if found.partner_id else None,
        "balance_minor": found.balance_minor,
        "explained_minor": found.explained_minor,
        "difference_minor": found.balance_minor - found.explained_minor,
    }


def books_document(found: pb.GetAccountsResponse, slugs: Mapping[bytes, str]) -> Document:
    """All accounts, and what the bank says."""
    return {
        "accounts": [account_document(each, slugs) for each in found.accounts],
        "bank": [bank_document(each) for each in found.bank],
        "coming_minor": found.coming_minor,
        "going_minor": found.going_minor,
    }


def bank_document(found: pb.BankPosition) -> Document:
    """What is on an account at the bank; `difference_minor`: what it says beyond what was booked, null where it tells no balance."""
    amounts = ("opening_minor", "booked_minor", "closing_minor", "difference_minor")
    told = {
        name: getattr(found, name) if name == "booked_minor" or found.HasField(name) else None
        for name in amounts
    }
    return {"iban": found.iban, "statement": found.statement_id, "closed_on": found.closed_on, **told}


def journal_document(found: pb.MoneyJournal, slugs: Mapping[bytes, str], zone: str) -> Document:
    """A movement between accounts."""
    return {
        "number": found.number,
        "kind": found.kind,
        "at": write_time(found.at_us, zone),
        "by": found.by,
        "why": found.why or None,
        "run": found.run_number or None,
        "document": found.document_number or None,
        "payment": found.end_to_end_id or None,
        "break": found.break_number or None,
        "entries": [
            {
                "account": each.account,
                "partner": slugs.get(each.partner_id) if each.partner_id else None,
                "amount_minor": each.amount_minor,
            }
            for each in found.entries
        ],
    }


def _name(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower()
