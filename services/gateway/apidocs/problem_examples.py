"""An example of the problem of each reason, for the API's document and for the page of the reason."""

from __future__ import annotations

from typing import Any, Final

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.answers.problems import problem, receipt_text
from services.gateway.answers.receipts.wording import all_wordings
from services.gateway.apidocs.errors import explained
from services.runtime.errors import CoalitionError

_REQUEST_ID: Final = "req_01kkq5x2m8e4ta7c9v1w3y5z72"
_FIGURES: Final = {
    "available": "120", "required": "500", "tolerance_seconds": "300", "limit_days": "365", "limit": "5000",
    "limit_bytes": "262144", "lines": "5001", "retry_after_seconds": "1", "amount_minor": "2599",
    "lines_minor": "2589", "currency": "USD", "expected": "EUR", "needed": "points:earn", "store": "S999",
    "fields": "amount", "left": "1300", "original": "txn_01kkq5x2m8e4ta7c9v1w3y5z70",
    "shown": "none", "enough": "card, pin, code, app_token", "method": "pin", "tries_left": "4", "until": "2026-03-14T08:46:07Z",
    "guard": "member", "measure": "points", "reached": "5200", "resets_at": "2026-03-14T23:00:00Z",
    "held": "400", "minimum": "200", "step": "10", "below": "490", "most": "450", "most_minor": "450", "worth_minor": "500",
    "treatment": "tender", "told_minor": "450", "headroom": "0", "state": "open", "dispute": "dsp_01kkq5x2m8e4ta7c9v1w3y5z71",
    "standing": "suspended", "operation": "earn", "known": "2026-12-01",
}  # fmt: skip


def example_of(reason: Reason.ValueType, path: str) -> dict[str, Any]:
    """The problem document of a reason, as a request for a path may be answered."""
    return problem(_error(reason), origin="", instance=path, request_id=_REQUEST_ID)


def shown_at_the_till(reason: Reason.ValueType) -> dict[str, str]:
    """What the example has a till show, by language; empty where it shows nothing."""
    error = _error(reason)
    told = {language: receipt_text(error, language) for language in sorted(all_wordings())}
    return {language: text for language, text in told.items() if text}


def _error(reason: Reason.ValueType) -> CoalitionError:
    words = explained(reason)
    figures = {name: _FIGURES[name] for name in words.figures if name in _FIGURES}
    return CoalitionError(reason, words.happened, **figures)
