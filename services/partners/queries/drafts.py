"""Reads of drafts."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.partners.domain.drafts import PAGE_MAX, Draft, DraftState
from services.partners.storage import drafts
from services.runtime.clock import MICROS_PER_DAY, wall_now_us
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest, NotFound
from services.runtime.principal import Principal


@dataclass(frozen=True, slots=True)
class DraftsPage:
    """Drafts, newest first, and whether there are more."""

    drafts: list[Draft]
    has_more: bool


class DraftQueries:
    """What staff and services see. `life_days`: how long a draft can be approved."""

    def __init__(self, database: Database, life_days: int) -> None:
        self._database, self._life_us = database, life_days * MICROS_PER_DAY

    async def listed(
        self, who: Principal, *, only_open: bool, limit: int = 0, before: UUID | None = None
    ) -> DraftsPage:
        """A page of the programme's drafts; `limit` 1 to 100, 0: 100; `before`: made before this one."""
        who.require_internal()
        if not 0 <= limit <= PAGE_MAX:
            raise InvalidRequest(f"a page holds 1 to {PAGE_MAX} drafts", field="limit")
        take = limit or PAGE_MAX
        async with self._database.reader.snapshot() as connection:
            found = await drafts.listed(
                connection, who.in_programme().ledger_id, only_open=only_open, before=before, limit=take + 1
            )
        return DraftsPage(found[:take], len(found) > take)

    async def get(self, who: Principal, draft_id: UUID) -> Draft:
        """A draft. Raises NotFound."""
        who.require_internal()
        async with self._database.reader.snapshot() as connection:
            found = await drafts.by_id(connection, who.in_programme().ledger_id, draft_id)
        if found is None:
            raise NotFound("there is no such draft")
        return found

    def expires_at_us(self, draft: Draft) -> int:
        """Until when a draft can be approved, wall clock."""
        return draft.made_at_us + self._life_us

    def state(self, draft: Draft) -> DraftState:
        """How a draft stands now."""
        return draft.state(wall_now_us(), self._life_us)
