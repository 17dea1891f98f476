"""How a command tells what it did, without knowing the form in which others hear of it."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.events import MemberEvent
from services.runtime.principal import Programme


class Announce(Protocol):
    """Appends events to the log in the transaction of the change, as its last statement."""

    async def __call__(self, connection: AsyncConnection, programme: Programme, *events: MemberEvent) -> None:
        """Holds the head of the programme's log until the transaction ends."""
        ...
