"""A document as CSV: a row for each line, each tax, and the total."""

from __future__ import annotations

import csv
import io
from typing import Final

from services.partners.domain.documents.document import Document
from services.partners.domain.documents.tax import TaxRule
from services.partners.renderings.figures import plain_money, plain_price, plain_rate

COLUMNS: Final = (
    "record", "type", "number", "issued_on", "due_on", "period_from", "period_to", "partner", "company", "seller",
    "buyer", "currency", "line", "supply", "kind", "point_type", "text", "entries", "quantity", "price", "net",
    "tax_category", "tax_rate", "exemption", "tax", "total", "set_off", "payable",
)  # fmt: skip
#: A spreadsheet takes a text that begins with one of these for a formula.
_FORMULA: Final = tuple("=+-@\t\r")


def document_csv(document: Document) -> bytes:
    """UTF-8 with CRLF, commas, points as decimal marks; amounts in the major unit.

    The first column says what a row is: `line`, `tax` or `total`. A text that a spreadsheet would compute has an apostrophe
    before it.
    """
    written = io.StringIO(newline="")
    rows = csv.writer(written, lineterminator="\r\n")

    def add(*values: str | int) -> None:
        rows.writerow([_no_formula(each) if isinstance(each, str) else each for each in values])

    add(*COLUMNS)
    head = (
        document.type.value,
        document.number,
        document.issued_on.isoformat() if document.issued_on else "",
        document.due_on.isoformat() if document.due_on else "",
        document.period_from.isoformat(),
        document.period_to.isoformat(),
        document.partner,
        document.entity,
        document.seller.legal_name,
        document.buyer.legal_name,
        document.currency,
    )
    for line in document.lines:
        of = (line.number, line.supply, line.kind, line.point_type, line.text, line.entries, line.quantity)
        figures = (plain_price(line.price_micros), plain_money(line.net_minor))
        add("line", *head, *of, *figures, *_rule(line.rule), "", "", "", "")
    empty = ("",) * 8
    for each in document.subtotals:
        add(
            "tax",
            *head,
            *empty,
            plain_money(each.net_minor),
            *_rule(each.rule),
            plain_money(each.tax_minor),
            "",
            "",
            "",
        )
    totals = map(
        plain_money,
        (document.tax_minor, document.total_minor, document.set_off_minor, document.payable_minor),
    )
    add("total", *head, *empty, plain_money(document.net_minor), "", "", "", *totals)
    return written.getvalue().encode()


def _rule(rule: TaxRule) -> tuple[str, str, str]:
    reason = " ".join(filter(None, (rule.exemption_text, rule.exemption_code)))
    return rule.category.value, plain_rate(rule.rate_basis_points), reason


def _no_formula(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
