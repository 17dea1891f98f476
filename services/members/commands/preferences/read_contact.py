"""ReadContact: whoever writes to members asks how, and that is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.member import MemberStatus
from services.members.domain.preferences.access import require_notifier
from services.members.domain.preferences.channels import contacts_of
from services.members.domain.preferences.consents import ConsentPurpose
from services.members.domain.preferences.writing import (
    ContactPurpose,
    Reading,
    Writable,
    read_purpose,
    read_reason,
    why_not,
)
from services.members.storage.personal import newest_personal
from services.members.storage.preferences.consents import consented
from services.members.storage.preferences.contacts import read_preferences
from services.members.storage.preferences.readings import add_reading
from services.members.storage.reading import MemberReader
from services.runtime.clock import wall_now_us
from services.runtime.database import WriteDatabase
from services.runtime.errors import NotFound
from services.runtime.ids import new_id
from services.runtime.principal import Principal, Programme

ENGLISH: Final = "en"


class ReadContact:
    """Tells how a member is written to, in the transaction that keeps that it was asked.

    `languages` are those of programmes by their slugs, for members who have said none; else English.
    """

    def __init__(self, database: WriteDatabase, reader: MemberReader, languages: Mapping[str, str]) -> None:
        self._database, self._reader, self._languages = database, reader, languages

    async def __call__(
        self, principal: Principal, member_id: UUID, purpose: ContactPurpose | None, reason: str
    ) -> Writable:
        """Raises PermissionDenied for all but the notifications service, InvalidRequest, NotFound."""
        require_notifier(principal)
        why, what_for, programme = read_purpose(purpose), read_reason(reason), principal.in_programme()

        async def work(connection: AsyncConnection) -> Writable:
            told = await self._told(connection, programme, member_id, why)
            reading = Reading(
                new_id(), member_id, why, what_for, wall_now_us(), told.why_not, principal.actor
            )
            await add_reading(connection, programme.ledger_id, reading)
            return told

        return await self._database.run(work)

    async def _told(
        self, connection: AsyncConnection, programme: Programme, member_id: UUID, purpose: ContactPurpose
    ) -> Writable:
        stored = await self._reader.member(connection, programme.ledger_id, member_id)
        if stored is None:
            raise NotFound("no member has this id")
        # Of a member that was erased there is nothing to write to: it has left as well.
        key = stored.key if stored.status is MemberStatus.ACTIVE else None
        agreed = purpose is ContactPurpose.MARKETING and await consented(
            connection, stored.owner, ConsentPurpose.MARKETING
        )
        refusal = why_not(purpose, is_open=key is not None, consented=agreed)
        if key is None or refusal is not None:
            return Writable(refusal)
        personal, _ = await newest_personal(connection, stored.owner, key)
        wanted = await read_preferences(connection, stored.owner, key)
        return Writable(
            language=personal.language or self._languages.get(programme.slug, ENGLISH),
            contacts=contacts_of(personal, wanted.addresses, wanted.channels),
            quiet_hours=wanted.quiet_hours,
            zone=wanted.quiet_hours.zone or programme.zone,
            given_name=personal.given_name,
        )
