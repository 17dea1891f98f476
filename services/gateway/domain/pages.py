"""Pages of lists, by cursors that are ids of what the lists hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import InvalidRequest

Entry = TypeVar("Entry")
LIMIT_DEFAULT: Final = 20
LIMIT_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Cursor:
    """The page asked for: up to `limit` entries after one entry or before another (empty: from the start)."""

    limit: int = LIMIT_DEFAULT
    starting_after: str = ""
    ending_before: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[Entry]):
    """A page in the list's order; `has_more` in the direction that was asked for."""

    entries: Sequence[Entry]
    has_more: bool


def unknown_cursor(name: str) -> InvalidRequest:
    """The error of a cursor that is not the id of anything in the list."""
    return InvalidRequest(
        f"{name} is not the id of anything in this list", Reason.REASON_CURSOR_INVALID, parameter=name
    )


def page_of(entries: Sequence[Entry], id_of: Callable[[Entry], str], cursor: Cursor) -> Page[Entry]:
    """The page of a list that is at hand as a whole. Raises InvalidRequest (CURSOR_INVALID)."""
    places = {id_of(entry): place for place, entry in enumerate(entries)}
    first, last = 0, len(entries)
    if cursor.starting_after:
        first = _place(places, cursor.starting_after, "starting_after") + 1
    if cursor.ending_before:
        last = _place(places, cursor.ending_before, "ending_before")
        return Page(entries[max(first, last - cursor.limit) : last], last - cursor.limit > first)
    return Page(entries[first : first + cursor.limit], first + cursor.limit < last)


def _place(places: dict[str, int], cursor: str, name: str) -> int:
    place = places.get(cursor)
    if place is None:
        raise unknown_cursor(name)
    return place
