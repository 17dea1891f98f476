"""The two disputes of demo.toml: partners say them over the public API, the operator's people decide them.

Everything may be done again: a dispute that is there already is answered again, and what is decided is not decided twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.demo.config import DemoConfig
from services.demo.settling_config import Disputed
from services.demo.staff import People
from services.demo.till import Till, TillError
from services.operations import disputes
from services.operations.session import Session
from services.runtime.principal import Programme

_LINE: Final = "issued"
_AGAIN: Final = "We keep to it: please have somebody else look."


class Disputing:
    """Both sides of both disputes. `tills`: of all partners, by slug."""

    def __init__(
        self, config: DemoConfig, programme: Programme, people: People, tills: Mapping[str, Till], weeks: int
    ) -> None:
        self._disputes, self._programme, self._people, self._tills = config.disputes, programme, people, tills
        self._happens = weeks >= config.disputes.weeks_min

    async def week_closed(self, week: int) -> None:
        """What is said and decided on the day after a week, before a run is made. Raises CoalitionError, TillError."""
        if not self._happens:
            return
        accepted, withheld = self._disputes.accepted, self._disputes.withheld
        for about, mode in ((accepted, "pay_first"), (withheld, "withheld")):
            if week == about.opened_after:
                await self._open(about, mode)
            if week == about.opened_after + 1:
                await self._decide(self._people.maker, about, "opened", about.accepted_minor)
        if week == withheld.opened_after + 1:
            await self._escalate(withheld)
        if week == withheld.opened_after + 2:
            await self._decide(self._people.checker, withheld, "escalated", 0)

    async def _open(self, about: Disputed, mode: str) -> None:
        till = self._tills[about.partner]
        statement = await till.statement(about.statement)
        lines: list[dict[str, Any]] = statement["lines"]
        places = [place for place, line in enumerate(lines, 1) if line["type"] == _LINE]
        if not places:
            raise TillError(f"the statement of week {about.statement} of {about.partner} has no line {_LINE}")
        await till.dispute(
            {
                "statement": statement["id"],
                "line": places[0],
                "claimed_amount": about.minor,
                "ground": about.ground,
                "mode": mode,
                "text": about.says,
            }
        )

    async def _decide(self, who: Session, about: Disputed, state: str, accepted_minor: int) -> None:
        found = await self._dispute(about)
        if found["state"] == state:
            await disputes.decide(who, self._programme, found["number"], accepted_minor, about.answer)

    async def _escalate(self, about: Disputed) -> None:
        found = await self._dispute(about)
        if found["state"] == "accepted":
            await self._tills[about.partner].escalate(found["id"], _AGAIN)

    async def _dispute(self, about: Disputed) -> dict[str, Any]:
        found = await self._tills[about.partner].disputes()
        if len(found) != 1:
            raise TillError(f"{about.partner} has {len(found)} disputes")
        return found[0]
