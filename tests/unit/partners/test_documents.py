"""From statements to documents: figures, parties, tax, and what is missing for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Final

import pytest

from services.partners.domain.documents.canonical import (
    document_body,
    document_sha256,
    read_document_body,
)
from services.partners.domain.documents.document import Document, DocumentType, Payment
from services.partners.domain.documents.drafting import (
    SUPPLY_OF,
    Draughtsman,
    Lack,
    documents_of,
)
from services.partners.domain.documents.tax import Category, Supply, TaxRule
from services.partners.domain.statement import LineKind, StatementLine
from services.runtime.errors import Fault, InvalidRequest
from tests.support.tax_papers import (
    GROCER,
    OPERATOR,
    OUTSIDE,
    REVERSED,
    STANDARD,
    STARTS_US,
    WEEK_US,
    ZONE,
    drafts,
    issued,
    line,
    operator_version,
    statement,
    tax_version,
)

K: Final = 1_000
#: The worked example of docs/settlement.md: thousands of points issued, reversed, burned, returned; prices; fee.
EXAMPLE: Final = {
    "grocer": (30_000, 600, 14_000, 200, 10_000, 8_000, 2_500),
    "fuel": (12_000, 100, 3_000, 0, 10_500, 8_000, 1_500),
    "cinema": (1_000, 0, 9_000, 100, 11_500, 7_500, 500),
}
TEN_PERCENT: Final = TaxRule(Category.STANDARD, 1_000)


def example_lines(slug: str) -> list[StatementLine]:
    issued_k, reversed_k, burned_k, returned_k, price, reimbursement, fee = EXAMPLE[slug]
    made = (
        (LineKind.ISSUED, issued_k * K, price),
        (LineKind.REVERSED, reversed_k * K, price),
        (LineKind.BURNED, burned_k * K, reimbursement),
        (LineKind.RETURNED, returned_k * K, reimbursement),
    )
    points = [line(kind, points, price) for kind, points, price in made if points]
    return [*points, line(LineKind.CYCLE_FEE, 0, fee * 1_000_000)]


def test_the_worked_example_with_tax_comes_out_to_the_cent() -> None:
    """20 % on the operator's supplies; 20, 20 and 10 % on reimbursements."""
    made: dict[str, tuple[Document, ...]] = {}
    for slug in EXAMPLE:
        rules = dict.fromkeys(Supply, STANDARD)
        if slug == "cinema":
            rules[Supply.REIMBURSEMENT] = TEN_PERCENT
        run = [statement(example_lines(slug), slug=slug)]
        made[slug] = documents_of(run, [tax_version(rules)], [operator_version()], "mall", ZONE).documents
    due = {slug: sum(each.due_minor for each in papers) for slug, papers in made.items()}
    assert due == {"grocer": 22_332_000, "fuel": 12_294_000, "cinema": -5_902_500}
    assert sum(due.values()) == 28_723_500
    assert sum(each.operator_tax_minor for papers in made.values() for each in papers) == 5_343_500
    assert [(each.type, each.total_minor) for each in made["grocer"]] == [
        (DocumentType.INVOICE, 36_300_000),
        (DocumentType.CREDIT_NOTE, 720_000),
        (DocumentType.SELF_BILLED_INVOICE, 13_440_000),
        (DocumentType.SELF_BILLED_CREDIT_NOTE, 192_000),
    ]
    # What the operator keeps of it without tax is the net of the clearing.
    assert sum(each.due_minor for papers in made.values() for each in papers) - 5_343_500 == 23_380_000


def test_every_kind_of_line_is_some_supply_or_on_no_document() -> None:
    assert set(SUPPLY_OF) == set(LineKind)
    none = {kind for kind, supply in SUPPLY_OF.items() if supply is None}
    assert none == {LineKind.RELEASED, LineKind.RELEASED_DIFFERENCE, LineKind.CARRY_IN, LineKind.CARRY_OUT}


def test_the_partner_sells_on_self_billed_documents_and_buys_on_all_others() -> None:
    for each in drafts(example_lines("grocer")):
        parties = (GROCER, OPERATOR) if each.type.self_billed else (OPERATOR, GROCER)
        assert (each.seller, each.buyer) == parties
        assert (each.self_billing is not None) == each.type.self_billed
        assert (each.period_from, each.period_to) == (date(2017, 1, 2), date(2017, 1, 9))
        assert (each.number, each.issued_on) == ("", None)


