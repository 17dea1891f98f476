"""What the operator does with windows, nets and statements."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

from coalition.partners.v1 import clearing_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.operations.session import Session
from services.runtime.errors import NotFound
from services.runtime.ids import from_text
from services.runtime.principal import Programme

# A year of weeks and their statements takes a while.
_CLOSE_SECONDS: Final = 300.0
_STATEMENTS_A_PAGE: Final = 100


async def status(session: Session, programme: Programme) -> pb.GetClearingStatusResponse:
    """How far rating and windows are, and what is in the way."""
    request = pb.GetClearingStatusRequest()
    return await session.call(session.clearing.GetClearingStatus, request, programme)


async def close(session: Session, programme: Programme, until_us: int, step: str = "") -> Sequence[pb.Window]:
    """Closes and states all windows that end by then (0: by now); answers those that this call stated.

    `step`: only this one (`cut`, `aggregate`, `state`); empty: all. Raises BOUNDARY_IN_FUTURE, RATING_BEHIND, RATE_CARD_MISSING.
    """
    wanted = pb.WindowStep.Value(f"WINDOW_STEP_{step.upper()}") if step else pb.WINDOW_STEP_UNSPECIFIED
    request = pb.CloseWindowsRequest(until_us=until_us, step=wanted)
    answer = await session.call(session.clearing.CloseWindows, request, programme, _CLOSE_SECONDS)
    return answer.windows


async def windows(session: Session, programme: Programme, limit: int, before: int) -> Sequence[pb.Window]:
    """A page of windows, newest first; `before`: only with a lower number, 0: from the newest."""
    request = pb.ListWindowsRequest(limit=limit, before_number=before)
    answer = await session.call(session.clearing.ListWindows, request, programme)
    return answer.windows


async def nets(session: Session, programme: Programme, first: int, last: int) -> Sequence[pb.Net]:
    """Nets by window and party, the operator last; 0: from the first, to the last stated."""
    request = pb.GetNetsRequest(from_window=first, to_window=last)
    answer = await session.call(session.clearing.GetNets, request, programme)
    return answer.nets


async def matrix(session: Session, programme: Programme, first: int, last: int) -> pb.GetMatrixResponse:
    """The burn matrix over windows, and each party's row and column; 0: from the first, to the last stated."""
    request = pb.GetMatrixRequest(from_window=first, to_window=last)
    return await session.call(session.clearing.GetMatrix, request, programme)


async def positions(session: Session, programme: Programme) -> pb.GetPositionsResponse:
    """What each partner would owe were everything stated now."""
    return await session.call(session.clearing.GetPositions, pb.GetPositionsRequest(), programme)


async def statement(session: Session, programme: Programme, partner: str, window: int) -> pb.Statement:
    """A partner's statement of a window (0: its newest), with its lines. Raises NOT_FOUND."""
    request = pb.ListStatementsRequest(
        limit=1,
        partner_id=await session.partner_id(programme, partner),
        before_window=window + 1 if window else 0,
        after_window=window - 1 if window else 0,
    )
    listed = await session.call(session.clearing.ListStatements, request, programme)
    if not listed.statements:
        raise NotFound("there is no such statement", Reason.REASON_NOT_FOUND, partner=partner, window=window)
    return await _with_lines(session, programme, listed.statements[0].statement_id)


async def statements(session: Session, programme: Programme, last: int) -> Sequence[pb.Statement]:
    """All partners' statements of windows 1 to `last`, with their lines, newest first."""
    found: list[pb.Statement] = []
    before = last + 1
    while True:
        request = pb.ListStatementsRequest(limit=_STATEMENTS_A_PAGE, before_window=before)
        page = await session.call(session.clearing.ListStatements, request, programme)
        found += [await _with_lines(session, programme, each.statement_id) for each in page.statements]
        if not page.has_more:
            return found
        # A page ends between windows, never inside one.
        before = found[-1].window.number


async def statement_by_id(session: Session, programme: Programme, statement_id: str) -> pb.Statement:
    """A statement by its id (`stm_…`), with its lines. Raises NOT_FOUND, MalformedId."""
    return await _with_lines(session, programme, from_text("stm", statement_id).bytes)


async def statement_pdf(session: Session, programme: Programme, statement_id: bytes) -> bytes:
    """A statement as PDF. Raises NOT_FOUND, OPERATOR_DATA_MISSING."""
    request = pb.GetStatementPdfRequest(statement_id=statement_id)
    return (await session.call(session.clearing.GetStatementPdf, request, programme)).body


async def billing_of(
    session: Session, programme: Programme, slug: str, cycle: str, cycle_fee_minor: int, objection_days: int
) -> pb.BillingTerms:
    """How often a partner shall get a statement (`window`, `month`). Raises PARTNER_UNKNOWN."""
    return pb.BillingTerms(
        partner_id=await session.partner_id(programme, slug),
        cycle=pb.BillingCycle.Value(f"BILLING_CYCLE_{cycle.upper()}"),
        cycle_fee_minor=cycle_fee_minor,
        objection_days=objection_days,
    )


async def set_billing(session: Session, programme: Programme, wanted: pb.BillingTerms) -> pb.BillingTerms:
    """Sets billing from the open window on, in a test programme. Raises INVALID_REQUEST, DRAFT_NEEDED."""
    answer = await session.call(session.clearing.SetBilling, pb.SetBillingRequest(terms=wanted), programme)
    return answer.terms


async def list_billing(session: Session, programme: Programme, slug: str) -> Sequence[pb.BillingTerms]:
    """All versions of a partner's billing, oldest first."""
    request = pb.ListBillingRequest(partner_id=await session.partner_id(programme, slug))
    answer = await session.call(session.clearing.ListBilling, request, programme)
    return answer.terms


async def _with_lines(session: Session, programme: Programme, statement_id: bytes) -> pb.Statement:
    request = pb.GetStatementRequest(statement_id=statement_id)
    answer = await session.call(session.clearing.GetStatement, request, programme)
    return answer.statement


async def statement_file(session: Session, programme: Programme, statement_id: bytes) -> AsyncIterator[bytes]:
    """The file that proves a statement, in pieces; `statement_id`: 16 bytes of its UUID. Raises NOT_FOUND."""
    request = pb.GetStatementFileRequest(statement_id=statement_id)
    async for piece in session.stream(session.clearing.GetStatementFile, request, programme):
        yield piece.content


async def proof_key(session: Session, programme: Programme) -> pb.GetProofKeyResponse:
    """The public key that checkpoints are signed with, and the newest checkpoint."""
    return await session.call(session.clearing.GetProofKey, pb.GetProofKeyRequest(), programme)
