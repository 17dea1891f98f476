"""Accept a statement: its partner says that it is right, before its silence would."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import UUID

from services.partners.commands.auditing import audited_acceptance
from services.partners.domain.statement import Standing
from services.partners.queries.statements import StatementView
from services.partners.storage import rating, statements
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.errors import NotFound
from services.runtime.principal import Principal

_SCOPE: Final = "statements:accept"


class AcceptStatement:
    """A partner, its own; with scope `statements:accept`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, who: Principal, statement_id: UUID) -> StatementView:
        """The statement with its lines; one that is accepted already, by word or by silence, as it stands.

        Raises NotFound, also where it is another's, PermissionDenied.
        """
        who.require(_SCOPE)
        partner_id, ledger_id = who.as_partner(), who.in_programme().ledger_id
        async with self._database.writer.transaction() as connection:
            found = await statements.by_id(connection, ledger_id, statement_id)
            if found is None or found.net.party_id != partner_id:
                raise NotFound("there is no such statement")
            now_us = wall_now_us() + (await rating.head(connection, ledger_id)).clock_offset_us
            standing = found.standing(now_us)
            if standing is not Standing.OPEN:
                return StatementView(found, standing)
            accepted_at_us = await statements.accept(connection, ledger_id, statement_id, now_us, who.actor)
            if accepted_at_us == now_us:
                await audited_acceptance(connection, who, statement_id)
        return StatementView(replace(found, accepted_at_us=accepted_at_us), Standing.ACCEPTED)
