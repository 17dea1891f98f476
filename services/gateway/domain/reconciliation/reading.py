"""Reading a partner's own file as it arrives, in bounded memory: CSV or JSON lines, in UTF-8, a record a line.

What cannot be read in a line is told of that line, and the others are read. What makes a whole file senseless (another
encoding, a header without its columns, more than the limits) ends the reading.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NoReturn

from services.gateway.domain.reconciliation.days import NoDay, read_day
from services.gateway.domain.reconciliation.operations import OperationKind

LINE_BYTES_MAX: Final = 8_192
COLUMNS_MAX: Final = 100
BAD_LINES_MAX: Final = 1_000
NUMBER_MAX: Final = 10**12
_NEEDED: Final = ("reference", "kind", "points")
_KNOWN: Final = (*_NEEDED, "amount", "date")
_REFERENCE: Final = re.compile(r"[!-~]{1,255}")
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,13}", re.ASCII)
_UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_SHOWN_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class PartnerLine:
    """A line of a partner's file. `line` from 1; points as the member has more (positive) or fewer; money in minor units."""

    line: int
    kind: OperationKind
    reference: str
    points: int
    amount_minor: int
    day: date


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be read. `field`: what in it, or empty; `column`: of CSV the place of the field, else of the character."""

    line: int
    field: str
    column: int
    detail: str


class BadFile(Exception):
    """A file that is not read on, and where: `line` and `column` from 1, 0: nowhere in particular."""

    def __init__(self, code: str, detail: str, line: int = 0, column: int = 0) -> None:
        where = f"line {line}, column {column}: " if line else ""
        super().__init__(f"{where}{detail}")
        self.code, self.line, self.column = code, line, column


class TooManyLines(Exception):
    """A file with more lines than are taken."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the file has more than {limit:,} lines")
        self.limit = limit


class _Unreadable(Exception):
    def __init__(self, detail: str, field: str = "", column: int = 0) -> None:
        super().__init__(detail)
        self.detail, self.field, self.column = detail, field, column


@dataclass(frozen=True, slots=True)
class Expected:
    """What a file is to be: of this day, of these kinds, with at most so many lines."""

    day: date
    kinds: frozenset[OperationKind]
    lines_max: int
    amounts: bool = True


class FileReader:
    """Reads lines from pieces of a file. Holds no more than a line."""

    def __init__(self, expected: Expected, *, as_csv: bool) -> None:
        self._expected = expected
        self._read: Callable[[str], Mapping[str, Any] | None] = _Csv(expected).read if as_csv else _json_line
        self._columns: Callable[[str], int] = self._read.__self__.column if as_csv else _nowhere  # type: ignore[attr-defined]
        self._held = bytearray()
        self._skipping = False
        self._line = 0
        #: How many lines held something, and how many of those could not be read.
        self.lines = self.bad_lines = 0

    def feed(self, piece: bytes) -> Iterator[PartnerLine | BadLine]:
        """The lines that end in the next piece. Raises BadFile and TooManyLines."""
        start = 0
        while (end := piece.find(b"\n", start)) >= 0:
            yield from self._take(piece[start:end])
            yield from self._end_of_line()
            start = end + 1
        yield from self._take(piece[start:])

    def end(self) -> Iterator[PartnerLine | BadLine]:
        """What is left: a last line without an end. Raises BadFile for a file without a single line, too."""
        if self._held or self._skipping:
            yield from self._end_of_line()
        if not self.lines:
            raise BadFile("empty", "the file has no lines")

    def _take(self, part: bytes) -> Iterator[BadLine]:
        if self._skipping:
            return
        self._held += part
        if len(self._held) > LINE_BYTES_MAX + 1:
            self._held.clear()
            self._skipping = True
            yield from self._bad("", LINE_BYTES_MAX + 1, f"the line has more than {LINE_BYTES_MAX:,} bytes")

    def _bad(self, field: str, column: int, detail: str) -> Iterator[BadLine]:
        self._count()
        self.bad_lines += 1
        bad = BadLine(self._line + 1, field, column, detail)
        if self.bad_lines > BAD_LINES_MAX:
            told = f"{detail}. More than {BAD_LINES_MAX:,} lines cannot be read"
            raise BadFile("unreadable", told, bad.line, max(1, column))
        yield bad

    def _count(self) -> None:
        self.lines += 1
        if self.lines > self._expected.lines_max:
            raise TooManyLines(self._expected.lines_max)

    def _end_of_line(self) -> Iterator[PartnerLine | BadLine]:
        if self._skipping:
            self._skipping = False
        else:
            text = self._text()
            self._held.clear()
            if text.strip():
                yield from self._record(text)
        self._line += 1

    def _text(self) -> str:
        line = self._line + 1
        held = bytes(self._held)
        if line == 1 and held.startswith(_UTF16_MARKS):
            raise BadFile("encoding", "the file is in UTF-16: UTF-8 is read", line, 1)
        if line == 1:
            held = held.removeprefix(_UTF8_MARK)
        nothing = held.find(b"\0")
        if nothing >= 0:
            raise BadFile("encoding", "a NUL byte: the file is no text in UTF-8", line, nothing + 1)
        try:
            return held.decode().removesuffix("\r")
        except UnicodeDecodeError as error:
            told = f"the byte {held[error.start]:#04x} is not UTF-8"
            raise BadFile("encoding", told, line, error.start + 1) from None

    def _record(self, text: str) -> Iterator[PartnerLine | BadLine]:
        try:
            fields = self._read(text)
            if fields is None:
                return
            found = self._line_of(fields)
        except _Unreadable as error:
            column = error.column or (self._columns(error.field) if error.field else 0)
            yield from self._bad(error.field, column, error.detail)
            return
        self._count()
        yield found

    def _line_of(self, fields: Mapping[str, Any]) -> PartnerLine:
        expected = self._expected
        reference = fields["reference"]
        if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
            _refuse("1 to 255 visible ASCII characters", "reference", reference)
        kind = fields["kind"]
        if not isinstance(kind, str) or kind not in expected.kinds:
            _refuse(f"one of {', '.join(sorted(expected.kinds))}", "kind", kind)
        points = _integer(fields["points"], "points", -NUMBER_MAX)
        told = fields.get("amount")
        amount = _integer(told, "amount", 0) if expected.amounts and told not in (None, "") else 0
        text, day = fields.get("date"), expected.day
        if text not in (None, ""):
            try:
                day = read_day(text if isinstance(text, str) else "")
            except NoDay:
                _refuse("a day, YYYY-MM-DD", "date", text)
        return PartnerLine(self._line + 1, OperationKind(kind), reference, points, amount, day)


