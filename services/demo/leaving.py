"""The partner of demo.toml that leaves when all is sold: told a week ahead, refused since, and at last bought out.

Everything may be done again: where a partner stands already is looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from services.demo.config import DemoConfig
from services.demo.staff import People
from services.demo.till import Till, TillError
from services.demo.weeks import weeks
from services.operations import standing
from services.operations.session import Session
from services.operations.standing import Wanted
from services.runtime.clock import to_micros
from services.runtime.principal import Programme

_KIND: Final = "partner_standing"
_REFUSED: Final = "partner_exited"


class Leaving:
    """What is done about it. `sold`: the number of weeks with purchases; `tills`: of all partners, by slug; `card`: a member's."""

    def __init__(
        self,
        config: DemoConfig,
        programme: Programme,
        people: People,
        tills: Mapping[str, Till],
        sold: int,
        card: str,
    ) -> None:
        about = config.programme
        self._about, self._programme, self._people = config.leaving, programme, people
        self._till, self._card, self._sold = tills[config.leaving.partner], card, sold
        self._weeks = weeks(about.clock_start, sold + config.leaving.quiet_weeks, about.zone)

    async def week_closed(self, week: int) -> None:
        """What is done on the day after a week. Raises CoalitionError; TillError where it is not refused what it should be."""
        if self._sold < self._about.weeks_min:
            return
        last = self._weeks[-1]
        if week == self._sold - 1:
            starts, ends = self._weeks[self._sold].starts_at, to_micros(last.starts_at)
            await self._stand(Wanted("exiting", to_micros(starts), ends, ends, self._about.why), 1)
        elif week == last.number - 1:
            await self._ask_in_vain(last.starts_at)
            why, rate = self._about.why, self._about.buy_out_bp
            gone = Wanted("exited", to_micros(last.starts_at), reason=why, buy_out_bp=rate)
            await self._stand(gone, 2)

    async def _stand(self, wanted: Wanted, version: int) -> None:
        """Has a standing proposed and approved, where that was not done before."""
        slug, why = self._about.partner, self._about.why
        found = await standing.get_standing(self._people.checker, self._programme, slug)
        if len(found.versions) >= version:
            return

        async def propose(maker: Session) -> standing.Draft:
            return await standing.propose_standing(maker, self._programme, slug, wanted, why)

        await self._people.make(self._programme, _KIND, slug, propose, why)

    async def _ask_in_vain(self, at: datetime) -> None:
        code = await self._till.refusal(self._card, at)
        if code != _REFUSED:
            raise TillError(f"a sale of {self._about.partner}, which leaves, is answered {code}")
