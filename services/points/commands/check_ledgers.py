"""Proves the invariants of every ledger again and again, and tells where one does not hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.points.commands.every_ledger import EveryLedger
from services.points.commands.open_ledger import Doors
from services.points.queries.check_ledger import CheckLedger
from services.points.storage import ledgers
from services.points.storage.proofs import Finding
from services.runtime import logging, telemetry
from services.runtime.database import Database
from services.runtime.event_log import NewEvent
from services.runtime.principal import Programme

_log = logging.get(__name__)
Tell = Callable[[int, Sequence[Finding], int], bytes]


class CheckLedgers:
    """The use case behind the job."""

    def __init__(self, doors: Doors, database: Database, check: CheckLedger, tell: Tell) -> None:
        self._database, self._check, self._tell = database, check, tell
        self._every_ledger = EveryLedger(doors, database.reader, "check-ledgers")
        self._broken = telemetry.meter().create_gauge("coalition.points.broken_invariants", "{invariant}")

    async def __call__(self) -> None:
        """Goes through all ledgers once. Not proved is not proved: the next run tries again, and the log says so."""
        await self._every_ledger(self.of)

    async def of(self, programme: Programme) -> list[Finding]:
        """Checks one ledger; answers what does not hold, having told it in metric, log and event."""
        as_of_seq, findings = await self._check(programme.ledger_id)
        broken = [finding for finding in findings if not finding.holds]
        self._broken.set(len(broken), {"programme": programme.slug})
        for finding in broken:
            _log.error(
                "ledger.breached", programme=programme.slug, seq=as_of_seq, invariant=finding.number,
                name=finding.name, breaches=finding.breaches,
            )  # fmt: skip
        if broken:
            await self._tell_all(programme, as_of_seq, broken)
        return broken

    async def _tell_all(self, programme: Programme, as_of_seq: int, broken: Sequence[Finding]) -> None:
        async with self._database.writer.dedicated() as connection, connection.transaction():
            head = await ledgers.lock_head(connection, programme.ledger_id)
            payload = self._tell(as_of_seq, broken, head.now_us)
            event = NewEvent(
                "ledger.breached", payload, head.now_us, traceparent=telemetry.current_traceparent()
            )
            await ledgers.append_events(connection, programme.ledger_id, [event])
