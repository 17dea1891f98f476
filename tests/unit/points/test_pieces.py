"""How a bulk load is cut up, so that tills need not wait for all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import pytest

from services.points.commands.door import Group, pieces_of
from services.points.domain.movements import Overdue


@dataclass(frozen=True)
class Item:
    """As much of a movement as matters here."""

    name: str
    linked: bool = False


def group(names: str) -> Group:
    """Items named by a letter; a capital is linked with the one after it."""
    return cast("Any", [Item(name, linked=name.isupper()) for name in names])


def cut(names: str, items_max: int) -> list[str]:
    pieces = cast("Any", pieces_of(group(names), items_max))
    return ["".join(item.name for item in piece) for piece in pieces]


@pytest.mark.parametrize(
    ("names", "items_max", "pieces"),
    [
        ("", 2, []),
        ("a", 2, ["a"]),
        ("abcdef", 2, ["ab", "cd", "ef"]),
        ("abcde", 2, ["ab", "cd", "e"]),
        ("aBcd", 2, ["aBc", "d"]),
        ("AbCd", 1, ["Ab", "Cd"]),
        ("aBCd", 2, ["aBCd"]),
        ("abC", 3, ["abC"]),
    ],
)
def test_pieces_keep_the_order_and_what_is_linked_together(names: str, items_max: int, pieces: list[str]):
    assert cut(names, items_max) == pieces


def test_wallets_to_be_looked_after_are_cut_up_too():
    wallets = [Overdue(UUID(int=number)) for number in range(5)]
    assert pieces_of(wallets, 2) == [wallets[:2], wallets[2:4], wallets[4:]]
