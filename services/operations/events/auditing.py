"""Compares a stream with the log that it is a copy of, event by event, and puts back what it has lost."""

from __future__ import annotations

import secrets
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from coalition.type.v1.event_record_pb2 import EventRecord

from services.operations.events.logs import Log
from services.runtime.bus import Bus
from services.runtime.errors import InvalidRequest
from services.runtime.looking import Look, publish_again

#: Most positions of one audit: eight bytes of memory each.
POSITIONS_MAX: Final = 5_000_000
_EXAMPLES_MAX: Final = 20
_HASH_BYTES: Final = 8
_NONE: Final = 0

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Range:
    """Positions, both ends included; `last` 0: to where the relay is."""

    first: int = 1
    last: int = 0


@dataclass(slots=True)
class Audit:
    """What was found: of `events` in the range, `missing` are not in the stream as the log has them.

    `differing`: messages at a position of the log that say something else, or at one that it has not. They cannot be
    taken out of the stream. `positions`: the first of those that are missing. `mended`: how many were put back.
    """

    service: str
    first: int
    last: int
    events: int = 0
    doubles: int = 0
    missing: int = 0
    differing: int = 0
    mended: int = 0
    positions: list[int] = field(default_factory=list[int])

    @property
    def holds(self) -> bool:
        """Whether the stream says what the log says."""
        return self.missing == self.mended and not self.differing


class _Copies:
    """The hashes of a range's messages by position: the first of each, and apart what else was there."""

    def __init__(self, first: int, last: int) -> None:
        self._first = first
        self._hashes = array("Q", bytes(_HASH_BYTES * max(0, last - first + 1)))
        self._others: dict[int, list[int]] = {}

    def add(self, record: EventRecord) -> None:
        """Notes a message; those outside of the range are passed over."""
        place, hash_ = record.pos - self._first, hash_of(record)
        if not 0 <= place < len(self._hashes):
            return
        if self._hashes[place] == _NONE:
            self._hashes[place] = hash_
        else:
            self._others.setdefault(record.pos, []).append(hash_)

    def of(self, pos: int) -> list[int]:
        """The hashes of a position, in the stream's order."""
        found = self._hashes[pos - self._first]
        return [] if found == _NONE else [found, *self._others.get(pos, [])]


def hash_of(record: EventRecord) -> int:
    """64 bits of a hash of all that an event says, never 0."""
    said = record.SerializeToString(deterministic=True)
    return int.from_bytes(blake2b(said, digest_size=_HASH_BYTES).digest(), "big") or 1


def _quiet(_what: str, _done: int, _of: int) -> None:
    """Tells nobody."""


async def audit(
    log: Log, bus: Bus, wanted: Range, *, mend: bool = False, progress: Progress = _quiet
) -> Audit:
    """Compares one service's stream with its log in a programme, up to where the relay is.

    With `mend` what is missing is published again. `progress` is told what is done, how far it is and of how much.
    Raises InvalidRequest for a range that is empty or too long.
    """
    relayed = (await log.state()).relayed_pos
    last = min(wanted.last or relayed, relayed)
    if wanted.first < 1 or (wanted.last and wanted.last < wanted.first):
        raise InvalidRequest("a range starts at 1 or later, and ends where it starts or later")
    if last - wanted.first + 1 > POSITIONS_MAX:
        raise InvalidRequest(
            f"an audit is of {POSITIONS_MAX:,} positions at most; the relay is at {relayed:,}: give a range"
        )
    found = Audit(log.stream.service, wanted.first, last)
    copies = await _read_stream(log, bus, found, progress)
    if last < wanted.first:
        return found
    async for block in log.read(wanted.first, last - wanted.first + 1):
        await _compare(log, bus, found, copies, block, mend=mend)
        progress("compared", block[-1].pos - wanted.first + 1, last - wanted.first + 1)
    return found


async def _read_stream(log: Log, bus: Bus, found: Audit, progress: Progress) -> _Copies:
    copies, read = _Copies(found.first, found.last), 0
    subject = f"coalition.{log.programme.slug}.{log.stream.service}.>"
    async with Look(bus, log.stream, subject, live=False) as look:
        while True:
            seen = await look.seen()
            for delivery in seen.deliveries:
                copies.add(delivery.record)
            found.differing += seen.foreign
            read += len(seen.deliveries)
            progress("read", read, 0)
            if not seen.more:
                return copies


async def _compare(
    log: Log, bus: Bus, found: Audit, copies: _Copies, block: Sequence[EventRecord], *, mend: bool
) -> None:
    missing: list[EventRecord] = []
    for record in block:
        there, right = copies.of(record.pos), hash_of(record)
        same = there.count(right)
        found.differing += len(there) - same
        found.doubles += max(0, same - 1)
        if not same:
            missing.append(record)
    found.events += len(block)
    found.missing += len(missing)
    room = max(0, _EXAMPLES_MAX - len(found.positions))
    found.positions += [record.pos for record in missing[:room]]
    if mend and missing:
        await publish_again(bus, log.stream, log.programme.slug, missing, f"mend-{secrets.token_hex(4)}")
        found.mended += len(missing)
