"""Problem documents (RFC 9457), and the same content for a line of a batch."""

from __future__ import annotations

import re
from typing import Any, Final

from services.gateway.answers.receipts.wording import wording_of
from services.gateway.apidocs.errors import entry_of, explained
from services.gateway.apidocs.explained import RECEIPT_TEXT_MAX
from services.gateway.directory.languages import spoken
from services.gateway.domain.errors import FieldError, HttpError, InvalidBody
from services.runtime.errors import CoalitionError, code_of

_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
# Names of fields in the services' messages, where the API calls them otherwise.
_RENAMED: Final = {
    "key": "idempotency_key",
    "member_id": "member",
    "store_id": "store",
    "occurred_at_us": "occurred_at",
    "amount_minor": "amount",
    "till": "receipt/till",
    "number": "receipt/number",
    "business_date": "receipt/business_date",
    "original_id": "original/transaction",
    "original_reference": "original/reference",
}
_WRAPPERS: Final = frozenset({"earn", "redemption", "sale", "refund", "items"})


def status_of(error: CoalitionError) -> int:
    """The HTTP status of an error."""
    return error.status if isinstance(error, HttpError) else entry_of(error.reason).http_status


def problem(error: CoalitionError, *, origin: str, instance: str, request_id: str) -> dict[str, Any]:
    """The problem document of an error; `origin` is where the pages of the reasons are."""
    code = code_of(error.reason).lower()
    members = error_members(error)
    return {
        "type": f"{origin}/errors/{code}",
        "title": members.pop("title"),
        "status": status_of(error),
        "detail": members.pop("detail"),
        "instance": instance,
        "code": members.pop("code"),
        "request_id": request_id,
        **members,
    }


def error_members(error: CoalitionError, within: str = "") -> dict[str, Any]:
    """What is told of an error wherever it is told: the code, words, and the figures of its reason.

    `within` is the JSON pointer of the part of the body that the error is about.
    """
    entry, words = entry_of(error.reason), explained(error.reason)
    members: dict[str, Any] = {
        "code": code_of(error.reason).lower(),
        "title": entry.title,
        "detail": error.message or words.happened,
        "retryable": entry.retryable,
    }
    for name in words.figures:
        if name in error.metadata:
            value = error.metadata[name]
            members[name] = int(value) if _INTEGER.fullmatch(value) else value
    errors = [_field_error(each, within) for each in _errors_of(error)]
    if errors:
        members["errors"] = errors
    receipt = receipt_text(error, spoken.get())
    if receipt:
        members["receipt_text"] = receipt
    return members


def receipt_text(error: CoalitionError, language: str) -> str:
    """What a till shows of an error, at most 40 characters; empty where it is none of a member's concern."""
    template, say = explained(error.reason).receipt_text, wording_of(language)
    if not template:
        return ""
    template = say.refusals.get(code_of(error.reason).lower(), template)
    figures = {
        name: say.number(int(value)) if _INTEGER.fullmatch(value) else value
        for name, value in error.metadata.items()
    }
    without = say.refused or entry_of(error.reason).title
    try:
        text = template.format_map(figures)
    except KeyError:
        return without
    return text if len(text) <= RECEIPT_TEXT_MAX else without


def _errors_of(error: CoalitionError) -> tuple[FieldError, ...]:
    if isinstance(error, InvalidBody):
        return error.errors
    parameter, field = error.metadata.get("parameter"), error.metadata.get("field")
    header = error.metadata.get("header")
    code = code_of(error.reason).lower()
    if parameter:
        return (FieldError(code, error.message, parameter=parameter),)
    if header:
        return (FieldError(code, error.message, header=header),)
    if field:
        return (FieldError(code, error.message, pointer=_pointer_of(field)),)
    return ()


def _pointer_of(field: str) -> str:
    """The JSON pointer of a field that a service names, e.g. `earn.sale.lines[2].amount_minor`."""
    steps = [step for step in re.split(r"[.\[\]]+", field) if step and step not in _WRAPPERS]
    return "".join(f"/{_RENAMED.get(step, step)}" for step in steps)


def _field_error(error: FieldError, within: str) -> dict[str, str]:
    pointer = None if error.pointer is None else within + error.pointer
    where = {"pointer": pointer, "parameter": error.parameter, "header": error.header}
    told = {name: value for name, value in where.items() if value is not None}
    return {**told, "code": error.code, "detail": error.detail}
