"""A statement as PDF: what is on it, for whom, and that it names who states it."""

from __future__ import annotations

from io import BytesIO

from coalition.partners.v1 import clearing_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason
from pypdf import PdfReader

from services.runtime import grpc_client
from tests.support.ledger import Burn, Earn
from tests.support.partners import DAY_US, STARTS_AT_US, House
from tests.support.partners_office import Office, refusal
from tests.support.settling import settling_of


async def test_a_partner_gets_its_own_statement_as_pdf_and_nobody_elses(office: Office) -> None:
    desk = await settling_of(office)
    grocer, cinema = await desk.partner("grocer"), await desk.partner("cinema")
    await desk.week(1, Earn(grocer, 12_345), Burn(cinema, [(grocer, 400)]))
    house = desk.house
    request = pb.GetStatementPdfRequest(
        statement_id=(await house.statement(desk.programme, grocer, 1)).statement_id
    )
    me, other = (house.as_partner(desk.programme, each) for each in (grocer, cinema))
    made = await grpc_client.call(house.clearing.GetStatementPdf, request, me, 60)
    assert made.file_name == "statement-grocer-1.pdf"
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(made.body)).pages)
    assert "12,345" in text
    assert "123.45" in text
    assert await grpc_client.call(house.clearing.GetStatementPdf, request, me, 60) == made
    error = await refusal(house.clearing.GetStatementPdf, request, other)
    assert error.reason == Reason.REASON_NOT_FOUND


async def test_a_statement_of_an_operator_that_nobody_knows_is_no_pdf(house: House) -> None:
    programme = await house.programme()
    fuel = await house.partner(programme, "fuel")
    await house.ledger.move_clock(programme, STARTS_AT_US + DAY_US)
    await house.rate_now(programme)
    await house.close(programme)
    statement = await house.statement(programme, fuel, 1)
    request = pb.GetStatementPdfRequest(statement_id=statement.statement_id)
    error = await refusal(house.clearing.GetStatementPdf, request, house.as_host(programme))
    assert error.reason == Reason.REASON_OPERATOR_DATA_MISSING
