"""Stores, rates and statements; statements also as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

from services.gateway.answers.moments import instant, instant_or_none
from services.gateway.domain.clearing import Rate, Statement, Store
from services.runtime.ids import to_text

_MICROS: Final = 1_000_000
_MINOR: Final = 100
CSV_COLUMNS: Final = ("window", "line", "count", "points", "price", "amount", "currency", "point_type")


def store_answer(store: Store) -> dict[str, Any]:
    """A store, of schemas.clearing.Store."""
    return {
        "object": "store",
        "id": to_text("sto", store.store_id),
        "code": store.code,
        "name": store.name,
    }


def rate_answer(rate: Rate) -> dict[str, Any]:
    """A version of a rate card, of schemas.clearing.Rate."""
    return {
        "object": "rate",
        "version": rate.version,
        "issue_micros": rate.issue_micros,
        "reimbursement_micros": rate.reimbursement_micros,
        "valid_from": instant(rate.valid_from_us),
        "valid_to": instant_or_none(rate.valid_to_us),
    }


def statement_answer(statement: Statement, *, with_lines: bool) -> dict[str, Any]:
    """A statement, of schemas.clearing.Statement, or of StatementSummary without lines."""
    net = statement.net_minor
    answer: dict[str, Any] = {
        "object": "statement",
        "id": to_text("stm", statement.statement_id),
        "window": {
            "number": statement.window,
            "starts_at": instant(statement.starts_at_us),
            "ends_at": instant(statement.ends_at_us),
        },
        "currency": statement.currency,
        "points_issued": statement.points_issued,
        "points_reversed": statement.points_reversed,
        "points_burned": statement.points_burned,
        "points_returned": statement.points_returned,
        "net": {
            "amount": net,
            "direction": "you_pay" if net > 0 else "you_receive" if net < 0 else "nothing",
            "exact_micros": statement.exact_micros,
            "carry_in_micros": statement.carry_in_micros,
            "carry_out_micros": statement.carry_out_micros,
        },
        "issued_at": instant(statement.issued_at_us),
    }
    if with_lines:
        answer["lines"] = [
            {
                "type": line.type.value,
                "point_type": line.point_type or None,
                "count": line.count,
                "points": line.points,
                "price_micros": line.price_micros,
                "amount_micros": line.amount_micros,
            }
            for line in statement.lines
        ]
    return answer


def statement_csv(statement: Statement) -> str:
    """A statement for a spreadsheet: a row a line and the net last, amounts in the major unit.

    RFC 4180. Every value is a number or a word of ours, so no cell can become a formula.
    """
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(CSV_COLUMNS)
    for line in statement.lines:
        rows.writerow(
            (
                statement.window,
                line.type.value,
                line.count,
                line.points,
                _decimal(line.price_micros, _MICROS),
                _decimal(line.amount_micros, _MICROS),
                statement.currency,
                line.point_type,
            )
        )
    net = _decimal(statement.net_minor, _MINOR)
    rows.writerow((statement.window, "net", "", "", "", net, statement.currency, ""))
    return text.getvalue()


def _decimal(value: int, unit: int) -> str:
    whole, fraction = divmod(abs(value), unit)
    return f"{'-' if value < 0 else ''}{whole}.{fraction:0{len(str(unit)) - 1}d}"
