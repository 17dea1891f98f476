"""From pieces of a file to its lines, in bounded memory: JSON lines, or CSV with a header, a record a line.

A line that makes no sense is told alone. What makes a whole file senseless (UTF-16, a header that is not ours, more lines than are
taken) ends the reading.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

_UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
#: The columns of CSV and where each one goes in the JSON of a line. What a file has none of is left out.
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "type": ("type",),
    "reference": ("reference",),
    "member_card": ("member", "card"),
    "member_id": ("member", "id"),
    "member_customer_id": ("member", "customer_id"),
    "store": ("store",),
    "occurred_at": ("occurred_at",),
    "channel": ("channel",),
    "entry_mode": ("entry_mode",),
    "amount": ("amount",),
    "currency": ("currency",),
    "points": ("points",),
    "original_reference": ("original", "reference"),
    "original_transaction": ("original", "transaction"),
    "till": ("receipt", "till"),
    "business_date": ("receipt", "business_date"),
    "receipt_number": ("receipt", "number"),
}
NEEDED: Final = ("type", "reference", "occurred_at")
_NUMBERS: Final = frozenset({"amount", "points"})
_DIGITS_MAX: Final = 18


class BadFile(Exception):
    """A file that is not read on; `line` from 1, 0: nowhere in particular."""

    def __init__(self, code: str, detail: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {detail}" if line else detail)
        self.code, self.line = code, line


class TooManyLines(Exception):
    """A file with more lines than are taken."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the file has more than {limit:,} lines")
        self.limit = limit


class RawLine(NamedTuple):
    """A line of a file, from 1: its bytes, or why there is nothing to read."""

    line: int
    content: bytes
    problem: str = ""


class LineSplitter:
    """Cuts pieces into lines. Holds no more than one, and drops what is longer than it may be."""

    def __init__(self, lines_max: int, line_bytes_max: int) -> None:
        self._lines_max, self._line_bytes_max = lines_max, line_bytes_max
        self._held = bytearray()
        self._too_long = False
        self._line = 0
        #: How many lines held something.
        self.lines = 0

    def feed(self, piece: bytes) -> Iterator[RawLine]:
        """The lines that end in the next piece. Raises BadFile and TooManyLines."""
        start = 0
        while (end := piece.find(b"\n", start)) >= 0:
            self._take(piece[start:end])
            yield from self._end_of_line()
            start = end + 1
        self._take(piece[start:])

    def end(self) -> Iterator[RawLine]:
        """What is left: a last line without an end."""
        if self._held or self._too_long:
            yield from self._end_of_line()

    def _take(self, part: bytes) -> None:
        if not self._too_long:
            self._held += part
            if len(self._held) > self._line_bytes_max + 1:
                self._held.clear()
                self._too_long = True

    def _end_of_line(self) -> Iterator[RawLine]:
        self._line += 1
        content, too_long = bytes(self._held), self._too_long
        self._held.clear()
        self._too_long = False
        if self._line == 1:
            if content.startswith(_UTF16_MARKS):
                raise BadFile("encoding", "the file is in UTF-16: UTF-8 is read", 1)
            content = content.removeprefix(_UTF8_MARK)
        content = content.removesuffix(b"\r")
        if not content.strip() and not too_long:
            return
        self.lines += 1
        if self.lines > self._lines_max:
            raise TooManyLines(self._lines_max)
        problem = f"the line has more than {self._line_bytes_max:,} bytes" if too_long else ""
        yield RawLine(self._line, content, problem)


class BadRecord(Exception):
    """A record of CSV that cannot be read."""


class CsvRecords:
    """Makes of records of CSV what JSON lines would be. Commas, or semicolons where the header has them and no comma."""

    def __init__(self) -> None:
        self._names: Sequence[str] = ()
        self._delimiter = ","

    @property
    def has_header(self) -> bool:
        """Whether the header was read."""
        return bool(self._names)

    def header(self, line: RawLine) -> None:
        """Reads the header. Raises BadFile for one that lacks a column, has one twice, or one that is not ours."""
        if line.problem:
            raise BadFile("header", line.problem, line.line)
        try:
            text = self._text(line.content)
            self._delimiter = ";" if ";" in text and "," not in text else ","
            names = [name.strip().lower() for name in self._split(text)]
        except BadRecord as error:
            raise BadFile("header", str(error), line.line) from None
        for place, name in enumerate(names, 1):
            if name not in COLUMNS:
                told = f"column {place} of the header is none of {', '.join(COLUMNS)}"
                raise BadFile("header", told, line.line)
        if len(set(names)) != len(names):
            raise BadFile("header", "the header has a column twice", line.line)
        for name in NEEDED:
            if name not in names:
                raise BadFile("header", f"the header has no column {name}", line.line)
        self._names = names

    def record(self, content: bytes) -> dict[str, Any]:
        """The fields of a record as JSON has them: empty ones are left out. Raises BadRecord."""
        values = self._split(self._text(content))
        if len(values) != len(self._names):
            raise BadRecord(f"the line has {len(values):,} fields, the header {len(self._names)}")
        found: dict[str, Any] = {}
        for name, value in zip(self._names, values, strict=True):
            if value == "":
                continue
            *outer, last = COLUMNS[name]
            within = found
            for step in outer:
                within = within.setdefault(step, {})
            within[last] = _number(value) if name in _NUMBERS else value
        return found

    def _split(self, text: str) -> list[str]:
        try:
            return next(csv.reader([text], delimiter=self._delimiter, strict=True))
        except csv.Error as error:
            told = (
                "a quote is not closed before the end of the line"
                if "unexpected end" in str(error)
                else str(error)
            )
            raise BadRecord(f"this is no line of CSV: {told}") from None

    @staticmethod
    def _text(content: bytes) -> str:
        if b"\0" in content:
            raise BadRecord("a NUL byte: this is no text in UTF-8")
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise BadRecord(f"byte {error.start + 1} of the line is not UTF-8") from None


def _number(text: str) -> int | str:
    """A whole number; anything else as it is, so that what reads the line says what is wrong with it, and where."""
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS_MAX:
        return int(text)
    return text