@pytest.mark.parametrize(
    ("kind", "price", "type_"),
    [
        (LineKind.ISSUED_DIFFERENCE, 7, DocumentType.INVOICE),
        (LineKind.ISSUED_DIFFERENCE, -7, DocumentType.CREDIT_NOTE),
        (LineKind.REVERSED_DIFFERENCE, 7, DocumentType.CREDIT_NOTE),
        (LineKind.REVERSED_DIFFERENCE, -7, DocumentType.INVOICE),
        (LineKind.CHARGED, 7, DocumentType.INVOICE),
        (LineKind.CREDITED, 7, DocumentType.CREDIT_NOTE),
        (LineKind.BURNED_DIFFERENCE, 7, DocumentType.SELF_BILLED_INVOICE),
        (LineKind.BURNED_DIFFERENCE, -7, DocumentType.SELF_BILLED_CREDIT_NOTE),
        (LineKind.RETURNED_DIFFERENCE, -7, DocumentType.SELF_BILLED_INVOICE),
        (LineKind.FEE_DIFFERENCE, -70_000, DocumentType.CREDIT_NOTE),
    ],
)
def test_the_sign_of_a_line_says_which_document_it_is_on(
    kind: LineKind, price: int, type_: DocumentType
) -> None:
    of = line(kind, 0 if kind is LineKind.FEE_DIFFERENCE else 10_000, price)
    (made,) = drafts([of])
    assert (made.type, made.due_minor > 0) == (type_, of.amount_micros > 0)
    assert made.net_minor == 7
    assert made.lines[0].price_micros == abs(price)


def test_a_line_is_rounded_once_half_away_and_tax_once_a_rate() -> None:
    # 0.005 each: 1 cent; two of them, at prices of their own, are two cents, of which 20 % are 0.4 cents.
    made = drafts([line(LineKind.ISSUED, 1, 5_000), line(LineKind.CHARGED, 1, 5_000)])
    assert [each.net_minor for each in made[0].lines] == [1, 1]
    assert (made[0].net_minor, made[0].tax_minor) == (2, 0)
    # The same kind and price in two statements are one line: 1 cent, not two.
    both = [statement([line(LineKind.ISSUED, 1, 5_000)], number) for number in (1, 2)]
    papers = documents_of(both, [tax_version()], [operator_version()], "mall", ZONE).documents
    assert [(each.entries, each.quantity, each.net_minor) for each in papers[0].lines] == [(2, 2, 1)]
    assert (papers[0].period_from, papers[0].period_to) == (date(2017, 1, 2), date(2017, 1, 16))
    assert len(papers[0].statements) == 2
    # Less than half a cent is on no document.
    assert drafts([line(LineKind.ISSUED, 1, 4_999)]) == ()


def test_the_tax_of_a_line_is_that_in_force_at_the_last_instant_of_its_statement() -> None:
    second = STARTS_US + 2 * WEEK_US
    tax = [
        tax_version(),
        # Valid from the very end of the second window, so of the third.
        tax_version(dict.fromkeys(Supply, TEN_PERCENT), version=2, valid_from_us=second),
    ]
    lines = [line(LineKind.ISSUED, 100_000, 10_000)]
    run = [statement(lines, number) for number in (2, 3)]
    (made,) = documents_of(run, tax, [operator_version()], "mall", ZONE).documents
    assert [(each.rule.rate_basis_points, each.net_minor, each.tax_minor) for each in made.subtotals] == [
        (1_000, 100_000, 10_000),
        (2_000, 100_000, 20_000),
    ]


def test_what_is_outside_the_scope_of_tax_is_on_a_document_of_its_own() -> None:
    lines = [line(LineKind.ISSUED, 100_000, 10_000), line(LineKind.CYCLE_FEE, 0, 5_000_000)]
    made = drafts(lines, {Supply.POINTS: OUTSIDE, Supply.FEES: STANDARD})
    assert [[each.rule.category for each in paper.subtotals] for paper in made] == [
        [Category.STANDARD],
        [Category.OUTSIDE],
    ]


def test_two_exemptions_of_one_category_are_one_subtotal_that_names_both() -> None:
    one = TaxRule(Category.EXEMPT, 0, "Article 135", "VATEX-EU-135-1")
    two = TaxRule(Category.EXEMPT, 0, "Article 132", "VATEX-EU-132")
    lines = [line(LineKind.ISSUED, 100_000, 10_000), line(LineKind.CYCLE_FEE, 0, 5_000_000)]
    (made,) = drafts(lines, {Supply.POINTS: one, Supply.FEES: two})
    assert [each.rule for each in made.subtotals] == [TaxRule(Category.EXEMPT, 0, "Article 132; Article 135")]


def test_each_company_has_documents_of_its_own() -> None:
    lines = [line(LineKind.ISSUED, 100_000, 10_000, entity=number) for number in (1, 2)]
    assert [(each.entity, each.net_minor) for each in drafts(lines)] == [(1, 100_000), (2, 100_000)]


def test_what_is_missing_is_named_with_company_and_time_and_no_document_is_made() -> None:
    lines = [
        line(LineKind.ISSUED, 100_000, 10_000, entity=2),
        line(LineKind.BURNED, 100_000, 10_000),
        line(LineKind.CYCLE_FEE, 0, 5_000_000),
    ]
    tax = [tax_version({Supply.REIMBURSEMENT: STANDARD}, self_billing=None)]
    made = documents_of([statement(lines)], tax, [operator_version()], "mall", ZONE)
    assert made.documents == ()
    assert [(each.entity, each.lack) for each in made.missing] == [
        (1, Lack.RULE),
        (1, Lack.SELF_BILLING),
        (2, Lack.TAX_DATA),
    ]
    assert made.missing[2].text == "no tax data is set for company 2 at 2017-01-08 23:59 UTC"
    nobody = documents_of([statement(lines[1:2])], [tax_version()], [], "mall", ZONE)
    assert [(each.entity, each.lack) for each in nobody.missing] == [(0, Lack.OPERATOR)]


