"""coalition.operations.v1.SubscribersService: the same of every service with an event log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import grpc.aio
from coalition.operations.v1 import subscribers_pb2 as pb
from coalition.operations.v1.subscribers_pb2_grpc import (
    SubscribersServiceServicer,
    add_SubscribersServiceServicer_to_server,
)
from sqlalchemy import Table

from services.runtime.clock import to_micros
from services.runtime.database import Database, ReadDatabase
from services.runtime.errors import InvalidRequest, NotFound
from services.runtime.event_log import EventLog, EventTables
from services.runtime.principal import Principal, acting
from services.runtime.subscribing.handling import Order
from services.runtime.subscribing.letters import DEAD, TRYING, WAITING, Letter
from services.runtime.subscribing.tables import SubscriptionTables
from services.runtime.subscribing.watching import Standing, Watched, Watching

SERVICE_NAME: Final = pb.DESCRIPTOR.services_by_name["SubscribersService"].full_name
_ORDERS: Final = {
    None: pb.EVENT_ORDER_ALL,
    Order.STRICT: pb.EVENT_ORDER_STRICT,
    Order.NONE: pb.EVENT_ORDER_NONE,
}
_STATES: Final = {
    TRYING: pb.LETTER_STATE_TRYING,
    DEAD: pb.LETTER_STATE_DEAD,
    WAITING: pb.LETTER_STATE_WAITING,
}


class SubscribersServicer(SubscribersServiceServicer):
    """Maps each RPC to one question or order; the boundary does the rest."""

    def __init__(self, reader: ReadDatabase, log: EventLog | None, watching: Watching | None) -> None:
        """`log` None: a service that tells nothing; `watching` None: one without subscribers."""
        self._reader, self._log, self._watching = reader, log, watching

    async def GetLogState(self, request: pb.GetLogStateRequest, context: object) -> pb.GetLogStateResponse:
        """See the contract."""
        programme = _looking().in_programme()
        if self._log is None:
            return pb.GetLogStateResponse()
        async with self._reader.snapshot() as connection:
            last, relayed = await self._log.positions(connection, programme.ledger_id)
            times = await self._log.recorded_at(connection, programme.ledger_id, (last, relayed))
        return pb.GetLogStateResponse(
            last_pos=last,
            last_at_us=times.get(last, 0),
            relayed_pos=relayed,
            relayed_at_us=times.get(relayed, 0),
        )

    async def ListSubscribers(
        self, request: pb.ListSubscribersRequest, context: object
    ) -> pb.ListSubscribersResponse:
        """See the contract."""
        programme = _looking().in_programme()
        found = await self._watching.standings(programme.slug) if self._watching is not None else []
        return pb.ListSubscribersResponse(subscribers=map(_state, found))

    async def PauseSubscriber(
        self, request: pb.PauseSubscriberRequest, context: object
    ) -> pb.PauseSubscriberResponse:
        """See the contract."""
        principal = _ordering()
        await self._subscribers().pause(request.name, principal.actor, request.note)
        return pb.PauseSubscriberResponse()

    async def ResumeSubscriber(
        self, request: pb.ResumeSubscriberRequest, context: object
    ) -> pb.ResumeSubscriberResponse:
        """See the contract."""
        _ordering()
        await self._subscribers().resume(request.name)
        return pb.ResumeSubscriberResponse()

    async def ReplaySubscriber(
        self, request: pb.ReplaySubscriberRequest, context: object
    ) -> pb.ReplaySubscriberResponse:
        """See the contract."""
        principal = _ordering()
        programme, watching = principal.in_programme().slug, self._subscribers()
        if request.rebuild:
            if request.from_pos:
                raise InvalidRequest("a rebuild starts at the first event", field="from_pos")
            until = await watching.rebuild(request.name, programme, principal.actor)
        else:
            until = await watching.replay(request.name, programme, request.from_pos, principal.actor)
        return pb.ReplaySubscriberResponse(until_pos=until)

    async def ListDeadLetters(
        self, request: pb.ListDeadLettersRequest, context: object
    ) -> pb.ListDeadLettersResponse:
        """See the contract."""
        programme = _looking().in_programme().slug
        found, has_more = await self._subscribers().letters(
            request.name, programme, request.after_pos, request.limit, dead_only=request.dead_only
        )
        return pb.ListDeadLettersResponse(letters=map(_letter, found), has_more=has_more)

    async def ReplayDeadLetters(
        self, request: pb.ReplayDeadLettersRequest, context: object
    ) -> pb.ReplayDeadLettersResponse:
        """See the contract."""
        programme = _ordering().in_programme().slug
        letters = await self._subscribers().replay_letters(request.name, programme, request.pos)
        return pb.ReplayDeadLettersResponse(letters=letters)

    def _subscribers(self) -> Watching:
        if self._watching is None:
            raise NotFound("this service has no subscribers")
        return self._watching


def add_subscribers_to(
    server: grpc.aio.Server,
    database: Database,
    events: EventTables | None,
    inbox: Table | None = None,
    tables: SubscriptionTables | None = None,
    watched: Sequence[Watched] = (),
) -> None:
    """Has a server answer it.

    `events` None: a service that tells nothing; `inbox` None: one without subscribers; `tables` None: one whose subscribers take no orders.
    """
    watching = Watching(database.writer, inbox, tables, watched) if inbox is not None else None
    servicer = SubscribersServicer(database.reader, EventLog(events) if events else None, watching)
    add_SubscribersServiceServicer_to_server(servicer, server)


def _looking() -> Principal:
    principal = acting()
    principal.require_internal()
    return principal


def _ordering() -> Principal:
    principal = acting()
    principal.require_role("admin")
    return principal


def _state(standing: Standing) -> pb.SubscriberState:
    about, pause = standing.about, standing.pause
    return pb.SubscriberState(
        name=about.name,
        source=about.source,
        order=_ORDERS[about.order],
        pos=standing.pos,
        paused=pause is not None,
        paused_by=pause.by if pause is not None else "",
        note=pause.note if pause is not None else "",
        replayed_until=standing.replayed_until,
        rebuild_ordered=standing.rebuild_ordered,
        repeatable=about.repeatable,
        rebuildable=about.rebuildable,
        trying=standing.letters[TRYING],
        dead=standing.letters[DEAD],
        waiting=standing.letters[WAITING],
    )


def _letter(letter: Letter) -> pb.DeadLetter:
    return pb.DeadLetter(
        event=letter.record,
        state=_STATES[letter.state],
        attempts=letter.attempts,
        error=letter.error,
        parked_at_us=to_micros(letter.parked_at),
        next_try_at_us=_micros(letter.next_try_at),
        key=letter.key,
    )


def _micros(time: datetime | None) -> int:
    return to_micros(time) if time is not None else 0
