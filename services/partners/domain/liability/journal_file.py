"""Journals as a file that accounting systems take in: comma-separated values as RFC 4180 has them, in UTF-8.

A spreadsheet takes a cell that begins with =, +, -, @, a tab or a carriage return for a formula. Text that does gets an apostrophe in
front (OWASP, "CSV Injection"). Amounts are the service's own figures, with a point and two decimals, and stay as they are.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Final

from services.partners.domain.liability.journals import Journal

COLUMNS: Final = (
    "journal", "kind", "date", "from_window", "to_window", "line", "account", "account_name", "debit", "credit",
    "currency", "text",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_MINOR_PER_MAJOR: Final = 100


@dataclass(frozen=True, slots=True)
class JournalHead:
    """What all journals of a file have in common. `date`: the last day of the period, as YYYY-MM-DD in the programme's zone."""

    programme: str
    from_window: int
    to_window: int
    date: str
    currency: str


def journal_file(head: JournalHead, journals: Sequence[Journal]) -> str:
    """A line for each debit and credit; `journal` is the same whenever the same period is asked for."""
    written = StringIO(newline="")
    to = csv.writer(written, lineterminator="\r\n")
    to.writerow(COLUMNS)
    for journal in journals:
        number = f"{head.programme}-{head.from_window}-{head.to_window}-{journal.kind}"
        for line, each in enumerate(journal.lines, 1):
            to.writerow(
                (
                    _text(number), journal.kind.value, head.date, head.from_window, head.to_window, line,
                    _text(each.account.code), _text(each.account.name), _amount(each.debit_minor),
                    _amount(each.credit_minor), head.currency, _text(journal.text),
                )
            )  # fmt: skip
    return written.getvalue()


def _text(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _amount(minor: int) -> str:
    """An amount of 0 is an empty cell: a line is a debit or a credit."""
    return f"{minor // _MINOR_PER_MAJOR}.{minor % _MINOR_PER_MAJOR:02}" if minor else ""