def test_a_seller_or_buyer_without_the_number_that_a_rule_needs_is_missing() -> None:
    bare = replace(OPERATOR, vat_id="", registration_id="HRB 1")
    lines = [line(LineKind.ISSUED, 100_000, 10_000)]
    for rule in (STANDARD, REVERSED):
        made = documents_of(
            [statement(lines)], [tax_version({Supply.POINTS: rule})], [operator_version(bare)], "mall", ZONE
        )
        assert [each.lack for each in made.missing] == [Lack.PARTY]
    outside = documents_of(
        [statement(lines)], [tax_version({Supply.POINTS: OUTSIDE})], [operator_version(bare)], "mall", ZONE
    )
    assert not outside.missing
    assert len(outside.documents) == 1


def test_prefunding_is_a_prepayment_and_a_credit_note_when_it_is_given_back() -> None:
    made: list[Document] = []
    for amount in (500_000, -200_000):
        maker = Draughtsman("mall", ZONE, "grocer", "EUR", [tax_version()], [operator_version()])
        maker.add_prefunding(1, amount, STARTS_US)
        made.extend(maker.drafted().documents)
    assert [(each.type, each.net_minor, each.due_minor) for each in made] == [
        (DocumentType.PREPAYMENT, 500_000, 500_000),
        (DocumentType.CREDIT_NOTE, 200_000, -200_000),
    ]
    assert made[0].period_from == made[0].period_to == date(2017, 1, 2)


def test_a_document_is_stored_as_canonical_json_and_nothing_else_is_read_back() -> None:
    for draft in drafts(example_lines("grocer")):
        for each in (draft, issued(draft)):
            body = document_body(each)
            assert read_document_body(body) == each
            assert document_sha256(body) == sha256(body).digest()
    body = document_body(issued(drafts(example_lines("grocer"))[0]))
    for broken in (
        body.replace(b'"tax_minor":6050000', b'"tax_minor":6050001'),
        body.replace(b'"format":1', b'"format":2'),
        body.replace(b'":', b'": ', 1),
        body.replace(b'"quantity":30000000', b'"quantity":30000000.0'),
        b"[]",
        b"\xff",
    ):
        assert broken != body
        with pytest.raises(Fault):
            read_document_body(broken)


def test_a_document_is_issued_once_and_with_all_its_dates() -> None:
    paper = issued(drafts(example_lines("grocer"))[0])
    with pytest.raises(ValueError, match="issued already"):
        issued(paper)
    with pytest.raises(InvalidRequest):
        replace(paper, due_on=None).checked()
    with pytest.raises(InvalidRequest):
        replace(paper, subtotals=(replace(paper.subtotals[0], tax_minor=1),)).checked()
    with pytest.raises(InvalidRequest):
        replace(paper, payment=Payment("two\nlines")).checked()
    with pytest.raises(InvalidRequest):
        replace(paper, self_billing=tax_version().data.self_billing).checked()


def test_prefunding_pays_an_invoice_and_leaves_its_total_and_tax_as_they_are() -> None:
    by_type = {each.type: each for each in map(issued, drafts(example_lines("grocer")))}
    invoice = by_type[DocumentType.INVOICE]
    paid = replace(invoice, set_off_minor=invoice.total_minor - 1).checked()
    assert (paid.payable_minor, paid.due_minor, paid.tax_minor) == (1, invoice.due_minor, invoice.tax_minor)
    assert read_document_body(document_body(paid)) == paid
    for wrong in (
        replace(invoice, set_off_minor=-1),
        replace(invoice, set_off_minor=invoice.total_minor + 1),
        *(replace(each, set_off_minor=1) for each in by_type.values() if each is not invoice),
    ):
        with pytest.raises(InvalidRequest) as refused:
            wrong.checked()
        assert refused.value.metadata["field"] == "set_off_minor"


def test_a_statement_counts_once_and_of_one_partner() -> None:
    lines = [line(LineKind.ISSUED, 100_000, 10_000)]
    for run in (
        [statement(lines), statement(lines)],
        [statement(lines), statement(lines, 2, "fuel")],
        [],
    ):
        with pytest.raises(ValueError, match="statement"):
            documents_of(run, [tax_version()], [operator_version()], "mall", ZONE)
    wrong = replace(lines[0], amount_micros=1)
    with pytest.raises(ValueError, match="times its price"):
        documents_of([statement([wrong])], [tax_version()], [operator_version()], "mall", ZONE)
