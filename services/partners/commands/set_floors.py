"""Set floors: tell the ledger how many points each partner with a credit limit may still issue.

The ledger is asked for balances and the seq that they are of; once rating has reached it, what is owed is counted to that
very seq. So a floor never rests on more points than money, or on less.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from services.partners.clients.points import PARTNERS_A_CALL, Issuance, PointsLedger
from services.partners.commands.book_differences import book_differences
from services.partners.commands.telling import Tell
from services.partners.domain.credit_limits import CreditLimit, OnLimit
from services.partners.domain.events import CreditWarned
from services.partners.domain.gate import (
    Exposure,
    dearest_micros,
    floor_of,
    headroom_micros,
    is_warned,
    is_worth_sending,
    most_micros,
)
from services.partners.domain.netting import MICROS_PER_MINOR
from services.partners.domain.programme import Registration
from services.partners.storage import exposure, rates, rating, rerating, windows
from services.partners.storage.exposure import Standing
from services.partners.storage.settlement.paid import paid
from services.runtime import logging, telemetry
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.principal import Programme

_log = logging.get(__name__)
_POLL_SECONDS: Final = 0.02


class SetFloors:
    """A job of this service. `rating_seconds_max`: how long a run waits for rating to reach the ledger's head."""

    def __init__(
        self, database: Database, tell: Tell, points: PointsLedger, rating_seconds_max: float = 2.0
    ) -> None:
        self._database, self._tell, self._points = database, tell, points
        self._rating_seconds_max = rating_seconds_max

    async def __call__(self, registration: Registration) -> Sequence[UUID]:
        """Counts what the partners of a programme owe, and sends the floors that changed; answers whose were sent.

        Does nothing while rating is far behind: the floors in force still hold, and refuse early. Raises Unavailable where points
        cannot be reached.
        """
        programme = registration.programme
        await self._book_again(programme.ledger_id)
        async with self._database.reader.snapshot() as connection:
            limits = {
                each.partner_id: each for each in await exposure.limits(connection, programme.ledger_id)
            }
        sent: list[UUID] = []
        partner_ids = sorted(limits)
        # What a call answers is of one seq: what is counted for it must be too.
        for start in range(0, len(partner_ids), PARTNERS_A_CALL):
            some = {each: limits[each] for each in partner_ids[start : start + PARTNERS_A_CALL]}
            sent += await self._some(programme, some)
        return sent

    async def _book_again(self, ledger_id: int) -> None:
        """Books re-rates that are rated and not booked: where all was emptied, to be made again from what was agreed."""
        async with self._database.reader.snapshot() as connection:
            rated_seq = (await rating.head(connection, ledger_id)).rated_seq
            missing = await rerating.unbooked_windows(connection, ledger_id, rated_seq)
        for window in missing:
            async with self._database.writer.transaction() as connection:
                await windows.lock(connection, ledger_id)
                await book_differences(connection, ledger_id, window)

    async def _some(self, programme: Programme, limits: Mapping[UUID, CreditLimit]) -> Sequence[UUID]:
        issued = await self._points.issuance(programme, list(limits))
        if not await self._rated_to(programme.ledger_id, issued.as_of_seq):
            _log.warning("floors.waiting", programme=programme.slug, as_of_seq=issued.as_of_seq)
            return []
        with telemetry.span("floors.set", attributes={"partners": len(limits)}):
            floors = await self._count(programme, limits, issued)
            for partner_id, floor in floors.items():
                parks = _parks(limits[partner_id], floor)
                await self._points.set_floor(programme, partner_id, floor, issued.as_of_seq, parks=parks)
                async with self._database.writer.transaction() as connection:
                    await exposure.sent(
                        connection, programme.ledger_id, partner_id, floor, issued.as_of_seq, parks=parks
                    )
        return list(floors)

    async def _rated_to(self, ledger_id: int, seq: int) -> bool:
        """Whether rating reaches a seq soon."""
        deadline = asyncio.get_running_loop().time() + self._rating_seconds_max
        while True:
            async with self._database.reader.snapshot() as connection:
                if (await rating.head(connection, ledger_id)).rated_seq >= seq:
                    return True
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(_POLL_SECONDS)

    async def _count(
        self, programme: Programme, limits: Mapping[UUID, CreditLimit], issued: Issuance
    ) -> dict[UUID, int | None]:
        """Counts on, tells of those that crossed their warning, and answers the floors that are worth sending."""
        ledger_id, floors = programme.ledger_id, dict[UUID, int | None]()
        async with self._database.writer.transaction() as connection:
            now_us = wall_now_us() + (await rating.head(connection, ledger_id)).clock_offset_us
            window = await windows.stated(connection, ledger_id)
            if await rerating.unbooked_windows(connection, ledger_id, issued.as_of_seq):
                # What was agreed is not counted yet: the floors in force still hold.
                return {}
            rerate_number = await rerating.newest_number(connection, ledger_id, issued.as_of_seq)
            parking = await exposure.ever_parking(connection, ledger_id)
            warned: list[CreditWarned] = []
            has_paid = await paid(connection, ledger_id)
            for before in await exposure.locked(connection, ledger_id, list(limits)):
                if before.as_of_seq > issued.as_of_seq:
                    # Another replica has counted further meanwhile.
                    continue
                limit = limits[before.partner_id]
                added = await exposure.since(
                    connection, ledger_id, before, issued.as_of_seq, window, rerate_number
                )
                counted = before.exposure.plus(added)
                # Not counted on but read each time: the database keeps what was paid by now.
                total = counted.plus(has_paid.get(before.partner_id, Exposure()))
                now = replace(
                    before,
                    as_of_seq=issued.as_of_seq,
                    as_of_window=max(before.as_of_window, window),
                    as_of_rerate=max(before.as_of_rerate, rerate_number),
                    exposure=counted,
                    is_warned=is_warned(limit, total),
                )
                await exposure.keep(connection, ledger_id, now)
                if now.is_warned and not before.is_warned:
                    warned.append(_warning(limit, replace(now, exposure=total)))
                versions = await rates.of_partner(connection, ledger_id, before.partner_id)
                balance = issued.balances[before.partner_id]
                dearest = dearest_micros(versions, now_us, may_wait=before.partner_id in parking)
                floor = floor_of(balance, headroom_micros(limit, total), dearest)
                turned = _parks(limit, floor) != before.floor_parks
                if turned or is_worth_sending(floor, before.floor, balance):
                    floors[before.partner_id] = floor
            await self._tell(connection, programme, now_us, warned)
        return floors


def _parks(limit: CreditLimit, floor: int | None) -> bool:
    """Whether the ledger shall park what goes beyond a floor, if there is one."""
    return floor is not None and limit.on_limit is OnLimit.PARK


def _warning(limit: CreditLimit, standing: Standing) -> CreditWarned:
    return CreditWarned(
        standing.partner_id,
        -(-standing.exposure.micros // MICROS_PER_MINOR),
        most_micros(limit, standing.exposure) // MICROS_PER_MINOR,
        limit.warning_percent,
        standing.as_of_seq,
    )
