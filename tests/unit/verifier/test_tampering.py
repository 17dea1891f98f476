"""Whatever is changed in a statement file, the verifier refuses it, and names the entry or the line that is wrong."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, Final, cast

import pytest

from services.verifier.statement import Refused, verify
from tests.support.statement_files import KEY, plaza

Path = tuple[Any, ...]
MUTATIONS_MIN: Final = 1_000
_PLAZA: Final = plaza()
_FILES: Final = {slug: _PLAZA.file(slug, 4) for slug in ("grocer", "cinema", "museum")}
_OTHERS: Final = {
    name: json.loads(_PLAZA.file(*name))
    for name in (("fuel", 4), ("baker", 4), ("grocer", 3), ("grocer", 1), ("cinema", 2))
}


def places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of a document with where it stands, the document itself first."""
    yield path, value
    inside: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inside = list(cast("dict[str, Any]", value).items())
    elif isinstance(value, list):
        inside = list(enumerate(cast("list[Any]", value)))
    for name, each in inside:
        yield from places(each, (*path, name))


def with_value(document: Any, path: Path, value: Any) -> Any:
    """A copy with another value in one place."""
    changed = copy.deepcopy(document)
    inside = changed
    for name in path[:-1]:
        inside = inside[name]
    inside[path[-1]] = value
    return changed


def others(value: Any) -> Iterator[Any]:
    """What a value may be changed to."""
    if isinstance(value, dict):
        yield from other_objects(cast("dict[str, Any]", value))
    elif isinstance(value, list):
        yield from other_lists(cast("list[Any]", value))
    elif isinstance(value, int):
        yield from (
            value + 1,
            value - 1,
            -value,
            value * 10,
            value + 2**64,
            str(value),
            value == 1,
            None,
            [value],
        )
    else:
        yield from other_texts(str(value))


def other_objects(value: dict[str, Any]) -> Iterator[Any]:
    for name in value:
        yield {each: value[each] for each in value if each != name}
    yield {**value, "more": 0}


def other_lists(value: list[Any]) -> Iterator[Any]:
    for at in range(len(value)):
        yield value[:at] + value[at + 1 :]
        yield [*value[: at + 1], *value[at:]]
    for at in range(len(value) - 1):
        yield [*value[:at], value[at + 1], value[at], *value[at + 2 :]]
    yield []


def other_texts(value: str) -> Iterator[Any]:
    middle = len(value) // 2
    other = "0" if value[middle : middle + 1] != "0" else "1"
    yield from (
        value[:middle] + other + value[middle + 1 :],
        value[1:],
        value + "0",
        value + " ",
        value.upper(),
        "",
        0,
    )
    yield from (None, f"{other}{value[1:]}", value[:-1] + other, value.replace("\n", "\r\n"))


def mutations(original: Any) -> Iterator[tuple[Path, Any]]:
    """Documents that differ from the original in one place, with the place."""
    for path, value in places(original):
        for other in others(value):
            changed = with_value(original, path, other) if path else other
            if json.dumps(changed, sort_keys=True) != json.dumps(original, sort_keys=True):
                yield path, changed


def refusal(document: Any) -> str:
    """Why a document is refused."""
    with pytest.raises(Refused) as refused:
        verify(json.dumps(document).encode(), KEY)
    return str(refused.value)


@pytest.mark.parametrize("slug", _FILES)
def test_every_change_of_any_field_is_refused(slug: str) -> None:
    original = json.loads(_FILES[slug])
    assert verify(_FILES[slug], KEY)
    made = 0
    for path, changed in mutations(original):
        assert refusal(changed), path
        made += 1
    # A statement without entries has fewer places.
    assert made >= (MUTATIONS_MIN if slug != "museum" else 400), made


def test_a_changed_entry_is_named() -> None:
    original = json.loads(_FILES["grocer"])
    made = 0
    for path, changed in mutations(original):
        if path[:1] != ("windows",) or path[2:3] != ("entries",) or len(path) != 5:
            continue
        named = f"window 4, entry {path[3] + 1} "
        assert refusal(changed).startswith(named), (path, refusal(changed))
        made += 1
    assert made >= 300


def test_entries_that_were_dropped_added_doubled_or_moved_are_named() -> None:
    original = json.loads(_FILES["grocer"])
    entries = original["windows"][0]["entries"]
    where = ("windows", 0, "entries")
    for at in range(len(entries)):
        dropped = refusal(with_value(original, where, entries[:at] + entries[at + 1 :]))
        # Nothing stands behind the last one: it is missing in a line of the statement.
        last = at == len(entries) - 1
        assert dropped.startswith("statement, line 6:" if last else f"window 4, entry {at + 1} "), dropped
        doubled = refusal(with_value(original, where, [*entries[: at + 1], *entries[at:]]))
        assert doubled.startswith(f"window 4, entry {at + 2} "), doubled
        added = [entries[at][0], 99, "issued", "base", 1, 1, 1, "00000000"]
        assert refusal(
            with_value(original, where, [*entries[: at + 1], added, *entries[at + 1 :]])
        ).startswith(f"window 4, entry {at + 2} ")
    for at in range(len(entries) - 1):
        moved = [*entries[:at], entries[at + 1], entries[at], *entries[at + 2 :]]
        assert refusal(with_value(original, where, moved)).startswith(f"window 4, entry {at + 1} ")


