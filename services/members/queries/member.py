"""One member, as the caller may see it."""

from __future__ import annotations

from uuid import UUID

from services.members.domain import access
from services.members.domain.identifiers import IdentifierKind, card_endings
from services.members.domain.member import Member
from services.members.storage.employments import employers_of
from services.members.storage.reading import MemberReader
from services.runtime.database import ReadDatabase
from services.runtime.errors import NotFound
from services.runtime.principal import Principal


class ReadMember:
    """Reads one member."""

    def __init__(self, database: ReadDatabase, reader: MemberReader) -> None:
        self._database, self._reader = database, reader

    async def __call__(self, principal: Principal, member_id: UUID) -> Member:
        """The member with the caller's own customer numbers, and what else it may see.

        Whole card numbers are shown to the partner that enrolled or claimed the member, to staff and to services; personal
        fields to that partner and to staff. Raises NotFound
        and PermissionDenied.
        """
        access.require(principal, access.READ)
        return await self.as_seen_by(principal, member_id)

    async def as_seen_by(self, principal: Principal, member_id: UUID) -> Member:
        """The same without asking for the scope to read: the answer of a write. Raises NotFound."""
        ledger_id = principal.in_programme().ledger_id
        async with self._database.snapshot() as connection:
            stored = await self._reader.member(connection, ledger_id, member_id)
            if stored is None:
                raise NotFound("no member has this id")
            identifiers = await self._reader.identifiers(connection, stored, access.partner_of(principal))
            endings = card_endings(identifiers)
            if not access.sees_cards(principal, stored.enrolled_by):
                identifiers = tuple(each for each in identifiers if each.kind is not IdentifierKind.CARD)
            personal = None
            if access.sees_personal(principal, stored.enrolled_by):
                personal = await self._reader.personal(connection, stored)
            employers = await employers_of(connection, ledger_id, [member_id])
        return Member(
            member_id,
            stored.status,
            identifiers,
            stored.enrolled_by,
            stored.enrolled_at_us,
            personal,
            endings,
            stored.anonymous,
            access.partner_of(principal) in employers.get(member_id, ()),
        )
