"""The subscribers of this service: blocks of events become facts, in the transaction that moves the cursor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from coalition.type.v1.event_record_pb2 import EventRecord
from sqlalchemy.ext.asyncio import AsyncConnection

from services.insights.commands.forget import Forget
from services.insights.commands.record import ProgrammeUnknown, Record
from services.insights.events.read_others import read_members, read_partners
from services.insights.events.read_points import read
from services.runtime.bus import MEMBERS, PARTNERS, POINTS, Stream
from services.runtime.subscriber import Owner, Postponed, Subscription
from services.runtime.subscribing.watching import Watched

POINTS_SUBSCRIBER: Final = "insights-points"
MEMBERS_SUBSCRIBER: Final = "insights-members"
PARTNERS_SUBSCRIBER: Final = "insights-partners"
#: As `coalition events` knows them: by blocks, so nothing is set aside.
WATCHED: Final = tuple(
    Watched(name, stream.service, None, repeatable=True, rebuildable=True)
    for name, stream in (
        (PARTNERS_SUBSCRIBER, PARTNERS),
        (MEMBERS_SUBSCRIBER, MEMBERS),
        (POINTS_SUBSCRIBER, POINTS),
    )
)
# What a programme is comes on another stream: soon, or once that subscriber has rebuilt it.
_UNKNOWN_SECONDS: Final = 0.5


class Facts:
    """Applies blocks of events of the three services."""

    def __init__(self, record: Record) -> None:
        self._record = record

    async def points(
        self, connection: AsyncConnection, programme: str, records: Sequence[EventRecord]
    ) -> None:
        """Events of the ledger. Raises Postponed while nobody has told of the programme."""
        try:
            found = await self._record.programme(connection, programme)
            await self._record.points(connection, found, read(records, found.zone))
        except ProgrammeUnknown as error:
            raise Postponed(str(error), _UNKNOWN_SECONDS) from None

    async def members(
        self, connection: AsyncConnection, programme: str, records: Sequence[EventRecord]
    ) -> None:
        """Events of members. Raises Postponed while nobody has told of the programme."""
        try:
            found = await self._record.programme(connection, programme)
            await self._record.members(connection, found, read_members(records, found.zone))
        except ProgrammeUnknown as error:
            raise Postponed(str(error), _UNKNOWN_SECONDS) from None

    async def partners(
        self, connection: AsyncConnection, programme: str, records: Sequence[EventRecord]
    ) -> None:
        """Events of partners; the first of a programme says what it is."""
        await self._record.partners(connection, programme, read_partners(records))


#: What tells the events of each stream, for those that the bus has lost.
Sources = Mapping[Stream, Owner]


def subscriptions(
    record: Record,
    forget: Forget,
    sources: Sources,
    programmes: Callable[[], Awaitable[Sequence[str]]] | None = None,
) -> tuple[Subscription, ...]:
    """The three of them; each may be repeated, and rebuilt from nothing. `programmes`: those that there are."""
    facts = Facts(record)
    return tuple(
        Subscription(name, stream, sources[stream], apply, programmes, repeatable=True, forget=forgets)
        for name, stream, apply, forgets in (
            (PARTNERS_SUBSCRIBER, PARTNERS, facts.partners, forget.partners),
            (MEMBERS_SUBSCRIBER, MEMBERS, facts.members, forget.members),
            (POINTS_SUBSCRIBER, POINTS, facts.points, forget.points),
        )
    )