def test_a_changed_line_of_the_statement_is_named() -> None:
    original = json.loads(_FILES["grocer"])
    made = 0
    for path, changed in mutations(original):
        if path[:2] == ("statement", "lines") and len(path) == 4:
            assert refusal(changed).startswith(f"statement, line {path[2] + 1}:"), path
            made += 1
    assert made >= 200


@pytest.mark.parametrize("field", ["carry_in_micros", "net_minor", "carry_out_micros"])
def test_a_changed_net_or_carry_is_named(field: str) -> None:
    original = json.loads(_FILES["grocer"])
    for more in (1, -1, 10_000):
        value = original["statement"][field] + more
        assert refusal(with_value(original, ("statement", field), value)).startswith(
            ("net, carry out", "carry in")
        )


def test_a_carry_that_was_moved_in_and_out_alike_is_refused() -> None:
    changed = json.loads(_FILES["grocer"])
    step = 1 if changed["statement"]["carry_out_micros"] < 4_000 else -1
    changed["statement"]["carry_in_micros"] += step
    changed["statement"]["carry_out_micros"] += step
    assert "the head of the statement" in refusal(changed)


def test_what_belongs_to_another_partner_or_window_is_refused_in_its_place() -> None:
    original = json.loads(_FILES["grocer"])
    made = 0
    for other in _OTHERS.values():
        for name in ("statement", "checkpoint", "previous", "consistency", "windows"):
            if other[name] != original[name]:
                assert refusal({**original, name: other[name]}), name
                made += 1
        for name in ("record", "inclusion", "secret", "place", "path", "entries"):
            if other["windows"][-1][name] != original["windows"][0][name]:
                assert refusal(with_value(original, ("windows", 0, name), other["windows"][-1][name])), name
                made += 1
    assert made >= 40


def test_an_older_checkpoint_with_all_that_goes_with_it_does_not_pass_for_the_newest() -> None:
    newest, older = json.loads(_FILES["grocer"]), json.loads(_PLAZA.file("grocer", 3))
    assert "checkpoint" in refusal({**newest, "checkpoint": newest["previous"]})
    assert refusal({**newest, "checkpoint": older["checkpoint"], "windows": older["windows"]})
    # A whole older file verifies by itself; whoever kept the last checkpoint sees that it is no next one.
    assert verify(_PLAZA.file("grocer", 3), KEY, _PLAZA.notes[1].encode())
    with pytest.raises(Refused, match=r"^previous: "):
        verify(_PLAZA.file("grocer", 3), KEY, _PLAZA.notes[2].encode())


def test_a_checkpoint_that_was_kept_must_be_the_one_that_the_file_continues() -> None:
    assert verify(_FILES["cinema"], KEY, _PLAZA.notes[1].encode())
    assert verify(_FILES["cinema"], KEY, _PLAZA.file("cinema", 2))
    for kept in (_PLAZA.notes[0], _PLAZA.notes[3], "nonsense", "{}", '{"checkpoint": 7}'):
        with pytest.raises(Refused, match=r"^previous: "):
            verify(_FILES["cinema"], KEY, kept.encode())


def test_a_carry_is_held_to_the_statement_that_was_kept() -> None:
    kept = json.loads(_PLAZA.file("cinema", 2))
    kept["statement"]["carry_out_micros"] += 1
    with pytest.raises(Refused, match=r"^carry in: "):
        verify(_FILES["cinema"], KEY, json.dumps(kept).encode())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"format":', b'"format":"coalition statement 1","format":'),
        (b'"place":', b'"place":1.0,"more":'),
        (b'"carry_in_micros":', b'"carry_in_micros":1e3,"more":'),
        (b'"format":', b'"more":NaN,"format":'),
        (b'"format":', b"\xff"),
        (b"]}\n", b"]}\n{}"),
    ],
)
def test_json_that_may_be_read_in_two_ways_is_refused(old: bytes, new: bytes) -> None:
    assert old in _FILES["grocer"]
    with pytest.raises(Refused):
        verify(_FILES["grocer"].replace(old, new), KEY)


def test_another_key_than_the_published_one_is_refused() -> None:
    with pytest.raises(Refused, match=r"^key: "):
        verify(_FILES["grocer"], KEY.replace("plaza", "plazb"))
