"""What this service does by itself: closing windows, bounding what partners may issue, following payments and points."""

from __future__ import annotations

from typing import Final

from services.partners.app import Partners
from services.partners.commands.close_windows import CloseWindows
from services.partners.commands.disputes.follow_disputes import FollowDisputes
from services.partners.commands.liability.follow_lots import FollowLots
from services.partners.commands.set_floors import SetFloors
from services.partners.commands.settlement.run_states import FollowRuns
from services.partners.commands.settlement.suspend_late import SuspendLate
from services.partners.domain.windows import WindowState
from services.partners.queries.clearing import Clearing
from services.partners.queries.programmes import Programmes
from services.partners.settings import Settings
from services.runtime import logging
from services.runtime.errors import CoalitionError
from services.runtime.scheduler import Job

_log = logging.get(__name__)
_LIMIT_SECONDS: Final = 300.0


class CloseDueWindows:
    """Closes windows of every programme whose boundary has passed; one that cannot be closed holds up no other."""

    def __init__(self, close: CloseWindows, clearing: Clearing, programmes: Programmes) -> None:
        self._close, self._clearing, self._programmes = close, clearing, programmes

    async def __call__(self) -> None:
        """Goes through all programmes once."""
        for registration in await self._programmes.everyone():
            slug = registration.programme.slug
            window, now_us = await self._clearing.oldest_unstated(registration)
            if window.state is WindowState.OPEN and window.ends_at_us > now_us:
                continue
            try:
                stated = await self._close.close(registration)
            except CoalitionError as error:
                _log.warning("window.waiting", programme=slug, window=window.number, error=str(error))
            except Exception:
                _log.exception("window.failed", programme=slug, window=window.number)
            else:
                _log.info("window.stated", programme=slug, windows=[each.number for each in stated])

    def job(self, seconds: float) -> Job:
        """The job, that often."""
        return Job("close-windows", seconds, _LIMIT_SECONDS, self.__call__)


class SetAllFloors:
    """Tells the ledgers of all programmes how far partners with a credit limit may issue; one that fails holds up no other."""

    def __init__(self, set_floors: SetFloors, programmes: Programmes) -> None:
        self._set_floors, self._programmes = set_floors, programmes

    async def __call__(self) -> None:
        """Goes through all programmes once."""
        for registration in await self._programmes.everyone():
            slug = registration.programme.slug
            try:
                sent = await self._set_floors(registration)
            except CoalitionError as error:
                _log.warning("floors.waiting", programme=slug, error=str(error))
            except Exception:
                _log.exception("floors.failed", programme=slug)
            else:
                if sent:
                    _log.info("floors.set", programme=slug, partners=len(sent))

    def job(self, seconds: float) -> Job:
        """The job, that often."""
        return Job("set-floors", seconds, _LIMIT_SECONDS, self.__call__)


class FollowAllRuns:
    """Moves the settlement runs of all programmes to where their payments are, and does what contracts say of who does not pay.

    A programme that fails holds up no other.
    """

    def __init__(self, follow: FollowRuns, suspend: SuspendLate, programmes: Programmes) -> None:
        self._follow, self._suspend, self._programmes = follow, suspend, programmes

    async def __call__(self) -> None:
        """Goes through all programmes once."""
        for registration in await self._programmes.everyone():
            slug = registration.programme.slug
            try:
                moved = await self._follow(registration.programme)
                suspended = await self._suspend(registration.programme)
            except Exception:
                _log.exception("runs.failed", programme=slug)
            else:
                if moved or suspended:
                    _log.info("runs.moved", programme=slug, runs=moved, suspended=len(suspended))

    def job(self, seconds: float) -> Job:
        """The job, that often."""
        return Job("follow-runs", seconds, _LIMIT_SECONDS, self.__call__)


class FollowAllDisputes:
    """Closes the disputes of all programmes that nothing can follow, and tells overdue ones; one that fails holds up no other."""

    def __init__(self, follow: FollowDisputes, programmes: Programmes) -> None:
        self._follow, self._programmes = follow, programmes

    async def __call__(self) -> None:
        """Goes through all programmes once."""
        for registration in await self._programmes.everyone():
            slug = registration.programme.slug
            try:
                moved = await self._follow(registration.programme)
            except Exception:
                _log.exception("disputes.failed", programme=slug)
            else:
                for each in moved:
                    _log.info("disputes.followed", programme=slug, number=each.number, state=each.state.value)

    def job(self, seconds: float) -> Job:
        """The job, that often."""
        return Job("follow-disputes", seconds, _LIMIT_SECONDS, self.__call__)


class FollowAllLots:
    """Follows what becomes of points in all programmes, up to what is stated; one that fails holds up no other."""

    def __init__(self, follow: FollowLots, programmes: Programmes) -> None:
        self._follow, self._programmes = follow, programmes

    async def __call__(self) -> None:
        """Goes through all programmes once."""
        for registration in await self._programmes.everyone():
            slug = registration.programme.slug
            try:
                followed = await self._follow(registration, at_leisure=True)
            except CoalitionError as error:
                _log.warning("lots.waiting", programme=slug, error=str(error))
            except Exception:
                _log.exception("lots.failed", programme=slug)
            else:
                if followed:
                    _log.info("lots.followed", programme=slug, events=followed)

    def job(self, seconds: float) -> Job:
        """The job, that often."""
        return Job("follow-lots", seconds, _LIMIT_SECONDS, self.__call__)


def all_jobs(partners: Partners, settings: Settings) -> tuple[Job, ...]:
    """All of them, as often as the settings say."""
    programmes, follow_seconds = partners.programmes, settings.follow_every_seconds
    settlement = partners.settlement
    return (
        CloseDueWindows(partners.close_windows, partners.clearing, programmes).job(
            settings.close_every_seconds
        ),
        SetAllFloors(partners.set_floors, programmes).job(settings.floor_every_seconds),
        FollowAllRuns(settlement.follow_runs, settlement.suspend_late, programmes).job(follow_seconds),
        FollowAllDisputes(partners.disputing.follow_disputes, programmes).job(follow_seconds),
        FollowAllLots(partners.follow_lots, programmes).job(settings.lots_every_seconds),
    )
