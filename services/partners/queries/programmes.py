"""Reads of programmes."""

from __future__ import annotations

from typing import Final

from services.partners.domain.programme import Registration
from services.partners.storage import programmes
from services.partners.storage.errors import programme_unknown
from services.runtime.database import Database
from services.runtime.principal import Kind, Principal, Programme

_KEPT_MAX: Final = 10_000


class Programmes:
    """Finds programmes. What is registered never changes, so it is read once and kept."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: dict[str, Registration] = {}

    async def get(self, who: Principal, slug: str) -> Registration:
        """A programme for the caller; a partner finds its own only. Raises NotFound with PROGRAMME_UNKNOWN."""
        if who.kind is Kind.PARTNER and who.in_programme().slug != slug:
            raise programme_unknown()
        return await self.named(slug)

    async def list_all(self, who: Principal) -> list[Registration]:
        """All programmes by slug, for staff and services."""
        who.require_internal()
        return await self.everyone()

    async def named(self, slug: str) -> Registration:
        """A programme. Raises NotFound with PROGRAMME_UNKNOWN."""
        found = self._kept.get(slug)
        if found is None:
            async with self._database.reader.snapshot() as connection:
                found = await programmes.by_slug(connection, slug)
            if found is None:
                raise programme_unknown()
            if len(self._kept) < _KEPT_MAX:
                self._kept[slug] = found
        return found

    async def facts(self, slug: str) -> Programme:
        """What a principal says of a programme. Raises NotFound with PROGRAMME_UNKNOWN."""
        return (await self.named(slug)).programme

    async def everyone(self) -> list[Registration]:
        """All programmes by slug."""
        async with self._database.reader.snapshot() as connection:
            return await programmes.all_of_them(connection)

    async def slugs(self) -> list[str]:
        """The slugs of all programmes."""
        return [found.programme.slug for found in await self.everyone()]
