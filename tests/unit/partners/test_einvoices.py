"""E-invoices against the official schema and rules of EN 16931, which others have written."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from xml.etree.ElementTree import fromstring

import pytest

from services.partners.domain.documents.canonical import document_body, read_document_body
from services.partners.domain.documents.document import Document, DocumentType, Payment
from services.partners.domain.documents.drafting import Draughtsman
from services.partners.domain.documents.tax import Category, Supply, TaxRule
from services.partners.domain.statement import LineKind, StatementLine
from services.partners.renderings.document_ubl import document_ubl
from tests.support.en16931 import breaches
from tests.support.tax_papers import (
    EXEMPT,
    GROCER,
    OPERATOR,
    OUTSIDE,
    REVERSED,
    STANDARD,
    STARTS_US,
    ZONE,
    drafts,
    issued,
    line,
    operator_version,
    tax_version,
)

EVERY_TYPE: Final = (
    line(LineKind.ISSUED, 123_457, 10_500),
    line(LineKind.ISSUED, 77_777, 3_675, point_type="bonus"),
    line(LineKind.REVERSED, 1_234, 10_500),
    line(LineKind.BURNED, 55_555, 8_000),
    line(LineKind.RETURNED, 321, 8_000),
    line(LineKind.FEE, 0, 50_000, count=312),
    line(LineKind.CYCLE_FEE, 0, 2_500_000_000),
)
RULES: Final = (
    STANDARD,
    TaxRule(Category.STANDARD, 770),
    TaxRule(Category.ZERO),
    EXEMPT,
    REVERSED,
    TaxRule(Category.EXPORT, 0, "Export", "VATEX-EU-G"),
    OUTSIDE,
)
LINES: Final = {
    name: f"{{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}}{name}Line"
    for name in ("Invoice", "CreditNote")
}


def papers(points: TaxRule, fees: TaxRule, lines: tuple[StatementLine, ...] = EVERY_TYPE) -> list[Document]:
    """A document of every type, prepayments too."""
    rules = {
        Supply.POINTS: points,
        Supply.FEES: fees,
        Supply.REIMBURSEMENT: points,
        Supply.PREFUNDING: points,
    }
    maker = Draughtsman("mall", ZONE, "grocer", "EUR", [tax_version(rules)], [operator_version()])
    maker.add_prefunding(1, 1_000_000, STARTS_US)
    return [issued(each) for each in (*drafts(lines, rules), *maker.drafted().documents)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.category}{rule.rate_basis_points}")
def test_every_type_of_document_in_every_category_passes_the_official_rules(rule: TaxRule) -> None:
    made = papers(rule, STANDARD)
    assert {each.type for each in made} == set(DocumentType)
    for each in made:
        assert breaches(document_ubl(each)) == []


def test_many_rates_and_reasons_on_one_document_pass() -> None:
    second = TaxRule(Category.EXEMPT, 0, "Article 132", "VATEX-EU-132")
    for points, fees in ((STANDARD, RULES[1]), (EXEMPT, second), (REVERSED, EXEMPT), (RULES[2], STANDARD)):
        for each in papers(points, fees):
            assert breaches(document_ubl(each)) == []


def test_names_that_look_like_xml_are_names() -> None:
    party = replace(
        GROCER,
        legal_name="<Söhne> & \"Œuvre\" ]]> &amp; 'Ωmega' " + "Ж" * 150,
        street="<!-- Straße --> 1",
        legal_note="<?php & ?>",
    ).checked()
    for draft in drafts(EVERY_TYPE, party=party):
        paper = issued(draft)
        xml = document_ubl(paper)
        assert breaches(xml) == []
        assert party.legal_name in [element.text for element in fromstring(xml).iter()]


def test_a_seller_with_a_tax_number_alone_and_a_buyer_with_nothing_pass() -> None:
    small = replace(GROCER, vat_id="", tax_number="143/000/11111", email="", postcode="")
    rules = dict.fromkeys(Supply, EXEMPT)
    for draft in drafts(EVERY_TYPE, rules, small):
        assert breaches(document_ubl(issued(draft))) == []
    nobody = replace(small, registration_id="", tax_number="")
    for draft in drafts(EVERY_TYPE[:3], {Supply.POINTS: STANDARD}, nobody):
        assert breaches(document_ubl(issued(draft))) == []


def test_a_document_of_a_thousand_lines_passes() -> None:
    lines = [line(LineKind.ISSUED, 1_000 + number, 10_000 + number) for number in range(1_000)]
    (draft,) = drafts(lines)
    xml = document_ubl(issued(draft))
    assert len(fromstring(xml).findall(LINES["Invoice"])) == 1_000
    assert breaches(xml) == []


@pytest.mark.parametrize("iban", ["", "DE75512108001245126199"])
def test_it_is_settled_among_partners_or_by_transfer(iban: str) -> None:
    for draft in drafts(EVERY_TYPE):
        paper = replace(issued(draft), payment=Payment("", "", iban))
        xml = document_ubl(paper)
        assert breaches(xml) == []
        assert (b">97<" in xml) == (not iban)
        dollars = document_ubl(replace(paper, currency="USD"))
        assert breaches(dollars) == []


def test_the_same_bytes_come_of_the_stored_json_and_a_draft_is_no_e_invoice() -> None:
    (draft, *_) = drafts(EVERY_TYPE)
    paper = issued(draft)
    assert document_ubl(read_document_body(document_body(paper))) == document_ubl(paper)
    with pytest.raises(ValueError, match="draft"):
        document_ubl(draft)


@pytest.mark.parametrize("rule", [STANDARD, OUTSIDE], ids=lambda rule: rule.category)
def test_an_invoice_that_prefunding_pays_says_what_is_left_and_passes(rule: TaxRule) -> None:
    (paper, *_) = papers(rule, rule)
    for left in (0, 1, paper.total_minor - 1):
        xml = document_ubl(replace(paper, set_off_minor=paper.total_minor - left).checked())
        assert breaches(xml) == []
        assert f'PayableAmount currencyID="EUR">{left // 100}.{left % 100:02}<'.encode() in xml
        assert b"PrepaidAmount" in xml
        wrong = xml.replace(b'PayableAmount currencyID="EUR">', b'PayableAmount currencyID="EUR">7')
        assert any("BR-CO-16" in each for each in breaches(wrong))
    assert b"PrepaidAmount" not in document_ubl(paper)


def test_the_rules_would_find_a_wrong_sum_and_a_vat_id_where_none_may_be() -> None:
    """Else all that passes here would say nothing."""
    (paper, *_) = papers(STANDARD, STANDARD)
    xml = document_ubl(paper)
    total = f"{paper.total_minor // 100}.{paper.total_minor % 100:02}".encode()
    assert any("BR-CO-15" in each for each in breaches(xml.replace(total, b"1.00", 1)))
    outside = next(each for each in papers(OUTSIDE, OUTSIDE) if each.type is DocumentType.INVOICE)
    assert OPERATOR.vat_id.encode() not in document_ubl(outside)
    named = document_ubl(outside).replace(
        b"<cac:PartyLegalEntity>",
        b"<cac:PartyTaxScheme><cbc:CompanyID>DE123456789</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>"
        b"</cac:PartyTaxScheme><cac:PartyLegalEntity>",
        1,
    )
    assert any("BR-O-02" in each for each in breaches(named))
