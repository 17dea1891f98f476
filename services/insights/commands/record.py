"""Writes what events have told, in the subscriber's transaction. What is written already stays: a replay changes nothing."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.insights.domain.facts import MemberFacts, PartnerFacts, PointsFacts, Programme
from services.insights.storage import facts, programmes


class ProgrammeUnknown(Exception):
    """No event has told of the programme yet."""


class Record:
    """Writes facts."""

    async def programme(self, connection: AsyncConnection, slug: str) -> Programme:
        """A programme that an event has told of. Raises ProgrammeUnknown."""
        found = await programmes.by_slug(connection, slug)
        if found is None:
            raise ProgrammeUnknown(f"no event has told of the programme {slug} yet")
        return found

    async def points(self, connection: AsyncConnection, programme: Programme, told: PointsFacts) -> None:
        """What the ledger has told."""
        await facts.add_points(connection, programme.ledger_id, told)

    async def members(self, connection: AsyncConnection, programme: Programme, told: MemberFacts) -> None:
        """What the members service has told."""
        await facts.add_members(connection, programme.ledger_id, told)

    async def partners(self, connection: AsyncConnection, slug: str, told: PartnerFacts) -> None:
        """What the partners service has told. Raises ProgrammeUnknown where its log does not begin with the programme."""
        if told.programme is not None:
            await programmes.add(connection, told.programme)
        found = await self.programme(connection, slug)
        await facts.add_partners(connection, found.ledger_id, told)
