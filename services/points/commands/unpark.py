"""Posts earns that are parked, as soon as their partners may issue points again.

Nothing but when they are posted depends on it: each is decided anew under the ledger's lock, as any earn that arrives late.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Final
from uuid import UUID

from services.points.commands.every_ledger import EveryLedger
from services.points.commands.open_ledger import Doors
from services.points.domain.earning import EarnRates
from services.points.domain.movements import ParkedEarn
from services.points.storage import ledgers, parks
from services.points.storage.parks import Parked
from services.runtime import logging, telemetry
from services.runtime.clock import MICROS_PER_SECOND
from services.runtime.database import ReadDatabase
from services.runtime.principal import Programme

_log = logging.get(__name__)
_EARNS_A_PAGE: Final = 500
_PAGES_A_RUN: Final = 20
# Handed to the door at once; tills wait no longer for them than for a bulk load's.
_EARNS_A_BATCH: Final = 128
# Where none fitted, the job does not read them all again before headroom or their number change, or so much time has
# passed: a member may have been closed, a rate been set.
_LOOK_AGAIN_SECONDS: Final = 30.0


class UnparkEarns:
    """The use case behind the job: of each partner the earns in the order in which they were parked, each that fits then."""

    def __init__(self, doors: Doors, database: ReadDatabase) -> None:
        self._doors, self._database = doors, database
        self._every_ledger = EveryLedger(doors, database, "unpark-earns")
        # Of partners with more parked than a run goes through: the last that it had come to.
        self._walked_to: dict[tuple[int, UUID], int] = {}
        # Partners of whom none fitted, as they were then, and until when they are left alone.
        self._stuck: dict[tuple[int, UUID], tuple[Parked, float]] = {}
        meter = telemetry.meter()
        self._earns = meter.create_gauge("coalition.points.parked_earns", "{movement}")
        self._oldest = meter.create_gauge("coalition.points.parked_oldest_seconds", "s")

    async def __call__(self) -> None:
        """Goes through all ledgers once, and leaves alone where none fitted and nothing changed since."""
        await self._every_ledger(partial(self.of, only_changed=True))

    async def of(self, programme: Programme, *, only_changed: bool = False) -> int:
        """Posts what fits in one ledger, as far as one run goes; answers how many earns are parked no more."""
        ended, found = 0, await self._parked(programme)
        here = {(programme.ledger_id, of.partner_id) for of in found}
        self._stuck = {
            place: stuck
            for place, stuck in self._stuck.items()
            if place in here or place[0] != programme.ledger_id
        }
        for of in found:
            place = programme.ledger_id, of.partner_id
            before, until = self._stuck.get(place, (None, 0.0))
            if only_changed and before == of and time.monotonic() < until:
                continue
            posted = await self._of_partner(programme, of)
            ended += posted
            if posted or place in self._walked_to:
                self._stuck.pop(place, None)
            else:
                self._stuck[place] = of, time.monotonic() + _LOOK_AGAIN_SECONDS
        if ended:
            _log.info("unpark.done", programme=programme.slug, earns=ended)
            await self._parked(programme)
        return ended

    async def _parked(self, programme: Programme) -> list[Parked]:
        """The partners that have earns parked, having told in metrics how many and for how long."""
        async with self._database.snapshot() as connection:
            driver = await connection.driver()
            found = await parks.partners(driver, programme.ledger_id)
            head = await ledgers.head(driver, programme.ledger_id) if found else None
        since_us = min((of.oldest_us for of in found), default=0)
        waited_us = max(0, head.now_us - since_us) if head is not None else 0
        labels = {"programme": programme.slug}
        self._earns.set(sum(of.earns for of in found), labels)
        self._oldest.set(waited_us // MICROS_PER_SECOND, labels)
        return found

    async def _of_partner(self, programme: Programme, of: Parked) -> int:
        """From the first on, or where the last run had come to. One that does not fit holds up no smaller one behind it."""
        place, headroom, ended = (programme.ledger_id, of.partner_id), of.headroom, 0
        after_seq = self._walked_to.pop(place, 0)
        for _ in range(_PAGES_A_RUN):
            async with self._database.snapshot() as connection:
                driver = await connection.driver()
                page = await parks.of_partner(
                    driver, programme.ledger_id, of.partner_id, after_seq, _EARNS_A_PAGE
                )
                members = [parked.item.member_id for parked in page]
                closed = await parks.closed(driver, programme.ledger_id, members)
                found = await ledgers.list_rates(driver, programme.ledger_id, of.partner_id)
            rates = EarnRates({of.partner_id: [rate for _, rate in found]})
            fitting: list[ParkedEarn] = []
            for parked in page:
                purchase = parked.item.purchase
                rate = rates.at(of.partner_id, parked.item.occurred_at_us)
                points = rate.points_for(purchase.amount_minor - purchase.points_minor) if rate else 0
                if parked.item.member_id in closed:
                    fitting.append(parked)
                elif headroom is None or points <= headroom:
                    fitting.append(parked)
                    headroom = None if headroom is None else headroom - points
            ended += await self._post(programme, fitting)
            if len(page) < _EARNS_A_PAGE:
                break
            after_seq = page[-1].seq
        else:
            self._walked_to[place] = after_seq
        return ended

    async def _post(self, programme: Programme, parked: list[ParkedEarn]) -> int:
        door = await self._doors.to(programme)
        ended = 0
        for start in range(0, len(parked), _EARNS_A_BATCH):
            ended += await door.unpark(parked[start : start + _EARNS_A_BATCH])
        return ended
