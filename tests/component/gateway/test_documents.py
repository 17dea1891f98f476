"""A partner's invoices and credit notes: lists, contents and files, of its own only."""

from __future__ import annotations

import csv
import io
from hashlib import sha256
from uuid import UUID

import pytest

from services.gateway.schemas.documents import Document, DocumentSummary
from services.gateway.schemas.lists import ListOf
from services.partners.renderings.document_csv import COLUMNS
from services.runtime.ids import new_id, to_text
from tests.support.gateway import House
from tests.support.gateway_documents import invoice, self_billed

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(autouse=True)
def no_documents(house: House) -> None:
    house.documents.kept.clear()


async def test_documents_are_listed_newest_first_and_paged_both_ways(house: House) -> None:
    numbers = house.documents.keep(house.partner_id, *map(invoice, range(1, 6)))[::-1]
    first = ListOf[DocumentSummary].model_validate_json((await house.get("/v1/documents", limit=2)).content)
    assert ([each.id for each in first.data], first.has_more) == (numbers[:2], True)
    after = (await house.get("/v1/documents", limit=2, starting_after=numbers[1])).json()
    assert ([each["id"] for each in after["data"]], after["has_more"]) == (numbers[2:4], True)
    before = (await house.get("/v1/documents", limit=2, ending_before=numbers[3])).json()
    assert ([each["id"] for each in before["data"]], before["has_more"]) == (numbers[1:3], True)
    last = (await house.get("/v1/documents", starting_after=numbers[3])).json()
    assert ([each["id"] for each in last["data"]], last["has_more"]) == (numbers[4:], False)


async def test_a_document_reads_as_it_is_kept_to_the_byte_and_the_list_says_the_same(house: House) -> None:
    house.documents.keep(house.partner_id, invoice(1), self_billed())
    listed = ListOf[DocumentSummary].model_validate_json((await house.get("/v1/documents")).content).data
    assert [(each.type, each.due_minor) for each in listed] == [(389, -1_080), (380, 1_200)]
    for each in listed:
        answer = await house.get(f"/v1/documents/{each.id}")
        assert answer.headers["content-type"] == "application/json"
        assert sha256(answer.content).hexdigest() == each.sha256
        told = Document.model_validate_json(answer.content)
        assert (told.number, told.type, told.entity, told.issued_on) == (
            each.id, each.type, each.legal_entity, each.issued_on,
        )  # fmt: skip
        assert (told.net_minor, told.tax_minor, told.due_minor) == (
            each.net_minor, each.tax_minor, each.due_minor,
        )  # fmt: skip
        assert told.statements == [to_text("stm", UUID(int=1))]
        assert (told.self_billing is None) == (each.type == 380)


async def test_a_document_comes_as_a_file_by_format_or_by_accept(house: House) -> None:
    (number,) = house.documents.keep(house.partner_id, invoice(1))
    path = f"/v1/documents/{number}"
    for name, media_type, accept, start in (
        (
            "csv",
            "text/csv; charset=utf-8",
            "text/html, text/csv;q=0.9, application/pdf",
            b"record,type,number",
        ),
        ("pdf", "application/pdf", "Application/PDF", b"%PDF-"),
        ("xml", "application/xml", "application/xml", b"<?xml"),
    ):
        by_format = await house.get(path, format=name)
        by_accept = await house.client.get(
            path, headers={"Authorization": f"Bearer {house.secret}", "Accept": accept}
        )
        assert by_format.content == by_accept.content
        assert by_format.content.startswith(start)
        for each in (by_format, by_accept):
            assert each.headers["content-type"] == media_type
            assert each.headers["content-disposition"] == f'attachment; filename="{number}.{name}"'
    (head, *rows) = csv.reader(io.StringIO((await house.get(path, format="csv")).text, newline=""))
    assert tuple(head) == COLUMNS
    assert [row[0] for row in rows] == ["line", "tax", "total"]
    for accept in ("text/csv", "*/*", "image/png", ""):
        overruled = await house.client.get(
            f"{path}?format=json", headers={"Authorization": f"Bearer {house.secret}", "Accept": accept}
        )
        assert overruled.headers["content-type"] == "application/json"
    anything = await house.client.get(
        path, headers={"Authorization": f"Bearer {house.secret}", "Accept": "image/png, */*"}
    )
    assert (anything.headers["content-type"], "content-disposition" in anything.headers) == (
        "application/json",
        False,
    )
    refused = await house.get(path, format="docx")
    assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (400, "format")


async def test_nobody_sees_another_partner_s_documents(house: House) -> None:
    (number,) = house.documents.keep(house.partner_id, invoice(1))
    other_id = new_id()
    other = house.new_key(partner_id=other_id)
    (others,) = house.documents.keep(other_id, invoice(2))
    assert [each["id"] for each in (await house.get("/v1/documents", secret=other)).json()["data"]] == [
        others
    ]
    for name in ("json", "csv", "pdf", "xml"):
        answer = await house.get(f"/v1/documents/{number}", secret=other, format=name)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert number not in answer.json()["detail"]
    for cursor in ("starting_after", "ending_before"):
        answer = await house.get("/v1/documents", secret=other, **{cursor: number})
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")
        assert answer.json()["errors"][0]["parameter"] == cursor


async def test_what_is_no_number_of_a_document_is_not_found_and_asked_of_nobody(house: House) -> None:
    house.documents.keep(house.partner_id, invoice(1))
    before = house.documents.asked
    for odd in ("x", "2017-380-1", "2017-380-000001%00", "%D9%A2017-380-000001", "2017-380-" + "0" * 500):
        answer = await house.get(f"/v1/documents/{odd}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), odd
        listed = await house.client.get(
            f"/v1/documents?starting_after={odd}", headers={"Authorization": f"Bearer {house.secret}"}
        )
        assert listed.status_code == 400, odd
    assert house.documents.asked == before
    assert (await house.get("/v1/documents/2017-380-000002")).status_code == 404
    assert house.documents.asked == before + 1


async def test_documents_need_the_scope_of_statements(house: House) -> None:
    (number,) = house.documents.keep(house.partner_id, invoice(1))
    key, before = house.new_key(["points:read"], house.partner_id), house.documents.asked
    for path in ("/v1/documents", f"/v1/documents/{number}"):
        answer = await house.get(path, secret=key)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert house.documents.asked == before
