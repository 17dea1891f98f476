from __future__ import annotations

import asyncio

from services.points.commands.door_connections import DoorConnections


class Door:
    """A door that notes when it was asked to rest."""

    def __init__(self, rests_since: float | None = None) -> None:
        self.rests_since = rests_since
        self.rested = 0

    async def rest(self) -> None:
        self.rested += 1


async def test_up_to_the_bound_every_door_connects_and_none_is_asked_to_rest() -> None:
    connections, doors = DoorConnections(3), [Door(1.0), Door(2.0), Door()]
    for door in doors:
        await connections.admit(door)
        await connections.admit(door)
    assert [door.rested for door in doors] == [0, 0, 0]


async def test_over_the_bound_the_door_that_rested_longest_gives_way() -> None:
    connections, doors = DoorConnections(3), [Door(5.0), Door(2.0), Door()]
    for door in doors:
        await connections.admit(door)
    await connections.admit(Door())
    assert [door.rested for door in doors] == [0, 1, 0]
    await connections.admit(Door())
    assert [door.rested for door in doors] == [1, 1, 0]


async def test_a_door_that_works_is_never_asked_to_rest_and_the_next_one_waits_for_it() -> None:
    connections, working, waiting = DoorConnections(1), Door(), Door()
    await connections.admit(working)
    admission = asyncio.create_task(connections.admit(waiting))
    for _ in range(5):
        await asyncio.sleep(0)
    assert (admission.done(), working.rested) == (False, 0)
    working.rests_since = 1.0
    await admission
    assert working.rested == 1


async def test_a_place_given_back_is_free_at_once() -> None:
    connections, first = DoorConnections(1), Door()
    await connections.admit(first)
    connections.leave(first)
    await connections.admit(Door())
    assert first.rested == 0
