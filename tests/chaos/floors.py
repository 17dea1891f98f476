"""How far partners may issue points in a run: credit floors that the operator moves, which refuse or park what is beyond."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from coalition.points.v1 import points_pb2 as pb

from services.operations.session import Session
from tests.chaos.books import Books
from tests.chaos.history import FloorAsked, History
from tests.chaos.mall import Mall

#: Once in so many times a floor does the other thing than it is there for, for as long as it stands.
_TURNS: Final = 12


@dataclass(frozen=True)
class Bound:
    """Whether sales beyond are parked. rooms: how many points more than by now may be issued, one of them at a time; None: any."""

    parks: bool
    rooms: tuple[int | None, ...]


FLOORS: Final[Mapping[str, Bound]] = {
    "fuel": Bound(parks=False, rooms=(0, 150, 600, 1_500, None)),
    "cafe": Bound(parks=True, rooms=(-300, 0, 0, 400, 2_000, None)),
    "shoes": Bound(parks=True, rooms=(0, 0, 60, 300, None)),
}


def next_floor(rng: random.Random, history: History, partner: UUID, bound: Bound, balance: int, basis_seq: int) -> FloorAsked:  # fmt: skip
    """A floor as of a balance at a seq; it is not asked for yet."""
    room = rng.choice(bound.rooms)
    parks = bound.parks != (rng.randrange(_TURNS) == 0)
    floor = None if room is None else balance - room
    return history.floor(FloorAsked(partner, floor, basis_seq, parks and floor is not None))


def request_of(wanted: FloorAsked) -> pb.SetFloorRequest:
    """What the ledger is asked."""
    floor = pb.Floor(
        partner_id=wanted.partner.bytes, floor=wanted.floor, basis_seq=wanted.basis_seq, parks=wanted.parks
    )
    return pb.SetFloorRequest(floor=floor)


def note(wanted: FloorAsked, answer: pb.SetFloorResponse) -> None:
    """Notes what was heard to be in force."""
    told = answer.floor
    floor = told.floor if told.HasField("floor") else None
    wanted.heard = answer.seq, floor, told.basis_seq, told.parks


async def set_floors(session: Session, mall: Mall) -> None:
    """The first floors, with some room; nothing breaks yet."""
    for slug, bound in FLOORS.items():
        most = max(room for room in bound.rooms if room is not None)
        wanted = FloorAsked(mall.partners[slug].partner_id, -most, 0, bound.parks)
        await _insist(session, mall, mall.history.floor(wanted))


async def floors_again(session: Session, mall: Mall) -> None:
    """Asks once more for floors that nobody has answered. Raises CoalitionError where one is not accepted."""
    for wanted in mall.history.floors:
        if wanted.heard is None:
            await _insist(session, mall, wanted)


async def _insist(session: Session, mall: Mall, wanted: FloorAsked) -> None:
    note(wanted, await session.call(session.ledger.SetFloor, request_of(wanted), mall.programme))


def wrongly_set(history: History, books: Books) -> Iterator[tuple[str, str]]:
    """Rules that do not hold of floors, and where: each that was heard to stand does, once; no other does."""
    posted = {
        each.seq: (each.partner, *each.floor)
        for each in books.journal
        if each.kind == "floor" and each.floor and each.partner
    }
    for wanted in history.floors:
        asked = (wanted.partner, wanted.floor, wanted.basis_seq, wanted.parks)
        if wanted.heard is None:
            yield "no answer", f"{wanted} was never acknowledged"
        elif (wanted.partner, *wanted.heard[1:]) != asked:
            yield "wrong answer", f"{wanted} was answered by another floor"
        elif posted.get(wanted.heard[0]) != asked:
            yield "lost", f"{wanted} was acknowledged, and the ledger has {posted.get(wanted.heard[0])} there"
    wished = Counter((each.partner, each.floor, each.basis_seq, each.parks) for each in history.floors)
    for asked, count in (Counter(posted.values()) - wished).items():
        yield "unasked", f"the floor {asked} was set {count} times more often than asked for"
