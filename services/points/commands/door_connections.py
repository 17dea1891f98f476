"""Bounds the database connections of all doors: there may be many more programmes than a server has slots."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

_LOOK_AGAIN_SECONDS: Final = 0.01


class Holder(Protocol):
    """A door, as far as its connection goes."""

    @property
    def rests_since(self) -> float | None:
        """Time of the event loop since which nothing is under way; None while something is."""
        ...

    async def rest(self) -> None:
        """Closes its connection; it makes another when it needs one."""
        ...


class DoorConnections:
    """At most so many at once: over that, the door that has rested longest gives its connection up."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._holders: set[Holder] = set()

    async def admit(self, door: Holder) -> None:
        """Lets a door connect, as soon as another rests. It holds its place until `leave`."""
        while door not in self._holders:
            if len(self._holders) < self._at_most:
                self._holders.add(door)
                return
            resting = [(since, each) for each in self._holders if (since := each.rests_since) is not None]
            if resting:
                longest = min(resting, key=lambda pair: pair[0])[1]
                self._holders.discard(longest)
                await longest.rest()
            else:
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    def leave(self, door: Holder) -> None:
        """Gives a door's place back."""
        self._holders.discard(door)
