"""A statement as PDF: its lines by company, the carries, and what is due."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.partners.domain.documents.party import Party
from services.partners.domain.statement import LineKind, Statement, StatementLine
from services.partners.renderings.figures import count, digits_needed, exact, money
from services.partners.renderings.typesetting import party_rows, typeset
from services.runtime.clock import in_zone
from services.runtime.ids import to_text

_KINDS: Final[Mapping[LineKind, str]] = {
    LineKind.ISSUED: "Points issued",
    LineKind.REVERSED: "Points issued, taken back by refunds",
    LineKind.CHARGED: "Points used",
    LineKind.CREDITED: "Points used, given back",
    LineKind.RELEASED: "Points that can never be used any more",
    LineKind.BURNED: "Points taken in payment",
    LineKind.RETURNED: "Points taken in payment, given back by refunds",
    LineKind.FEE: "Fee for each transaction",
    LineKind.CYCLE_FEE: "Fee for this statement",
    LineKind.BUY_OUT: "Points not used yet, bought out as you leave",
    LineKind.ADJUSTMENT_POINTS: "Points, given back after a dispute",
    LineKind.ADJUSTMENT_FEES: "Fees, given back after a dispute",
    LineKind.ADJUSTMENT_REIMBURSEMENT: "Points taken in payment, owed after a dispute",
    LineKind.CARRY_IN: "Residue of the statement before",
    LineKind.CARRY_OUT: "Residue carried to the next statement",
}
_CARRIES: Final = (LineKind.CARRY_IN, LineKind.CARRY_OUT)
_DIFFERENCE: Final = "_difference"
_SIGNS: Final = (
    "Above zero the partner owes, below zero it is owed. Prices and amounts are exact; the net is rounded once, and what "
    "rounding leaves is carried to the next statement."
)


def statement_pdf(statement: Statement, programme: str, zone: str, operator: Party) -> bytes:
    """The PDF of a statement with its lines. `zone`: the programme's, its dates are written in; `operator`: who states it."""
    issued = in_zone(statement.issued_at_us, zone).date()
    return typeset("statement", _view(statement, programme, zone, operator), issued)


def line_text(line: StatementLine) -> str:
    """What a line is about, in words."""
    kind = line.kind.value
    name = _KINDS[LineKind(kind.removesuffix(_DIFFERENCE))]
    if kind.endswith(_DIFFERENCE):
        name += ": difference of price"
    return f"{name} ({line.point_type})" if line.point_type else name


def _view(statement: Statement, programme: str, zone: str, operator: Party) -> dict[str, Any]:
    digits = digits_needed([line.amount_micros for line in statement.lines])
    price_digits = digits_needed([line.price_micros for line in statement.lines])
    names = {each.number: each.name for each in statement.entities}
    rows: dict[int, list[StatementLine]] = {}
    for line in statement.lines:
        rows.setdefault(line.entity if line.kind not in _CARRIES else 0, []).append(line)
    last_us = statement.window.ends_at_us - 1
    first, last = statement.covers.first_window, statement.window.number
    return {
        "author": operator.legal_name,
        "companies": [
            {
                "lines": [_line(line, digits, price_digits) for line in rows[number]],
                "name": f"Company {number}: {names.get(number, '')}" if number else "Rounding",
                "total": f"{statement.currency} {exact(sum(each.amount_micros for each in rows[number]), digits)}",
            }
            for number in sorted(rows, key=lambda number: (number == 0, number))
        ],
        "currency": statement.currency,
        "draft": False,
        "facts": [
            ("Statement", to_text("stm", statement.statement_id)),
            ("Issued", in_zone(statement.issued_at_us, zone).date().isoformat()),
            ("From", f"{in_zone(statement.covers.starts_at_us, zone):%Y-%m-%d %H:%M}"),
            ("Up to", f"{in_zone(last_us, zone):%Y-%m-%d %H:%M}"),
            ("Windows", str(last) if first == last else f"{first} to {last}"),
            ("Postings", f"{statement.covers.first_seq} to {statement.window.last_seq}"),
            ("Programme", programme),
            ("Objections until", in_zone(statement.objection_until_us, zone).date().isoformat()),
        ],
        "footer": " · ".join(filter(None, (operator.legal_name, operator.legal_note))),
        "notes": [
            _SIGNS,
            "This is no invoice: invoices and credit notes are made out to each company.",
        ],
        "number": f"{statement.partner_slug}, window {last}",
        "parties": [
            {"name": operator.legal_name, "role": "Operator", "rows": party_rows(operator)},
            {
                "name": statement.partner_slug,
                "role": "Partner",
                "rows": [each.name for each in statement.entities],
            },
        ],
        "title": "Statement",
        "totals": [
            ["Due before", f"{statement.currency} {money(statement.opening_minor)}"],
            ["Net of this statement", f"{statement.currency} {money(statement.net.net_minor)}"],
            ["Due now", f"{statement.currency} {money(statement.closing_minor)}"],
        ],
    }


def _line(line: StatementLine, digits: int, price_digits: int) -> list[str]:
    if line.kind in _CARRIES:
        return [line_text(line), "", "", "", exact(line.amount_micros, digits)]
    return [
        line_text(line),
        count(line.count),
        count(line.points) if line.points else "",
        exact(line.price_micros, price_digits),
        exact(line.amount_micros, digits),
    ]
