"""Find: a person at a till is looked up, and seen masked."""

from __future__ import annotations

from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.members.commands.guard import Guard
from services.members.domain import access
from services.members.domain.contacts import region_of
from services.members.domain.guarding import Asking, Tally
from services.members.domain.identifiers import (
    GivenIdentifier,
    IdentifierKind,
    read_contact,
    read_identifier,
)
from services.members.domain.member import MemberMatch
from services.members.queries.member import ReadMember
from services.members.storage.lookup_hash import LookupHash
from services.members.storage.member_index import MemberIndex
from services.members.storage.personal import members_with
from services.runtime.database import ReadDatabase
from services.runtime.errors import NotFound, Refused
from services.runtime.principal import Principal


class FindMember:
    """Finds one member by card, customer number, phone, e-mail or id. Unknown ones count against the caller."""

    def __init__(
        self,
        database: ReadDatabase,
        index: MemberIndex,
        lookup: LookupHash,
        read: ReadMember,
        guard: Guard,
    ) -> None:
        self._database, self._index, self._lookup = database, index, lookup
        self._read, self._guard = read, guard

    async def __call__(
        self, principal: Principal, by: GivenIdentifier | UUID, asking: Asking | None
    ) -> MemberMatch:
        """The member, masked. `asking`: whom it counts against; None: nobody.

        Raises PermissionDenied, InvalidRequest (also CARD_NUMBER_INVALID), NotFound (MEMBER_UNKNOWN), Refused
        (IDENTIFIER_AMBIGUOUS), CoalitionError (LOOKUP_LIMITED).
        """
        access.require(principal, access.READ)
        programme = principal.in_programme()
        if asking is not None:
            self._guard.stop(programme.ledger_id, asking)
        try:
            member_id = by if isinstance(by, UUID) else await self._named(principal, by)
            match = await self._seen(principal, member_id)
        except NotFound:
            if asking is not None:
                await self._guard.count(programme, [(asking, Tally(unknown=1))])
                self._guard.stop(programme.ledger_id, asking)
            raise NotFound("no member has this identifier", Reason.REASON_MEMBER_UNKNOWN) from None
        if asking is not None:
            await self._guard.count(programme, [], {asking: {member_id}})
            self._guard.stop(programme.ledger_id, asking)
        return match

    async def _named(self, principal: Principal, given: GivenIdentifier) -> UUID:
        programme = principal.in_programme()
        if given.kind in (IdentifierKind.PHONE, IdentifierKind.EMAIL):
            key = self._lookup.of(programme.ledger_id, read_contact(given, region_of(programme.zone)))
            async with self._database.snapshot() as connection:
                found = await members_with(connection, programme.ledger_id, key)
            if len(found) > 1:
                raise Refused(
                    Reason.REASON_IDENTIFIER_AMBIGUOUS, "more than one member has this; ask for the card"
                )
            if found:
                return found[0]
        else:
            identifier = read_identifier(given, access.partner_of(principal), "identifier.")
            key = self._lookup.of(programme.ledger_id, identifier)
            indexed = (await self._index.find(programme.ledger_id, [key])).get(key)
            if indexed is not None:
                return indexed.member_id
        raise NotFound("no member has this identifier", Reason.REASON_MEMBER_UNKNOWN)

    async def _seen(self, principal: Principal, member_id: UUID) -> MemberMatch:
        member = await self._read.as_seen_by(principal, member_id)
        numbers = [each.value for each in member.identifiers if each.kind is IdentifierKind.PARTNER_CUSTOMER]
        partner_id = access.partner_of(principal)
        return MemberMatch(
            member_id,
            member.status,
            member.anonymous,
            member.card_endings,
            member.personal.initials if member.personal else "",
            numbers[0] if numbers else "",
            partner_id is not None and member.enrolled_by == partner_id,
        )
