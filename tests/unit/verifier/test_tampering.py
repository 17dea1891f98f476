"""Whatever is changed in a statement file, the verifier refuses it, and names the entry or the line that is wrong."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, cast

import pytest

from services.verifier.statement import Refused, verify
from tests.support.statement_files import KEY, Coalition, Said, difference, plaza, rerated

Path = tuple[Any, ...]
MUTATIONS_MIN: Final = 1_000
# A statement of one window; one of two, with every kind of line that a contract can make.
WITH_ENTRIES: Final = ("grocer", "cinema", "rerated")
_PLAZA: Final = plaza()
_FILES: Final = {slug: _PLAZA.file(slug, 4) for slug in ("grocer", "cinema", "museum")} | {
    "rerated": rerated().file("cinema", 2)
}
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


@pytest.mark.parametrize("slug", WITH_ENTRIES)
def test_a_changed_entry_is_named(slug: str) -> None:
    original = json.loads(_FILES[slug])
    made = 0
    for path, changed in mutations(original):
        if path[:1] != ("windows",) or path[2:3] != ("entries",) or len(path) != 5:
            continue
        number = original["windows"][path[1]]["record"]["window"]
        named = f"window {number}, entry {path[3] + 1} "
        assert refusal(changed).startswith(named), (path, refusal(changed))
        made += 1
    assert made >= 300


@pytest.mark.parametrize(
    ("slug", "at_window", "last_line"), [("grocer", 0, 7), ("cinema", 0, 4), ("cinema", 1, 4)]
)
def test_entries_that_were_dropped_added_doubled_or_moved_are_named(
    slug: str, at_window: int, last_line: int
) -> None:
    original = json.loads(_FILES[slug])
    entries = original["windows"][at_window]["entries"]
    where, number = ("windows", at_window, "entries"), original["windows"][at_window]["record"]["window"]
    for at in range(len(entries)):
        dropped = refusal(with_value(original, where, entries[:at] + entries[at + 1 :]))
        # Nothing stands behind the last one: it is missing in a line of the statement.
        last = at == len(entries) - 1
        assert dropped.startswith(
            f"statement, line {last_line}:" if last else f"window {number}, entry {at + 1} "
        ), dropped
        doubled = refusal(with_value(original, where, [*entries[: at + 1], *entries[at:]]))
        assert doubled.startswith(f"window {number}, entry {at + 2} "), doubled
        added = [entries[at][0], 99, "issued", "base", 1, 1, 1, 0, 0, "00000000"]
        assert refusal(
            with_value(original, where, [*entries[: at + 1], added, *entries[at + 1 :]])
        ).startswith(f"window {number}, entry {at + 2} ")
    for at in range(len(entries) - 1):
        moved = [*entries[:at], entries[at + 1], entries[at], *entries[at + 2 :]]
        assert refusal(with_value(original, where, moved)).startswith(f"window {number}, entry {at + 1} ")


@pytest.mark.parametrize("slug", WITH_ENTRIES)
def test_a_changed_line_of_the_statement_is_named(slug: str) -> None:
    original = json.loads(_FILES[slug])
    made = 0
    for path, changed in mutations(original):
        if path[:2] == ("statement", "lines") and len(path) == 4:
            assert refusal(changed).startswith(f"statement, line {path[2] + 1}:"), path
            made += 1
    assert made >= 200


@pytest.mark.parametrize("slug", WITH_ENTRIES)
@pytest.mark.parametrize("field", ["carry_in_micros", "net_minor", "carry_out_micros"])
def test_a_changed_net_or_carry_is_named(field: str, slug: str) -> None:
    original = json.loads(_FILES[slug])
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


@pytest.mark.parametrize("slug", WITH_ENTRIES)
@pytest.mark.parametrize("field", ["opening_minor", "closing_minor"])
def test_what_was_due_before_or_is_now_is_named_where_it_is_not_the_net_apart(field: str, slug: str) -> None:
    original = json.loads(_FILES[slug])
    for more in (1, -1, 10_000):
        value = original["statement"][field] + more
        assert refusal(with_value(original, ("statement", field), value)).startswith("opening, closing: ")


@pytest.mark.parametrize("slug", WITH_ENTRIES)
def test_debts_and_days_to_object_that_were_not_signed_are_refused(slug: str) -> None:
    for moved in (("opening_minor", "closing_minor"), ("objection_until_us",)):
        changed = json.loads(_FILES[slug])
        for field in moved:
            changed["statement"][field] += 1
        assert "the head of the statement" in refusal(changed)


def test_nothing_comes_before_a_first_statement() -> None:
    first = json.loads(_PLAZA.file("cinema", 2))
    assert verify(json.dumps(first).encode(), KEY)
    changed = copy.deepcopy(first)
    changed["statement"]["opening_minor"] += 1
    changed["statement"]["closing_minor"] += 1
    assert refusal(changed).startswith("carry in, opening: ")


def test_a_statement_covers_every_window_of_its_run_in_order() -> None:
    original = json.loads(_FILES["cinema"])
    third, fourth = original["windows"]
    for windows in ([fourth], [third], [fourth, third], [third, third], [third, fourth, fourth], []):
        assert refusal({**original, "windows": windows}).startswith(("windows: ", "window 3: ", "window 4: "))
    # Where the first of its windows is left out of the head too, the statement is not the one that continues the last.
    assert "windows in between are missing" in refusal(
        {**with_value(original, ("statement", "first_window"), 4), "windows": [fourth]}
    )


def test_entries_that_were_moved_from_one_window_of_a_run_to_another_are_refused() -> None:
    original = json.loads(_FILES["cinema"])
    third, fourth = (window["entries"] for window in original["windows"])
    moved = with_value(original, ("windows", 0, "entries"), [*third, fourth[1]])
    assert refusal(with_value(moved, ("windows", 1, "entries"), [fourth[0], *fourth[2:]])).startswith(
        f"window 3, entry {len(third) + 1} "
    )
    # A booking has no seq that would give it away.
    moved = with_value(original, ("windows", 0, "entries"), [fourth[0], *third])
    assert refusal(with_value(moved, ("windows", 1, "entries"), fourth[1:])).startswith("window 3, entry 1 ")


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("issued", {"redemption": 8_403}),
        ("charged", {"earned_seq": 4}),
        ("credited", {"earned_seq": 4}),
        ("released", {"earned_seq": 4}),
        ("released", {"redemption": 1}),
        ("charged", {"line": 9}),
        ("cycle_fee", {"line": 9}),
    ],
)
@pytest.mark.parametrize("number", [3, 4])
def test_what_no_line_says_is_refused_also_where_its_digits_are_made_again(
    kind: str, change: dict[str, int], number: int
) -> None:
    forged = plaza()
    entries = forged.entries[number - 1]["cinema"]
    if kind == "cycle_fee" and number == 3:
        # Nothing is booked where no statement is due: one more there, and one less where it was.
        kind, change = "fee", {"line": 9}
    last = max(at for at, said in enumerate(entries) if said.kind == kind)
    changed = [*entries[:last], replace(entries[last], **change), *entries[last + 1 :]]
    forged.entries[number - 1] = {**forged.entries[number - 1], "cinema": changed}
    why = refusal(json.loads(forged.file("cinema", 4)))
    assert why.startswith(f"window {number}: its {len(entries)} entries"), why


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Said(305, 1, "charged", 5, 8_404, earned_seq=305), "re-rated by number, 305"),
        (Said(305, 1, "charged", 5, 8_404), "re-rated by number, 0"),
        (Said(305, 1, "issued", 5, 8_404, earned_seq=3), "re-rated by number, 3"),
        (difference(Said(7, 1, "issued", 5, 8_404), 9, number=0), "re-rated by number, 0"),
        (difference(Said(0, 1, "issued", 5, 8_404), 9), "seq of another window"),
        (difference(Said(7, 1, "burned", 5, 8_404), 9, later=7), "7 micros due at redemption"),
        (difference(Said(7, 1, "issued", 0, 8_404, ""), 9), "do not go with its kind"),
        (Said(305, 1, "issued", 5, -8_404), "is not from 0"),
        (Said(305, 1, "issued", 5, 8_404, redemption=-1), "is not from 0"),
        (Said(305, 1, "burned", 5, 8_404, redemption=7), "7 micros due at redemption"),
        (Said(0, 1, "issued", 5, 8_404), "seq of another window"),
        (Said(305, 1, "cycle_fee", 0, 9, ""), "seq of another window"),
        (Said(305, 1, "adjustment_fees", 0, -9, ""), "seq of another window"),
        (Said(0, 1, "adjustment_fees", 5, -9, ""), "do not go with its kind"),
        (Said(0, 1, "adjustment_points", 0, -9, "", redemption=7), "7 micros due at redemption"),
        (Said(305, 1, "fee", 5, 9, ""), "do not go with its kind"),
        (Said(305, 1, "issued", 5, 9, ""), "do not go with its kind"),
        (Said(305, 1, "fee", 0, 9, "base"), "do not go with its kind"),
    ],
)
def test_entries_that_cannot_be_are_refused_even_where_the_operator_signed_them(said: Said, why: str) -> None:
    coalition = Coalition({"cinema": _PLAZA.partners["cinema"]})
    coalition.state(299, {})
    coalition.state(399, {"cinema": [said]})
    named = refusal(json.loads(coalition.file("cinema", 2)))
    assert named.startswith("window 2, entry 1 "), named
    assert why in named


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


def test_carry_and_debt_are_held_to_the_statement_that_was_kept() -> None:
    kept = json.loads(_PLAZA.file("cinema", 2))
    kept["statement"]["carry_out_micros"] += 1
    with pytest.raises(Refused, match=r"^carry in: "):
        verify(_FILES["cinema"], KEY, json.dumps(kept).encode())
    kept = json.loads(_PLAZA.file("cinema", 2))
    kept["statement"]["closing_minor"] += 1
    with pytest.raises(Refused, match=r"^opening: "):
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