class _Csv:
    """CSV: a header, then a record a line. Commas, or semicolons where the header has them and no comma."""

    def __init__(self, expected: Expected) -> None:
        self._needed = (*_NEEDED, "amount") if expected.amounts else _NEEDED
        self._names: Sequence[str] = ()
        self._places: dict[str, int] = {}
        self._delimiter = ","

    def column(self, field: str) -> int:
        """The place of a field, from 1; 0 where the file has not got it."""
        return self._places.get(field, -1) + 1

    def read(self, text: str) -> Mapping[str, Any] | None:
        """The fields that matter of a line; None for the header."""
        if not self._places:
            self._header(text)
            return None
        values = self._split(text)
        if len(values) != len(self._names):
            told = f"the line has {len(values):,} fields, the header {len(self._names)}"
            raise _Unreadable(told, column=min(len(values), len(self._names)) + 1)
        return {name: values[place].strip() for name, place in self._places.items()}

    def _header(self, text: str) -> None:
        self._delimiter = ";" if ";" in text and "," not in text else ","
        try:
            self._names = [name.strip().lower() for name in self._split(text)]
        except _Unreadable as error:
            raise BadFile("header", error.detail, 1, 1) from None
        if len(self._names) > COLUMNS_MAX:
            told = f"the header has {len(self._names):,} columns: {COLUMNS_MAX} are read"
            raise BadFile("header", told, 1, COLUMNS_MAX + 1)
        for place, name in enumerate(self._names):
            if name in _KNOWN and name in self._places:
                raise BadFile("header", f"the column {name} is there twice", 1, place + 1)
            if name in _KNOWN:
                self._places[name] = place
        for name in self._needed:
            if name not in self._places:
                raise BadFile("header", f"the header has no column {name}", 1, len(self._names))

    def _split(self, text: str) -> list[str]:
        try:
            return next(csv.reader([text], delimiter=self._delimiter, strict=True))
        except csv.Error as error:
            told = str(error)
            if "unexpected end" in told:
                told = "a quote is not closed before the end of the line"
            raise _Unreadable(f"this is no line of CSV: {told}", column=1) from None


def _json_line(text: str) -> Mapping[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise _Unreadable("a field is there twice", column=1)
        return found

    try:
        found = json.loads(text, object_pairs_hook=once, parse_float=_no_number, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise _Unreadable(f"this is no JSON: {error.msg}", column=error.colno) from None
    except (RecursionError, ValueError):
        raise _Unreadable("this is no JSON that is read", column=1) from None
    if not isinstance(found, dict):
        raise _Unreadable("a JSON object is needed", column=1)
    for name in _NEEDED:
        if name not in found:
            raise _Unreadable("it is missing", name)
    return found  # pyright: ignore[reportUnknownVariableType]


def _nowhere(field: str) -> int:
    del field
    return 0


def _no_number(text: str) -> NoReturn:
    raise _Unreadable(f"{text[:_SHOWN_MAX]} is no whole number", column=1)


def _integer(value: object, field: str, least: int) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= NUMBER_MAX:
        _refuse(f"a whole number from {least:,} to {NUMBER_MAX:,}", field, value)
    return value


def _refuse(wanted: str, field: str, given: object) -> NoReturn:
    shown = repr(given)
    shown = shown if len(shown) <= _SHOWN_MAX else f"{shown[:_SHOWN_MAX]}…"
    raise _Unreadable(f"{wanted}: not {shown}", field)
