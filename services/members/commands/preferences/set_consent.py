"""SetConsent: a member says yes or no to a purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.commands.announcing import Announce
from services.members.commands.preferences.changing import Asked, ChangeOnce, Subject
from services.members.domain.events import ConsentChanged
from services.members.domain.preferences.consents import CONSENTS_MAX, Consent, Saying
from services.members.storage.preferences import consents
from services.members.storage.sealing import Owner
from services.runtime.clock import wall_now_us
from services.runtime.database import ReadDatabase
from services.runtime.errors import InvalidRequest
from services.runtime.ids import new_id
from services.runtime.principal import Principal

_OPERATION: Final = "members.set_consent"


@dataclass(frozen=True, slots=True)
class Kept:
    """What a member said, and whether an earlier call with the key kept it."""

    consent: Consent
    replayed: bool


class SetConsent:
    """Keeps what a member says once per key. Who says the same as before, to the same wording, gets the receipt that stands."""

    def __init__(self, database: ReadDatabase, once: ChangeOnce, announce: Announce) -> None:
        self._database, self._once, self._announce = database, once, announce

    async def __call__(self, principal: Principal, asked: Asked, saying: Saying) -> Kept:
        """Raises InvalidRequest beyond so many consents, and what ChangeOnce does."""

        async def change(connection: AsyncConnection, subject: Subject) -> bytes:
            owner = subject.owner
            standing = await consents.standing_consents(connection, owner)
            for each in standing:
                if each.is_repeated_by(saying):
                    return each.receipt_id.bytes
            number = await consents.consents_count(connection, owner) + 1
            if saying.given and number > CONSENTS_MAX:
                raise InvalidRequest(f"a member says something to purposes {CONSENTS_MAX} times at most")
            receipt_id, now_us = new_id(), wall_now_us()
            await consents.add_consent(connection, owner, number, receipt_id, saying, now_us, principal)
            event = ConsentChanged(
                asked.member_id, subject.enrolled_by, saying.purpose, saying.given, receipt_id, now_us
            )
            await self._announce(connection, principal.in_programme(), event)
            return receipt_id.bytes

        receipt, replayed = await self._once(principal, asked, _OPERATION, change)
        owner = Owner(principal.in_programme().ledger_id, asked.member_id)
        async with self._database.snapshot() as connection:
            return Kept(await consents.consent_of(connection, owner, UUID(bytes=receipt)), replayed)
