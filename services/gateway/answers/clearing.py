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
CSV_COLUMNS: Final = (
    "window",
    "line",
    "count",
    "points",
    "price",
    "amount",
    "currency",
    "point_type",
    "legal_entity",
)


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
        "issue_share_percent": rate.issue_share_percent,
        "transaction_fee_micros": rate.transaction_fee_micros,
        "bonus": None
        if rate.bonus_micros is None
        else {"issue_micros": rate.bonus_micros[0], "reimbursement_micros": rate.bonus_micros[1]},
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
        "covers": {
            "first_window": statement.covers.first_window,
            "last_window": statement.covers.last_window,
            "starts_at": instant(statement.covers.starts_at_us),
            "ends_at": instant(statement.covers.ends_at_us),
            "first_seq": statement.covers.first_seq,
            "last_seq": statement.covers.last_seq,
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
        "opening": statement.opening_minor,
        "closing": statement.closing_minor,
        "issued_at": instant(statement.issued_at_us),
        "standing": statement.standing.value,
        "objection_until": instant(statement.objection_until_us),
        "accepted_at": instant_or_none(statement.accepted_at_us),
    }
    if with_lines:
        answer["lines"] = [
            {
                "type": line.type.value,
                "point_type": line.point_type or None,
                "legal_entity": line.legal_entity or None,
                "count": line.count,
                "points": line.points,
                "price_micros": line.price_micros,
                "amount_micros": line.amount_micros,
            }
            for line in statement.lines
        ]
        answer["legal_entities"] = [
            {"number": each.number, "name": each.name} for each in statement.legal_entities
        ]
    return answer


def statement_csv(statement: Statement) -> str:
    """A statement for a spreadsheet: a row a line, then the net, what was due before and is due now; amounts in the major unit.

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
                line.legal_entity or "",
            )
        )
    for name, minor in (
        ("net", statement.net_minor),
        ("opening", statement.opening_minor),
        ("closing", statement.closing_minor),
    ):
        rows.writerow(
            (statement.window, name, "", "", "", _decimal(minor, _MINOR), statement.currency, "", "")
        )
    return text.getvalue()


def _decimal(value: int, unit: int) -> str:
    whole, fraction = divmod(abs(value), unit)
    return f"{'-' if value < 0 else ''}{whole}.{fraction:0{len(str(unit)) - 1}d}"
