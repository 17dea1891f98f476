"""Reads and checks of the audit log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from services.partners.domain.permissions import require_role
from services.partners.storage import audit
from services.partners.storage.errors import programme_unknown
from services.runtime.audit import NOTHING_BEFORE, AuditHead, AuditRow, ChainWalk
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Principal

_HOST_CHAIN: Final = 0


@dataclass(frozen=True, slots=True)
class AuditBlock:
    """Rows in order; with the last of them where the chain ends."""

    rows: list[AuditRow]
    head: AuditHead | None


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """What a check found: where the chain ends, how many rows were read, and the faults, which name the rows."""

    head: AuditHead
    rows: int
    faults: tuple[str, ...]


class AuditLog:
    """Staff with role `auditor` or `admin`, and the host's own command line.

    The chain is that of the programme in which the caller acts; without one, that of the host.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(
        self, who: Principal, from_number: int, limit: int, newest: int
    ) -> AsyncIterator[AuditBlock]:
        """Rows from a number on (0: 1), at most `limit` (0: all); or only the `newest` so many. The head comes last."""
        ledger_id = _chain_of(who)
        if min(from_number, limit, newest) < 0:
            raise InvalidRequest("numbers are not negative", field="from_number")
        async with self._database.reader.snapshot() as connection:
            head = await audit.head(connection, ledger_id)
            if head is None:
                raise programme_unknown()
            first = max(head.number - newest + 1, 1) if newest else max(from_number, 1)
            async for rows in audit.blocks(connection, ledger_id, first, limit):
                yield AuditBlock(rows, None)
        yield AuditBlock([], head)

    async def check(self, who: Principal) -> AuditFinding:
        """Recomputes the whole chain from what is in the database now. Raises NotFound with PROGRAMME_UNKNOWN."""
        ledger_id = _chain_of(who)
        walk = ChainWalk(ledger_id)
        async with self._database.reader.snapshot() as connection:
            async for rows in audit.blocks(connection, ledger_id, 0):
                for row in rows:
                    walk.add(row)
            head = await audit.head(connection, ledger_id)
        if head is None and not walk.rows:
            raise programme_unknown()
        walk.end(head)
        return AuditFinding(head or AuditHead(ledger_id, 0, NOTHING_BEFORE), walk.rows, walk.faults())


def _chain_of(who: Principal) -> int:
    require_role(who, "auditor", "admin")
    return who.programme.ledger_id if who.programme else _HOST_CHAIN
