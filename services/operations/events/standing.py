"""Where relays and subscribers are, and what is ordered of a subscriber."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from coalition.operations.v1 import subscribers_pb2 as pb

from services.operations.amounts import write_time
from services.operations.documents import Document
from services.operations.events.logs import STREAM_OF, Log, event_document
from services.operations.session import Session
from services.runtime.clock import MICROS_PER_SECOND
from services.runtime.errors import NotFound
from services.runtime.principal import Programme

_ORDERS: Final = {pb.EVENT_ORDER_ALL: "all", pb.EVENT_ORDER_STRICT: "strict", pb.EVENT_ORDER_NONE: "none"}
_STATES: Final = {
    pb.LETTER_STATE_TRYING: "trying",
    pb.LETTER_STATE_DEAD: "dead",
    pb.LETTER_STATE_WAITING: "waiting",
}


class Subscribers:
    """The subscribers of all services in a programme."""

    def __init__(self, session: Session, programme: Programme) -> None:
        self._session, self._programme = session, programme

    async def all(self) -> list[tuple[str, pb.SubscriberState]]:
        """Every subscriber with the service that it is part of."""
        found: list[tuple[str, pb.SubscriberState]] = []
        for service in self._session.subscribing:
            answer = await self._call(service, "ListSubscribers", pb.ListSubscribersRequest())
            found += [(service, state) for state in answer.subscribers]
        return found

    async def named(self, name: str) -> tuple[str, pb.SubscriberState]:
        """One by name. Raises NotFound with the names there are."""
        found = await self.all()
        for service, state in found:
            if state.name == name:
                return service, state
        there = ", ".join(state.name for _, state in found) or "none"
        raise NotFound(f"no subscriber is named {name!r}; there are: {there}")

    async def lag(self) -> list[Document]:
        """Relays first, then subscribers: how far each is, and behind by how many events and seconds.

        Seconds are programme time from the oldest event that is not handled to the newest one.
        """
        logs = {service: Log(self._session, self._programme, stream) for service, stream in STREAM_OF.items()}
        states = {service: await log.state() for service, log in logs.items()}
        rows = [
            await self._row(logs[service], state, {"kind": "relay", "name": f"{service} relay"}, state.relayed_pos)
            for service, state in states.items()
        ]  # fmt: skip
        for service, each in await self.all():
            about = {"kind": "subscriber", "name": each.name} | _about(service, each)
            rows.append(await self._row(logs[each.source], states[each.source], about, each.pos))
        return rows

    async def _row(self, log: Log, state: pb.GetLogStateResponse, about: Document, pos: int) -> Document:
        behind = max(0, state.last_pos - pos)
        seconds = 0
        if behind:
            seconds = max(0, state.last_at_us - await log.recorded_at(pos + 1)) // MICROS_PER_SECOND
        none: Document = {"service": log.stream.service, "order": None, "state": "running", "paused_by": None, "note": None,
                "trying": 0, "dead": 0, "waiting": 0, "replayed_until": None, "takes": []}  # fmt: skip
        where = {
            "source": log.stream.service,
            "pos": pos,
            "last_pos": state.last_pos,
            "behind_events": behind,
            "behind_seconds": seconds,
        }
        return none | about | where

    async def pause(self, name: str, note: str) -> None:
        """Pauses one in all programmes. Raises NotFound, SUBSCRIBER_REFUSES."""
        service, _ = await self.named(name)
        await self._call(service, "PauseSubscriber", pb.PauseSubscriberRequest(name=name, note=note))

    async def resume(self, name: str) -> None:
        """Lets one go on."""
        service, _ = await self.named(name)
        await self._call(service, "ResumeSubscriber", pb.ResumeSubscriberRequest(name=name))

    async def replay(self, name: str, from_text: str) -> tuple[int, int]:
        """Has events from a position or a time on handled again; answers the first position and the last one."""
        service, state = await self.named(name)
        log = Log(self._session, self._programme, STREAM_OF[state.source])
        from_pos = await log.from_text(from_text)
        request = pb.ReplaySubscriberRequest(name=name, from_pos=from_pos)
        return from_pos, (await self._call(service, "ReplaySubscriber", request)).until_pos

    async def rebuild(self, name: str) -> tuple[int, int]:
        """Has one start from nothing; answers the first position and the last one."""
        service, _ = await self.named(name)
        request = pb.ReplaySubscriberRequest(name=name, rebuild=True)
        return 1, (await self._call(service, "ReplaySubscriber", request)).until_pos

    async def letters(
        self, name: str, after_pos: int, limit: int, *, dead_only: bool
    ) -> Sequence[pb.DeadLetter]:
        """What it has set aside, by position."""
        service, _ = await self.named(name)
        request = pb.ListDeadLettersRequest(
            name=name, after_pos=after_pos, limit=limit, dead_only=dead_only
        )  # fmt: skip
        return (await self._call(service, "ListDeadLetters", request)).letters

    async def replay_letters(self, name: str, pos: int) -> int:
        """Has a dead letter handled again, or all of them (0); answers how many."""
        service, _ = await self.named(name)
        request = pb.ReplayDeadLettersRequest(name=name, pos=pos)
        return (await self._call(service, "ReplayDeadLetters", request)).letters

    async def _call(self, service: str, method: str, request: Any) -> Any:
        stub = self._session.subscribers_of(service)
        return await self._session.call(getattr(stub, method), request, self._programme)

    def letter_document(self, source: str, letter: pb.DeadLetter) -> Document:
        """An event that is set aside, for people."""
        return {
            "state": _STATES[letter.state],
            "attempts": letter.attempts,
            "error": letter.error or None,
            "parked_at": write_time(letter.parked_at_us, self._programme.zone),
            "next_try_at": write_time(letter.next_try_at_us, self._programme.zone) or None,
            "key": letter.key,
            "event": event_document(self._programme.slug, source, letter.event, self._programme.zone),
        }


def _about(service: str, state: pb.SubscriberState) -> Document:
    takes = [
        *(["replay"] if state.repeatable else []),
        *(["rebuild"] if state.rebuildable else []),
    ]
    return {
        "service": service,
        "order": _ORDERS[state.order],
        "state": "paused" if state.paused else "rebuild ordered" if state.rebuild_ordered else "running",
        "paused_by": state.paused_by or None,
        "note": state.note or None,
        "trying": state.trying,
        "dead": state.dead,
        "waiting": state.waiting,
        "replayed_until": state.replayed_until or None,
        "takes": takes,
    }
