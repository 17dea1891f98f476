"""Enrol: a person joins the programme."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.commands.announcing import Announce
from services.members.commands.guard import Guard
from services.members.domain import access
from services.members.domain.contacts import region_of
from services.members.domain.events import MemberClaimed, MemberEnrolled
from services.members.domain.guarding import Asking, Tally, asking_of
from services.members.domain.identifiers import (
    GivenIdentifier,
    Identifier,
    IdentifierKind,
    card_endings,
    read_identifiers,
)
from services.members.domain.member import Member, MemberStatus, NewMember
from services.members.domain.personal import PersonalData, read_personal
from services.members.storage.claims import Claims
from services.members.storage.writing import MemberWriter
from services.runtime.clock import in_zone, wall_now_us
from services.runtime.database import WriteDatabase
from services.runtime.errors import Conflict
from services.runtime.idempotency import Idempotency, Scope
from services.runtime.ids import new_id
from services.runtime.principal import Principal, Programme

_OPERATION: Final = "members.enrol"
_PLATFORM: Final = UUID(int=0)
_Once = Callable[[AsyncConnection], Awaitable["Enrolled"]]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What is asked. `fingerprint` is a keyed hash of the request: it tells nothing of what is in it."""

    key: str
    fingerprint: bytes = field(repr=False)
    identifiers: tuple[GivenIdentifier, ...]
    personal: PersonalData


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Who was enrolled, now or by an earlier call with the key.

    `member` is what the caller may see of a member enrolled now; None for one that is read anew: of a replay, and
    where an anonymous member was claimed.
    """

    member_id: UUID
    member: Member | None
    replayed: bool


class Enrol:
    """Enrols once per key, and claims the anonymous member whose card is given.

    Only the member's id is remembered of the answer: nothing personal is kept twice. A card that is given is a look-up, too: it shows
    whether somebody has it. So one of somebody else counts against who asks.
    """

    def __init__(
        self,
        database: WriteDatabase,
        idempotency: Idempotency,
        writer: MemberWriter,
        claims: Claims,
        guard: Guard,
        announce: Announce,
    ) -> None:
        self._database, self._idempotency = database, idempotency
        self._writer, self._claims, self._guard, self._announce = writer, claims, guard, announce

    async def __call__(self, principal: Principal, asked: Enrolment) -> Enrolled:
        """Enrols, or answers who was enrolled by this key before.

        Raises PermissionDenied, InvalidRequest (also CARD_NUMBER_INVALID and IDEMPOTENCY_KEY_MISSING),
        Conflict (IDENTIFIER_TAKEN, IDEMPOTENCY_KEY_REUSED), CoalitionError (LOOKUP_LIMITED) where a card is given, and Unavailable.
        """
        access.require(principal, access.WRITE)
        programme = principal.in_programme()
        partner_id = access.partner_of(principal)
        now_us = wall_now_us()
        new = NewMember(
            member_id=new_id(),
            enrolled_by=partner_id,
            enrolled_at_us=now_us,
            identifiers=read_identifiers(asked.identifiers, partner_id),
            personal=read_personal(
                asked.personal, in_zone(now_us, programme.zone).date(), region_of(programme.zone)
            ),
        )
        scope = Scope(programme.ledger_id, partner_id or _PLATFORM)

        async def once(connection: AsyncConnection) -> Enrolled:
            stored: list[Member | None] = []

            async def work() -> bytes:
                await self._claims.refuse_taken_numbers(connection, programme.ledger_id, new.identifiers)
                claimable = await self._claims.take(connection, programme.ledger_id, new.identifiers)
                if claimable is None:
                    stored.append(await self._store(connection, principal, programme, new))
                    return new.member_id.bytes
                await self._writer.claim(connection, programme.ledger_id, claimable, new, principal)
                await self._announce(connection, programme, MemberClaimed(claimable, partner_id, now_us))
                stored.append(None)
                return claimable.bytes

            answer, _ = await self._idempotency.once(
                connection, scope, asked.key, _OPERATION, asked.fingerprint, work
            )
            return Enrolled(UUID(bytes=answer), stored[0] if stored else None, replayed=not stored)

        asking = asking_of(principal)
        if asking is None or not any(_is_card(each) for each in new.identifiers):
            return await self._again_where_taken(once)
        return await self._counted(programme, asking, new.identifiers, partial(self._again_where_taken, once))

    async def _again_where_taken(self, once: _Once) -> Enrolled:
        try:
            return await self._database.run(once)
        except Conflict as error:
            # A till may have earned with the card since it was looked for: then it can be claimed now.
            if error.reason != Reason.REASON_IDENTIFIER_TAKEN:
                raise
        return await self._database.run(once)

    async def _counted(
        self,
        programme: Programme,
        asking: Asking,
        identifiers: Sequence[Identifier],
        enrol: Callable[[], Awaitable[Enrolled]],
    ) -> Enrolled:
        """Enrols somebody with a card, unless who asks is stopped.

        A card of somebody else counts as one that nobody has does where it is looked up: an honest partner hardly ever meets
        either. One that was free is the new member's now, and told nothing of anybody: a partner that brings its members enrols thousands in an hour.
        """
        self._guard.stop(programme.ledger_id, asking)
        try:
            return await enrol()
        except Conflict as error:
            if any(
                _is_card(each) and error.metadata.get("field") == f"identifiers[{place}]"
                for place, each in enumerate(identifiers)
            ):
                await self._guard.count(programme, [(asking, Tally(unknown=1))])
                self._guard.stop(programme.ledger_id, asking)
            raise

    async def _store(
        self, connection: AsyncConnection, principal: Principal, programme: Programme, new: NewMember
    ) -> Member:
        identifiers = await self._writer.add(connection, programme.ledger_id, new)
        event = MemberEnrolled(new.member_id, new.enrolled_by, new.enrolled_at_us)
        await self._announce(connection, programme, event)
        return Member(
            new.member_id,
            MemberStatus.ACTIVE,
            identifiers,
            new.enrolled_by,
            new.enrolled_at_us,
            new.personal if access.sees_personal(principal, new.enrolled_by) else None,
            card_endings(identifiers),
        )


def _is_card(identifier: Identifier) -> bool:
    return identifier.kind is IdentifierKind.CARD
