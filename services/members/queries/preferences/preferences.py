"""How a member wants to be written to, and what it said to purposes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.members.domain import access
from services.members.domain.personal import PersonalData
from services.members.domain.preferences.access import require_keeper
from services.members.domain.preferences.channels import Channel, Contact, contacts_of
from services.members.domain.preferences.consents import Consent
from services.members.domain.preferences.quiet_hours import QuietHours
from services.members.storage.personal import newest_personal
from services.members.storage.preferences.consents import consent_history, standing_consents
from services.members.storage.preferences.contacts import StoredPreferences, read_preferences
from services.members.storage.reading import MemberReader
from services.runtime.database import ReadDatabase
from services.runtime.errors import InvalidRequest, NotFound
from services.runtime.principal import Principal

LIMIT: Final = 20
LIMIT_MAX: Final = 100
_NUMBER_MAX: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Preferences:
    """What stands now, and a page of what was said, newest first; `next_before_number` 0: there is no more.

    `channels` is the order as it was set, `zone` that of the quiet hours.
    """

    contacts: tuple[Contact, ...]
    channels: tuple[Channel, ...]
    quiet_hours: QuietHours
    zone: str
    consents: tuple[Consent, ...]
    history: tuple[Consent, ...]
    next_before_number: int


class ReadPreferences:
    """Reads the preferences of one member."""

    def __init__(self, database: ReadDatabase, reader: MemberReader) -> None:
        self._database, self._reader = database, reader

    async def __call__(
        self, principal: Principal, member_id: UUID, before_number: int, limit: int
    ) -> Preferences:
        """What stands, with the entries before a number (0: all), 20 or as many as asked for.

        The host's own command line is told channels without addresses. Raises NotFound, InvalidRequest, and PermissionDenied also
        for a partner that did not enrol the member.
        """
        require_keeper(principal, access.READ)
        programme = principal.in_programme()
        if not 0 <= limit <= LIMIT_MAX:
            raise InvalidRequest(f"1 to {LIMIT_MAX} may be asked for", field="limit", limit=LIMIT_MAX)
        if not 0 <= before_number <= _NUMBER_MAX:
            raise InvalidRequest("this is no number of an entry", field="before_number")
        entries = limit or LIMIT
        async with self._database.snapshot() as connection:
            stored = await self._reader.member(connection, programme.ledger_id, member_id)
            if stored is None:
                raise NotFound("no member has this id")
            access.require_own_member(principal, stored.enrolled_by)
            personal, wanted = PersonalData(), StoredPreferences()
            if stored.key is not None:
                personal, _ = await newest_personal(connection, stored.owner, stored.key)
                wanted = await read_preferences(connection, stored.owner, stored.key)
            standing = await standing_consents(connection, stored.owner)
            # (One more shows whether there is another page.)
            history = await consent_history(connection, stored.owner, before_number, entries + 1)
        contacts = contacts_of(personal, wanted.addresses, wanted.channels)
        if not access.sees_personal(principal, stored.enrolled_by):
            contacts = tuple(Contact(each.channel, "") for each in contacts)
        return Preferences(
            contacts,
            wanted.channels,
            wanted.quiet_hours,
            wanted.quiet_hours.zone or programme.zone,
            standing,
            history[:entries],
            history[entries - 1].number if len(history) > entries else 0,
        )
