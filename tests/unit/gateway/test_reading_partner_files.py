"""Reading a partner's file in pieces: what is good is read, what is bad is told, and memory is bounded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import pytest

from services.gateway.domain.reconciliation.operations import USUAL, OperationKind
from services.gateway.domain.reconciliation.reading import (
    BAD_LINES_MAX,
    LINE_BYTES_MAX,
    BadFile,
    BadLine,
    Expected,
    FileReader,
    PartnerLine,
    TooManyLines,
)

_DAY = date(2026, 3, 14)
_HEADER = b"reference,kind,points,amount,date\n"


def _read(
    pieces: Iterable[bytes], as_csv: bool = True, lines_max: int = 10_000, amounts: bool = True
) -> list[PartnerLine | BadLine]:
    reader = FileReader(Expected(_DAY, frozenset(USUAL), lines_max, amounts), as_csv=as_csv)
    found: list[PartnerLine | BadLine] = []
    for piece in pieces:
        found += reader.feed(piece)
    found += reader.end()
    assert reader.lines == len(found)
    assert reader.bad_lines == sum(isinstance(each, BadLine) for each in found)
    return found


def _line(
    line: int, reference: str = "A", points: int = 25, amount: int = 2_599, day: date = _DAY
) -> PartnerLine:
    return PartnerLine(line, OperationKind.EARN, reference, points, amount, day)


@pytest.mark.parametrize("size", [1, 2, 7, 1_000])
@pytest.mark.parametrize(
    "text",
    [
        "reference,kind,points,amount,date\nA,earn,25,2599,\nB,earn,25,2599,2026-03-15\n",
        "\ufeffReference; Kind ;points;amount;date;till\r\n\r\nA;earn;25;2599;2026-03-14;x\r\n\"B\";earn;+25;2599;2026-03-15;ä",
    ],
)  # fmt: skip
def test_csv_is_read_however_it_is_cut(text: str, size: int) -> None:
    data = text.encode()
    lines = _read(data[start : start + size] for start in range(0, len(data), size))
    numbers = [2, 3] if "\ufeff" not in text else [3, 4]
    assert lines == [_line(numbers[0]), _line(numbers[1], "B", day=date(2026, 3, 15))]


@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_json_lines_are_read_however_they_are_cut(size: int) -> None:
    rows: list[dict[str, Any]] = [
        {"reference": "A", "kind": "earn", "points": 25, "amount": 2_599, "till": {"x": [1]}},
        {"reference": "B", "kind": "earn", "points": "25", "amount": "2599", "date": "2026-03-15"},
    ]
    data = "\n\n".join(json.dumps(row) for row in rows).encode()
    lines = _read((data[start : start + size] for start in range(0, len(data), size)), as_csv=False)
    assert lines == [_line(1), _line(3, "B", day=date(2026, 3, 15))]


@pytest.mark.parametrize(
    ("line", "field", "column"),
    [
        ("A,earn,25", "", 4), ("A,earn,25,1,,x", "", 6), ("A b,earn,25,1,", "reference", 1), (",earn,25,1,", "reference", 1),
        ("A,expiry,25,1,", "kind", 2), ("A,hold,25,1,", "kind", 2), ("A,earn,2.5,1,", "points", 3), ("A,earn,,1,", "points", 3),
        ("A,earn,1e3,1,", "points", 3), ("A,earn,25,-1,", "amount", 4), ("A,earn,25,99999999999999,", "amount", 4),
        ("A,earn,25,1,14.03.2026", "date", 5), ("A,earn,25,1,2026-02-30", "date", 5), ('"A,earn,25,1,', "", 1),
        ('A,"earn"x,25,1,', "", 1), ("A,earn,٢٥,1,", "points", 3), ("=A\u0301,earn,1,1,", "reference", 1),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_told_and_the_others_are_read(
    line: str, field: str, column: int
) -> None:
    bad, good = _read([_HEADER + line.encode() + b"\nA,earn,25,2599,\n"])
    assert isinstance(bad, BadLine)
    assert (bad.line, bad.field, bad.column) == (2, field, column)
    assert good == _line(3)


@pytest.mark.parametrize(
    ("line", "field", "column"),
    [
        ('{"reference": "A", "kind": "earn"}', "points", 0), ('{"reference": "A", "kind": "earn", "points": 1.0}', "", 1),
        ('{"reference": "A", "kind": "earn", "points": true}', "points", 0), ('{"reference": 7, "kind": "earn", "points": 1}', "reference", 0),
        ('{"reference": "A", "kind": ["earn"], "points": 1}', "kind", 0), ("[]", "", 1), ("nonsense", "", 1), ('{"a": 1, "a": 2}', "", 1),
        ('{"reference": "A", "kind": "earn", "points": NaN}', "", 1), ('{"reference": "A", "kind": "earn", "points": 1', "", 47),
        ('{"reference": "A", "kind": "earn", "points": 1, "amount": []}', "amount", 0), ("[" * 5_000, "", 1), ('{"reference": "A", "kind": "earn", "points": ' + "9" * 5_000 + "}", "", 1),
        ('{"reference": "A", "kind": "earn", "points": 1, "date": 20260314}', "date", 0),
    ],
)  # fmt: skip
def test_a_line_of_json_that_cannot_be_read_is_told(line: str, field: str, column: int) -> None:
    good = '\n{"reference": "A", "kind": "earn", "points": 25, "amount": 2599}'
    bad, read = _read([(line + good).encode()], as_csv=False)
    assert isinstance(bad, BadLine)
    assert (bad.line, bad.field, bad.column) == (1, field, column)
    assert read == _line(2)


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        (_HEADER.decode().encode("utf-16"), "encoding", 1, 1), (_HEADER.decode().encode("utf-16-le"), "encoding", 1, 2),
        (_HEADER + "A,earn,25,1,\nÄ,earn,1,1,\n".encode("latin-1"), "encoding", 3, 1), (_HEADER + b"A,ea\0rn,1,1,\n", "encoding", 2, 5),
        (b"reference,kind,points\nA,earn,1\n", "header", 1, 3), (b"reference,points,amount\n", "header", 1, 3),
        (b"reference,kind,points,amount,kind\n", "header", 1, 5), (b"reference,kind,points,amount" + b",x" * 1_000 + b"\n", "header", 1, 101),
        (b'"reference,kind\n', "header", 1, 1), (b"", "empty", 0, 0), (b"\n\r\n", "empty", 0, 0), (_HEADER, "empty", 0, 0),
    ],
)  # fmt: skip
def test_a_file_that_makes_no_sense_is_refused_with_its_place(
    data: bytes, code: str, line: int, column: int
) -> None:
    with pytest.raises(BadFile) as refused:
        _read([data])
    assert (refused.value.code, refused.value.line, refused.value.column) == (code, line, column)
    if line:
        assert str(refused.value).startswith(f"line {line}, column {column}: ")


def test_amounts_that_are_not_compared_need_no_column() -> None:
    assert _read([b"points,kind,reference\n25,earn,A\n"], amounts=False) == [_line(2, amount=0)]


def test_a_line_without_an_end_is_dropped_as_it_comes() -> None:
    reader = FileReader(Expected(_DAY, frozenset(USUAL), 100), as_csv=True)
    found = list(reader.feed(_HEADER))
    held = 0
    for _ in range(200):
        found += reader.feed(b"x" * 50_000)
        held = max(held, len(reader._held))  # pyright: ignore[reportPrivateUsage]
    found += reader.feed(b"\nA,earn,25,2599,\n")
    found += reader.end()
    bad, good = found
    assert isinstance(bad, BadLine)
    assert (bad.line, bad.column) == (2, LINE_BYTES_MAX + 1)
    assert good == _line(3)
    assert held <= 60_000


def test_more_lines_than_are_taken_end_the_reading() -> None:
    def endless() -> Iterator[bytes]:
        yield _HEADER
        while True:
            yield b"A,earn,25,2599,\n" * 100

    with pytest.raises(TooManyLines) as refused:
        _read(endless(), lines_max=1_000)
    assert refused.value.limit == 1_000


def test_a_file_of_nonsense_ends_the_reading() -> None:
    with pytest.raises(BadFile) as refused:
        _read([_HEADER, b"x\n" * (BAD_LINES_MAX + 1)])
    assert (refused.value.code, refused.value.line) == ("unreadable", BAD_LINES_MAX + 2)
