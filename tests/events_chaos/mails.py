"""The fifth subscriber: notifications, whose effects are mails at a server, where they are counted.

A mail names its notice in its Message-ID, and the notice its event. A mail may come twice only in the documented gap: where the log of
deliveries says that a try was interrupted, or that the server's answer was not heard.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
from coalition.type.v1.event_record_pb2 import EventRecord

from services.operations import notifications
from services.operations.events.standing import Subscribers
from services.operations.session import Session
from services.runtime.catalogue import message_of
from services.runtime.principal import Programme
from tests.events_chaos.judging import Counted, Logged, Place, note
from tests.support.outboxes import Mailbox
from tests.support.waiting import until

#: Whoever is enrolled in a run by name has an address, and is told of these, unless the programme says otherwise.
_TOLD: Final = frozenset({"member.enrolled", "points.redeemed", "points.received", "points.expired"})
#: Here it depends on the programme's clock, which the operator moves, whether it is too late: it is off.
_OFF: Final = "points_expiring"
_SUBSCRIBERS: Final = ("notifications-members", "notifications-points")
#: So slow that a process which is killed leaves mails of which it does not know that they went.
_ANSWER_SECONDS: Final = 0.1
_REBUILD_SECONDS: Final = 120.0
_NOTICES: Final = """SELECT n.notice_id, n.source, n.programme, n.pos, n.state, n.why,
    (SELECT count(*) FROM delivery d WHERE d.notice_id = n.notice_id AND d.outcome IN ('interrupted', 'failed')) AS gaps
FROM notice n"""


class SlowMailbox(Mailbox):
    """Keeps a mail at once, and says so a moment later."""

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        """Called with each mail."""
        answer = await super().handle_DATA(server, session, envelope)
        await asyncio.sleep(_ANSWER_SECONDS)
        return answer


class Mails:
    """Mails at the server, as a Count. `doubled`: how many came more than once, each in the gap."""

    def __init__(self, mail: Mailbox) -> None:
        self.doubled = 0
        self._mail = mail

    @property
    def settings(self) -> Mapping[str, str]:
        """Of the platform: nothing but a fault stands in the way of a mail, and what is interrupted is tried again soon."""
        prefix = "COALITION_NOTIFICATIONS_"
        return {
            f"{prefix}EMAIL_URL": self._mail.url, f"{prefix}EMAIL_PER_DAY": "1000", f"{prefix}ATTEMPTS_MAX": "100",
            f"{prefix}SEND_EVERY_SECONDS": "0.2", f"{prefix}SEND_TIMEOUT_SECONDS": "5", f"{prefix}LEASE_SECONDS": "15",
            f"{prefix}RETRY_FIRST_SECONDS": "0.2", f"{prefix}RETRY_LONGEST_SECONDS": "2", f"{prefix}SEND_AT_ONCE": "32",
        }  # fmt: skip

    async def prepare(self, session: Session, programme: Programme) -> None:
        """Before anything is told of."""
        await notifications.switch(session, programme, _OFF, on=False)

    async def __call__(self, environment: Mapping[str, str], log: Mapping[Place, Logged]) -> Counted:
        """Compares the mails with the log."""
        url = urlsplit(environment["DATABASE_URL"])._replace(path="/coalition_notifications").geturl()
        connection = await asyncpg.connect(url)
        try:
            notices = {f"ntc.{row['notice_id'].hex}": row for row in await connection.fetch(_NOTICES)}
        finally:
            await connection.close()
        ids = [str(mail["Message-ID"]).strip("<>").partition("@")[0] for _, mail in list(self._mail.mails)]
        result, self.doubled = compared(ids, notices, expected_of(log))
        return result

    async def rebuilt(self, session: Session, programme: Programme) -> None:
        """Has the subscribers start from nothing, and waits until they have read everything again."""
        subscribers = Subscribers(session, programme)
        for name in _SUBSCRIBERS:
            _, last = await subscribers.rebuild(name)

            async def done(name: str = name, last: int = last) -> bool:
                _, state = await subscribers.named(name)
                return not state.rebuild_ordered and state.pos >= last

            await until(done, _REBUILD_SECONDS)


def expected_of(log: Mapping[Place, Logged]) -> set[Place]:
    """The events of which somebody with an address is told."""
    read = {
        place: message_of(EventRecord(type=logged.type, payload=logged.payload))
        for place, logged in log.items()
        if logged.type in _TOLD
    }
    named = {
        UUID(bytes=getattr(message, "member_id"))  # noqa: B009
        for place, message in read.items()
        if log[place].type == "member.enrolled" and not getattr(message, "anonymous", True)
    }
    return {
        place for place, message in read.items() if UUID(bytes=getattr(message, "member_id", b"")) in named
    }


def compared(ids: list[str], notices: Mapping[str, Any], expected: set[Place]) -> tuple[Counted, int]:
    """The ids of mails that came, and all notices by their ids; and how many mails came again in the documented gap."""
    came = Counter(ids)
    place_of = {name: (row["source"], row["programme"], row["pos"]) for name, row in notices.items()}
    there = Counter(place_of[name] for name in came if name in place_of)
    result = Counted(len(expected), len(there))
    unknown = [name for name in came if name not in place_of]
    if unknown:
        result.wrong.append(f"{len(unknown)} mails of no notice: {unknown[:5]}")
    note(result, "lost", [place for place in expected if place not in there])
    note(result, "not in the log", [place for place in there if place not in expected])
    note(result, "told under two ids", [place for place, times in there.items() if times > 1])
    again = {name: times - 1 for name, times in came.items() if times > 1 and name in notices}
    outside = [name for name, times in again.items() if times > notices[name]["gaps"]]
    note(result, "doubled outside the gap", [place_of[name] for name in outside])
    note(result, "not over", [
        place_of[name] for name, row in notices.items()
        if row["state"] != "sent" and place_of[name] in expected
    ])  # fmt: skip
    return result, sum(again.values())
