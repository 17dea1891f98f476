"""The standing of members by id, for services that keep a projection."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.members.domain import access
from services.members.domain.member import Standing
from services.members.queries.batch import check_batch
from services.members.storage.reading import standings
from services.runtime.database import ReadDatabase
from services.runtime.principal import Principal


class ReadStandings:
    """Reads the standing of up to 1,000 members with one query."""

    def __init__(self, database: ReadDatabase) -> None:
        self._database = database

    async def __call__(self, principal: Principal, member_ids: Sequence[UUID]) -> list[Standing]:
        """One for each id, in the order asked; without a status where the id is not known.

        Raises PermissionDenied; InvalidRequest for none, and with BATCH_TOO_LARGE for more than 1,000.
        """
        access.require(principal, access.READ)
        check_batch("member_ids", len(member_ids))
        ledger_id = principal.in_programme().ledger_id
        async with self._database.snapshot() as connection:
            found = await standings(connection, ledger_id, member_ids)
        return [found.get(member_id) or Standing(member_id, None) for member_id in member_ids]
