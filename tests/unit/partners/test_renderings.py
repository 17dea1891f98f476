"""CSV and PDF of documents and statements."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Final

import pytest
from pypdf import PdfReader

from services.partners.domain.documents.document import Document
from services.partners.domain.documents.tax import Supply
from services.partners.domain.legal_entities import LegalEntity
from services.partners.domain.statement import LineKind, StatementLine
from services.partners.renderings.document_csv import COLUMNS, document_csv
from services.partners.renderings.document_pdf import document_pdf
from services.partners.renderings.figures import digits_needed, exact, money, plain_money, plain_price, rate
from services.partners.renderings.statement_pdf import line_text, statement_pdf
from tests.support.tax_papers import (
    GROCER,
    OPERATOR,
    OUTSIDE,
    REVERSED,
    STANDARD,
    ZONE,
    drafts,
    issued,
    line,
    statement,
)

LINES: Final = (
    line(LineKind.ISSUED, 30_000_000, 10_000),
    line(LineKind.REVERSED, 600_000, 10_000),
    line(LineKind.BURNED, 14_000_000, 8_000),
    line(LineKind.CYCLE_FEE, 0, 2_500_000_000),
)
#: Whatever means something to typst, as a name.
HOSTILE: Final = '#strong[Gro*er] $x$ @ref <b> "Söhne" \\ _KG_ `raw` // no ] #read("/x")'


def text_of(pdf: bytes) -> str:
    """The text of all pages, without what lines it is broken into."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def paper(number: int = 0, name: str = "Grocer AG") -> Document:
    party = replace(GROCER, legal_name=name)
    rules = {Supply.POINTS: STANDARD, Supply.FEES: REVERSED, Supply.REIMBURSEMENT: STANDARD}
    return drafts(LINES, rules, party)[number]


