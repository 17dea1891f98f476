"""The texts of receipts in a language: a table file each, in texts/, read once.

A line has at most 40 characters with the largest figures there are. Numbers and dates are written in the language's way: the
separators are those of Unicode CLDR, but spaces that a printer has, and English dates are in the order that all can read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from services.gateway.directory.languages import ENGLISH

_TEXTS: Final = Path(__file__).with_name("texts")


class Line(NamedTuple):
    """What stands before a figure, and after it."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a receipt; `spend_from` and `use_by` take a day, all others points."""

    earned: Line
    bonus: Line
    spent: Line
    later: Line
    returned: Line
    taken_back: Line
    owed: Line
    freed: Line
    balance: Line
    spend_from: Line
    use_by: Line


@dataclass(frozen=True, slots=True)
class Wording:
    """How one language says it.

    `separator` groups the digits of numbers that have at least `grouped_from`. `refusals`: what a till shows of a reason, by its
    code, with figures of the reason in braces; `refused`: where those are not known. English has none: its texts stand with
    the explanations of the reasons.
    """

    separator: str
    grouped_from: int
    day_pattern: str
    lines: Lines
    refused: str
    refusals: Mapping[str, str]

    def number(self, value: int) -> str:
        """A whole number with its digits in groups."""
        if -1_000 < value < 1_000:
            return str(value)
        text = f"{value:,}"
        if len(text.lstrip("-")) - text.count(",") < self.grouped_from:
            return str(value)
        return text if self.separator == "," else text.replace(",", self.separator)

    def points(self, line: Line, value: int) -> str:
        """A line with a number of points."""
        return f"{line.before}{self.number(value)}{line.after}"

    def day(self, line: Line, iso_date: str) -> str:
        """A line with a day, which is given as YYYY-MM-DD."""
        year, month, day = iso_date.split("-")
        return f"{line.before}{self.day_pattern.format(year=year, month=month, day=day)}{line.after}"


def wording_of(language: str) -> Wording:
    """The wording in a language; in English where there is none."""
    wordings = all_wordings()
    return wordings.get(language) or wordings[ENGLISH]


@cache
def all_wordings() -> Mapping[str, Wording]:
    """Every wording by its BCP 47 tag."""
    return {path.stem: _read(json.loads(path.read_text("utf-8"))) for path in sorted(_TEXTS.glob("*.json"))}


def _read(told: Mapping[str, Any]) -> Wording:
    numbers = told["numbers"]
    return Wording(
        numbers["separator"],
        numbers["grouped_from_digits"],
        told["day"],
        Lines(**{name: Line(*text.split("{}")) for name, text in told["lines"].items()}),
        told.get("refused", ""),
        told.get("refusals", {}),
    )
