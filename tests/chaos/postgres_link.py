"""Sees COMMIT pass on a connection to PostgreSQL, and cuts it around that: before, at, or after it and unheard.

Reads as much of the frontend/backend protocol (PostgreSQL 18, chapter 54) as that takes: the messages of the start, and
of those after it the type, what is prepared under which name, and which statement is run.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.chaos.links import Cut
from tests.chaos.schedule import Moment

_NEGOTIATIONS: Final = frozenset({80_877_103, 80_877_104})  # SSLRequest, GSSENCRequest: one byte in answer
_WRITES: Final = re.compile(rb"ledger_write|\b(INSERT|UPDATE|DELETE|COPY)\b", re.IGNORECASE)
_APPLICATION: Final = b"application_name"


@dataclass
class CommitCut:
    """A cut that strikes the next COMMIT of a transaction that wrote, of a process; then calls `struck`."""

    process: str
    moment: Moment
    struck: Callable[[], None]


class CommitCuts:
    """Cuts that wait for their COMMIT, for all connections of a link."""

    def __init__(self) -> None:
        self.armed: list[CommitCut] = []

    def tap(self) -> PostgresTap:
        """A tap for a new connection."""
        return PostgresTap(self)

    def take(self, process: str) -> CommitCut | None:
        """The cut for a process that is about to commit, if one waits for it."""
        for place, cut in enumerate(self.armed):
            if cut.process == process:
                return self.armed.pop(place)
        return None


class PostgresTap:
    """One connection. Passes on whole messages."""

    def __init__(self, cuts: CommitCuts) -> None:
        self._cuts = cuts
        self._up, self._down = bytearray(), bytearray()
        self._started = False
        self._plain_bytes = 0
        self._writing_statements: set[bytes] = set()
        self._wrote = False
        self._in_transaction = False
        self._unheard: CommitCut | None = None
        self._ends: CommitCut | None = None
        self.process = ""

    def from_client(self, data: bytes) -> bytes:
        """Messages that are whole now. Raises Cut before a COMMIT that the server is not to see."""
        self._up += data
        passed = bytearray()
        while self._ends is None and (message := self._next_from_client()):
            passed += message
        return bytes(passed)

    def passed(self) -> None:
        """Raises Cut once a COMMIT is on its way whose end nobody waits for."""
        if self._ends is not None:
            self._ends.struck()
            raise Cut

    def _next_from_client(self) -> bytes:
        head = 5 if self._started else 4
        if len(self._up) < head:
            return b""
        size = struct.unpack_from("!I", self._up, head - 4)[0] + head - 4
        if len(self._up) < size:
            return b""
        message = bytes(self._up[:size])
        del self._up[:size]
        if self._started:
            self._look(message[:1], message[5:])
        else:
            self._start(message[4:])
        return message

    def _start(self, body: bytes) -> None:
        if struct.unpack_from("!I", body)[0] in _NEGOTIATIONS:
            self._plain_bytes += 1
            return
        self._started = True
        words = body[4:].split(b"\0")
        named = dict(zip(words[::2], words[1::2], strict=False))
        self.process = named.get(_APPLICATION, b"").decode().removeprefix("coalition-")

    def _look(self, kind: bytes, body: bytes) -> None:
        if kind == b"P":
            name, text, *_ = body.split(b"\0", 2)
            self._writing_statements.discard(name)
            if _WRITES.search(text):
                self._writing_statements.add(name)
        elif kind == b"B":
            _, name, *_ = body.split(b"\0", 2)
            self._wrote = self._wrote or name in self._writing_statements
        elif kind == b"Q":
            text = body.rstrip(b"\0; \n").upper()
            if text == b"COMMIT" and self._wrote:
                self._commit()
            elif text.startswith(b"BEGIN"):
                self._wrote, self._in_transaction = False, True
            elif text in (b"COMMIT", b"ROLLBACK"):
                self._wrote = False
            elif _WRITES.search(text):
                self._wrote = True
        elif kind == b"S" and self._wrote and not self._in_transaction:
            # A statement by itself is committed at its end.
            self._commit()

    def _commit(self) -> None:
        self._wrote = False
        cut = self._cuts.take(self.process)
        if cut is None:
            return
        if cut.moment is Moment.BEFORE:
            cut.struck()
            raise Cut
        if cut.moment is Moment.AT:
            # The message still goes, and is the last one.
            self._ends = cut
        else:
            self._unheard = cut

    def from_server(self, data: bytes) -> bytes:
        """Messages that are whole now. Raises Cut at the answer to a COMMIT that the client is not to hear."""
        self._down += data
        passed = bytearray()
        while message := self._next_from_server():
            if message.startswith(b"Z") and len(message) > 1:
                self._in_transaction = message[5:6] != b"I"
            if self._unheard is None:
                passed += message
            elif message.startswith(b"Z") or message[5:].startswith(b"COMMIT"):
                self._unheard.struck()
                raise Cut
        return bytes(passed)

    def _next_from_server(self) -> bytes:
        if self._plain_bytes and self._down:
            self._plain_bytes -= 1
            size = 1
        else:
            if len(self._down) < 5:
                return b""
            size = struct.unpack_from("!I", self._down, 1)[0] + 1
            if len(self._down) < size:
                return b""
        message = bytes(self._down[:size])
        del self._down[:size]
        return message