def test_a_csv_has_a_row_for_each_line_and_tax_and_one_for_the_total() -> None:
    rows = list(csv.DictReader(io.StringIO(document_csv(issued(paper())).decode(), newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert [row["record"] for row in rows] == ["line", "line", "tax", "tax", "total"]
    assert [row["net"] for row in rows] == ["300000.00", "2500.00", "2500.00", "300000.00", "302500.00"]
    assert (rows[-1]["tax"], rows[-1]["total"]) == ("60000.00", "362500.00")
    assert (rows[1]["price"], rows[1]["tax_category"], rows[1]["exemption"]) == (
        "2500.000000",
        "AE",
        "Reverse charge VATEX-EU-AE",
    )
    assert all(row["number"] == "R-2017-000001" for row in rows)


@pytest.mark.parametrize("name", ["=1+1", "@SUM(A1)", "+1", "-1"])
def test_a_name_in_a_csv_is_no_formula(name: str) -> None:
    rows = list(csv.DictReader(io.StringIO(document_csv(paper(0, name)).decode(), newline="")))
    assert {row["buyer"] for row in rows} == {f"'{name}"}


def test_a_pdf_says_all_figures_parties_and_notes() -> None:
    said = text_of(document_pdf(issued(paper())))
    for part in (
        "Invoice", "R-2017-000001", "2017-01-09", "2017-01-23", "2017-01-02 to 2017-01-09", OPERATOR.legal_name,
        GROCER.legal_name, "VAT id DE123456789", "VAT id DE987654321", "Points issued (base)", "30,000,000",
        "300,000.00", "2,500.00", "60,000.00", "EUR 362,500.00", "20 %", "reverse charge, the buyer owes the tax", "Reverse charge (VATEX-EU-AE)",
        "RF18539007547034", "DE75512108001245126199", "Page 1 of 1", "Register court Köln",
    ):  # fmt: skip
        assert part in said, part
    assert "DRAFT" not in said


def test_a_self_billed_pdf_says_who_makes_it_out_and_under_what() -> None:
    said = text_of(document_pdf(issued(paper(2))))
    assert "Self-billed invoice" in said
    assert "Buyer, who makes this out" in said
    assert "under agreement SB-2016/7 of 2016-12-01" in said
    assert "within 14 days" in said


def test_a_draft_is_marked_and_a_document_outside_the_scope_names_no_vat_ids() -> None:
    assert "DRAFT" in text_of(document_pdf(paper()))
    outside = drafts(LINES[:1], {Supply.POINTS: OUTSIDE})[0]
    said = text_of(document_pdf(issued(outside)))
    assert "VAT id" not in said
    assert "outside the scope of tax" in said


def test_the_same_document_gives_the_same_bytes_and_another_one_others() -> None:
    one = document_pdf(issued(paper()))
    assert one == document_pdf(issued(paper()))
    assert one != document_pdf(issued(paper(), "R-2017-000002"))
    assert PdfReader(io.BytesIO(one)).metadata["/CreationDate"] == "D:20170109000000Z"  # pyright: ignore[reportOptionalSubscript]


def test_markup_in_a_name_is_a_name() -> None:
    # How a line is broken is typst's.
    said = text_of(document_pdf(issued(paper(0, HOSTILE)))).replace(" ", "")
    assert HOSTILE.replace(" ", "") in said


def test_a_name_in_letters_that_no_font_has_makes_a_pdf_all_the_same() -> None:
    pdf = document_pdf(issued(paper(0, "北京公司 😀")))
    assert pdf == document_pdf(issued(paper(0, "北京公司 😀")))
    assert "EUR 362,500.00" in text_of(pdf)
    # What all fonts have is fit for an archive; this is not.
    assert (b"pdfaid:part" in document_pdf(issued(paper())), b"pdfaid:part" in pdf) == (True, False)


def test_a_long_document_repeats_its_head_and_counts_its_pages() -> None:
    (draft,) = drafts([line(LineKind.ISSUED, 1_000, 10_000 + number) for number in range(200)])
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(document_pdf(issued(draft)))).pages]
    assert len(pages) > 3
    assert all("Quantity" in page for page in pages[:-1])
    assert all(f"Page {number} of {len(pages)}" in page for number, page in enumerate(pages, 1))


def test_a_pdf_of_a_statement_has_its_lines_by_company_and_sums_to_the_net() -> None:
    lines = (
        *LINES,
        line(LineKind.ISSUED_DIFFERENCE, 100, -250, entity=2),
        StatementLine(LineKind.CARRY_IN, 0, 0, 0, 1_234),
    )
    of = statement(lines)
    names = (LegalEntity(1, "Grocer AG"), LegalEntity(2, HOSTILE))
    of = replace(of, opening_minor=500, net=replace(of.net, net_minor=18_450_000), entities=names)
    pdf = statement_pdf(of, "mall", ZONE, OPERATOR)
    assert pdf == statement_pdf(of, "mall", ZONE, OPERATOR)
    said = text_of(pdf)
    for part in (
        "Company 1: Grocer AG", "300,000.000000", "-6,000.000000", "-112,000.000000", "EUR 184,500.000000",
        "-0.025000", "0.001234", "EUR 184,500.00", "Due now", "EUR 184,505.00", "Objections until 2017-01-23",
    ):  # fmt: skip
        assert part in said, part
    assert HOSTILE.replace(" ", "") in said.replace(" ", "")


def test_every_kind_of_line_has_words() -> None:
    assert len({line_text(StatementLine(kind, 1, 1, 1, 1)) for kind in LineKind}) == len(LineKind)


def test_figures_are_written_exactly() -> None:
    assert [money(minor) for minor in (0, 5, -5, 123_456_789, -100)] == [
        "0.00",
        "0.05",
        "-0.05",
        "1,234,567.89",
        "-1.00",
    ]
    assert plain_money(-123_456) == "-1234.56"
    assert (plain_price(10_500), plain_price(-250)) == ("0.010500", "-0.000250")
    assert [rate(each) for each in (2_000, 770, 0, 1_050)] == ["20 %", "7.7 %", "0 %", "10.5 %"]
    assert [digits_needed(each) for each in ([], [10_000], [1_500], [-250], [1])] == [2, 2, 4, 5, 6]
    assert exact(-1_234_567_890_000, 2) == "-1,234,567.89"
    with pytest.raises(ValueError, match="decimals"):
        exact(1, 2)
