"""All statement files of a programme, verified as its partners verify theirs: offline, each against the one kept before it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from coalition.partners.v1 import clearing_pb2 as pb

from services.operations.session import Session
from services.operations.settlement import proof_key, statement_file
from services.runtime.principal import Programme
from services.verifier.statement import Refused, verify

# What one answer of ListStatements may hold.
_PAGE: Final = 100
# A page of all partners never ends inside a window: so many windows a programme may have at most.
_PAGES_MAX: Final = 100_000


@dataclass(frozen=True, slots=True)
class StatementFile:
    """A statement as the service lists it, without its lines, and the file that proves it."""

    statement: pb.Statement
    content: bytes

    @property
    def name(self) -> str:
        """Whose it is, and of which windows."""
        first, last = self.statement.first_window, self.statement.window.number
        return f"{self.statement.party.slug}, windows {first} to {last}"


@dataclass(slots=True)
class Verified:
    """What came of verifying every file. `refused`: each file that is wrong, and why; empty: all are proved."""

    statements: int = 0
    entries: int = 0
    bytes: int = 0
    refused: list[str] = field(default_factory=list[str])

    @property
    def holds(self) -> bool:
        """Whether no file was refused."""
        return not self.refused


async def statement_files(session: Session, programme: Programme) -> AsyncGenerator[StatementFile]:
    """The file of every statement of a programme, oldest first. In memory is one at a time."""
    for statement in await _listed(session, programme):
        pieces = statement_file(session, programme, statement.statement_id)
        yield StatementFile(statement, b"".join([piece async for piece in pieces]))


async def verify_all(
    session: Session, programme: Programme, told: Callable[[int], None] | None = None
) -> Verified:
    """Verifies every statement of a programme with the stand-alone verifier, in a thread beside the caller's loop.

    With the published key, against what the same partner's last file said, against what the service lists, and that all
    partners were given the same checkpoints. `told`: called after each file, with how many there were. Raises the
    services' errors where a file cannot be fetched; what a file fails to prove is in the answer.
    """
    key = (await proof_key(session, programme)).verifier_key
    found, kept, checkpoints = Verified(), dict[bytes, bytes](), dict[int, str]()
    async with aclosing(statement_files(session, programme)) as files:
        async for file in files:
            partner_id = file.statement.party.partner_id
            found.statements += 1
            found.bytes += len(file.content)
            try:
                document = await asyncio.to_thread(_verified, file, key, kept.get(partner_id))
            except Refused as error:
                found.refused.append(f"{file.name}: {error}")
                # The next one of this partner is held to nothing that was refused.
                kept.pop(partner_id, None)
            else:
                found.entries += sum(len(window["entries"]) for window in document["windows"])
                last = {name: document[name] for name in ("checkpoint", "statement")}
                kept[partner_id] = json.dumps(last).encode()
                same = checkpoints.setdefault(file.statement.window.number, document["checkpoint"])
                if same != document["checkpoint"]:
                    found.refused.append(f"{file.name}: other partners were given another checkpoint")
            if told is not None:
                told(found.statements)
    return found


def _verified(file: StatementFile, key: str, previous: bytes | None) -> dict[str, Any]:
    """The document of a file that proves what the service says of its statement. Raises Refused."""
    verify(file.content, key, previous)
    document: dict[str, Any] = json.loads(file.content)
    head, statement = document["statement"], file.statement
    says = {
        "partner_id": statement.party.partner_id.hex(),
        "first_window": statement.first_window,
        "last_window": statement.window.number,
        "net_minor": statement.net.net_minor,
        "opening_minor": statement.opening_minor,
        "closing_minor": statement.closing_minor,
        "objection_until_us": statement.objection_until_us,
    }
    for name, value in says.items():
        if head[name] != value:
            raise Refused(f"{name}: the file proves {head[name]}, the statement says {value}")
    return document


async def _listed(session: Session, programme: Programme) -> list[pb.Statement]:
    """All statements of a programme without their lines, oldest first."""
    listed: list[pb.Statement] = []
    before = 0
    for _ in range(_PAGES_MAX):
        request = pb.ListStatementsRequest(limit=_PAGE, before_window=before)
        page = await session.call(session.clearing.ListStatements, request, programme)
        listed += page.statements
        if not page.has_more:
            break
        before = page.statements[-1].window.number
    listed.reverse()
    return listed
