"""Files of large batches come to the same lines however they are cut, and patience grows and ends."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.large_batches.files import COLUMNS, CsvRecords, LineSplitter, RawLine
from services.gateway.domain.large_batches.retrying import Patience

_LINE_BYTES_MAX = 30
_CONTENT = st.binary(max_size=60).filter(lambda content: b"\n" not in content)


def _lines(pieces: Sequence[bytes]) -> list[RawLine]:
    splitter = LineSplitter(1_000, _LINE_BYTES_MAX)
    found = [line for piece in pieces for line in splitter.feed(piece)]
    return [*found, *splitter.end()]


@given(st.lists(_CONTENT, max_size=12), st.lists(st.integers(0, 400), max_size=8))
def test_a_file_has_the_same_lines_however_it_arrives(contents: list[bytes], cuts: list[int]) -> None:
    # A first line that starts with the mark of UTF-16 is refused whole, which the unit tests show.
    file = b"x\n" + b"\n".join(contents)
    places = sorted({0, len(file), *(cut for cut in cuts if cut < len(file))})
    pieces = [file[first:last] for first, last in pairwise(places)]
    lines = _lines(pieces)
    assert lines == _lines([file])
    expected = [(number, content) for number, content in enumerate([b"x", *contents], 1) if content.strip()]
    assert [line.line for line in lines] == [number for number, _ in expected]
    for line, (_, content) in zip(lines, expected, strict=True):
        if len(content) <= _LINE_BYTES_MAX:
            assert (line.content, line.problem) == (content.removesuffix(b"\r"), "")
        elif len(content) > _LINE_BYTES_MAX + 1:
            assert (line.content, bool(line.problem)) == (b"", True)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0")), min_size=17, max_size=17))
def test_what_csv_says_arrives_field_by_field(values: list[str]) -> None:
    def written(row: Sequence[str]) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(row)
        return text.getvalue().encode()

    records = CsvRecords()
    records.header(RawLine(1, written(list(COLUMNS))))
    found = records.record(written(values))
    for path, value in zip(COLUMNS.values(), values, strict=True):
        within = found
        for step in path[:-1]:
            within = within.get(step, {})
        if value == "":
            assert path[-1] not in within
        else:
            told = within[path[-1]]
            assert told == value or (path[-1] in ("amount", "points") and told == int(value))


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.integers(1, 10**12), st.integers(0, 10**12))
def test_pauses_grow_up_to_the_longest_and_end(first_us: int, more_us: int, end_us: int, now_us: int) -> None:
    patience = Patience(first_us, first_us + more_us, end_us)
    pauses = [patience.pause_us(attempts) for attempts in range(1, 60)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (first_us, first_us + more_us)
    next_us = patience.next_us(0, now_us, 3)
    assert next_us == 0 if now_us >= end_us else now_us < next_us <= end_us
