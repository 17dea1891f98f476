"""Tells members' points that will expire soon, once for a member and a time of expiry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from services.points.commands.every_ledger import EveryLedger
from services.points.commands.open_ledger import Doors
from services.points.storage import ledgers, overdue, policies
from services.points.storage.overdue import Soon
from services.runtime.clock import MICROS_PER_DAY
from services.runtime.database import Database
from services.runtime.event_log import NewEvent
from services.runtime.principal import Programme

# Of one statement; between two the tills have the machine to themselves.
_WALLETS_A_STEP: Final = 2_000
_STEPS_A_RUN: Final = 20
_REST_SECONDS: Final = 0.1
# Told under the head's lock, so few at a time.
_NOTICES_A_TRANSACTION: Final = 200
Tell = Callable[[UUID, int, int, int], bytes]


class TellExpiring:
    """The use case behind the job: every ledger once, each walked on from where the last run had come to."""

    def __init__(self, doors: Doors, database: Database, tell: Tell) -> None:
        self._database, self._tell = database, tell
        self._every_ledger = EveryLedger(doors, database.reader, "tell-expiring")
        self._walked_to: dict[int, int] = {}

    async def __call__(self) -> None:
        """Goes through all ledgers once."""
        await self._every_ledger(self.of)

    async def of(self, programme: Programme) -> int:
        """Tells what expires soon in one ledger, as far as one run goes; answers how many notices that were."""
        told = 0
        for step in range(_STEPS_A_RUN):
            if step:
                await asyncio.sleep(_REST_SECONDS)
            told += await self._step(programme.ledger_id)
            if not self._walked_to[programme.ledger_id]:
                break
        return told

    async def _step(self, ledger_id: int) -> int:
        walked_from = self._walked_to.get(ledger_id, 0)
        async with self._database.reader.snapshot() as connection:
            driver = await connection.driver()
            notice_us = (await policies.current(driver, ledger_id)).policy.notice_days * MICROS_PER_DAY
            if not notice_us:
                self._walked_to[ledger_id] = 0
                return 0
            soon, walked_to = await overdue.expiring(
                driver, ledger_id, walked_from, _WALLETS_A_STEP, notice_us
            )
        told = 0
        for start in range(0, len(soon), _NOTICES_A_TRANSACTION):
            told += await self._note(ledger_id, soon[start : start + _NOTICES_A_TRANSACTION])
        self._walked_to[ledger_id] = walked_to
        return told

    async def _note(self, ledger_id: int, soon: Sequence[Soon]) -> int:
        async with self._database.writer.dedicated() as connection, connection.transaction():
            now_us = (await ledgers.lock_head(connection, ledger_id)).now_us
            new = await overdue.note(connection, ledger_id, soon, now_us)
            events = [
                NewEvent(
                    "points.expiring",
                    self._tell(each.member_id, each.points, each.expires_at_us, now_us),
                    now_us,
                    member_id=each.member_id,
                )
                for each in soon
                if (each.wallet_no, each.expires_at_us) in new
            ]
            if events:
                await ledgers.append_events(connection, ledger_id, events)
        return len(events)
