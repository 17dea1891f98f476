"""Whether what each subscriber made of the events equals the logs, once, and in the order of each member.

Of a subscriber whose effects are elsewhere (mails at a server) a `Count` says how many effects there are to be, how many there are,
and what is wrong with them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from services.runtime.bus import STREAMS
from services.runtime.database import PgConnection
from tests.events_chaos.listeners import database_url
from tests.events_chaos.wanted import WANTED, Wanted

_EXAMPLES_MAX: Final = 5
_LOG: Final = """SELECT h.programme, l.pos, l.type, l.partner_id, l.payload FROM event_log l JOIN event_head h USING (ledger_id)"""

#: source, programme, position.
Place = tuple[str, str, int]


@dataclass(slots=True)
class Counted:
    """What a subscriber's effects are to be, what they are, and what is wrong."""

    expected: int
    found: int
    wrong: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class Logged:
    """An event as its log has it."""

    type: str
    partner_id: bytes
    payload: bytes


#: Counts effects; is given the environment of the command line, and the logs.
Count = Callable[[Mapping[str, str], Mapping[Place, Logged]], Awaitable[Counted]]


async def logs(environment: Mapping[str, str]) -> dict[Place, Logged]:
    """All events of all services."""
    found: dict[Place, Logged] = {}
    for stream in STREAMS:
        path = urlsplit(environment[f"COALITION_{stream.service.upper()}_DATABASE_URL"]).path
        url = urlsplit(environment["DATABASE_URL"])._replace(path=path).geturl()
        connection = await asyncpg.connect(url)
        try:
            for programme, pos, type_, partner_id, payload in await connection.fetch(_LOG):
                partner = partner_id.bytes if partner_id else b""
                found[stream.service, programme, pos] = Logged(type_, partner, bytes(payload))
        finally:
            await connection.close()
    return found


def expected_of(wanted: Wanted, log: Mapping[Place, Logged], partner: bytes) -> dict[Place, Logged]:
    """What a subscriber has to have written down."""
    sources = {stream.service for stream in wanted.streams}
    return {
        place: logged
        for place, logged in log.items()
        if place[0] in sources and wanted.takes(logged.type, logged.partner_id, partner)
    }


async def counted(
    environment: Mapping[str, str], wanted: Wanted, expected: Mapping[Place, Logged]
) -> Counted:
    """Compares a subscriber's effects with what they are to be."""
    connection = await asyncpg.connect(database_url(environment, wanted.name))
    try:
        rows = await connection.fetch(
            "SELECT source, programme, pos, type, key, payload FROM effect ORDER BY no"
        )
        found = Counter((row["source"], row["programme"], row["pos"]) for row in rows)
        result = Counted(len(expected), len(rows))
        note(result, "lost", [place for place in expected if place not in found])
        note(result, "doubled", [place for place, times in found.items() if times > 1])
        note(result, "not in the log", [place for place in found if place not in expected])
        note(result, "another than the log's", [
            place for row in rows
            if (logged := expected.get(place := (row["source"], row["programme"], row["pos"]))) is not None
            and (logged.type, logged.payload) != (row["type"], bytes(row["payload"]))
        ])  # fmt: skip
        note(result, "out of a member's order", _out_of_order(rows))
        note(result, "set aside still", await _set_aside(connection))
    finally:
        await connection.close()
    return result


def _out_of_order(rows: Sequence[asyncpg.Record]) -> list[Place]:
    last: dict[tuple[str, str, str], int] = {}
    wrong: list[Place] = []
    for row in rows:
        member = row["source"], row["programme"], row["key"]
        if row["key"] and row["pos"] < last.get(member, 0):
            wrong.append((row["source"], row["programme"], row["pos"]))
        last[member] = max(last.get(member, 0), row["pos"])
    return wrong


async def _set_aside(connection: PgConnection) -> list[Place]:
    letters = await connection.fetch("SELECT source, programme, pos FROM dead_letter")
    return [(row["source"], row["programme"], row["pos"]) for row in letters]


def note(result: Counted, what: str, places: Sequence[Place]) -> None:
    """Notes what is wrong, with the first places."""
    if places:
        told = ", ".join(f"{source}/{programme} {pos}" for source, programme, pos in places[:_EXAMPLES_MAX])
        result.wrong.append(f"{len(places):,} {what}: {told}")


async def judge(
    environment: Mapping[str, str], partner: bytes, counts: Mapping[str, Count]
) -> dict[str, Counted]:
    """All subscribers, by name. `counts`: of those whose effects are elsewhere."""
    log = await logs(environment)
    found = {
        wanted.name: await counted(environment, wanted, expected_of(wanted, log, partner))
        for wanted in WANTED.values()
    }
    return found | {name: await count(environment, log) for name, count in counts.items()}
