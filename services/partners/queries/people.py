"""Who acts, as the database knows him now: for whatever rests on a person's roles or tokens."""

from __future__ import annotations

from uuid import UUID

from services.partners.domain.permissions import is_host
from services.partners.domain.staff import Actor, StaffToken
from services.partners.storage import staff
from services.partners.storage.connection import Reads
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.errors import NotFound, PermissionDenied, Unauthenticated
from services.runtime.ids import MalformedId, from_text
from services.runtime.principal import Kind, Principal


def person_of(who: Principal) -> UUID | None:
    """The id of the person that a principal names; None where it names nobody."""
    try:
        return from_text("stf", who.actor) if who.kind is Kind.STAFF else None
    except MalformedId:
        return None


async def actor_now(connection: Reads, who: Principal) -> Actor:
    """Who acts, with the roles of now; the host's own command line as nobody in particular.

    Raises Unauthenticated for a person whose token is unknown, revoked or over, PermissionDenied for partners and services.
    """
    if is_host(who):
        return Actor(None, "", frozenset())
    if who.kind is not Kind.STAFF:
        raise PermissionDenied("this is for the operator's staff", needed="staff")
    staff_id = person_of(who)
    token = await staff.token(connection, who.token_id) if who.token_id else None
    if staff_id is None or token is None or token.staff_id != staff_id or not token.live(wall_now_us()):
        raise Unauthenticated("the token is not good any more")
    found = await staff.by_id(connection, staff_id)
    if found is None:
        raise Unauthenticated
    return Actor(found.staff_id, found.name, frozenset(found.roles))


class StaffTokens:
    """Reads of people's tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_person(self, who: Principal, staff_id: UUID) -> list[StaffToken]:
        """A person's tokens, newest first: for `admin`, `auditor`, the host, and the person itself. Raises NotFound."""
        async with self._database.reader.snapshot() as connection:
            actor = await actor_now(connection, who)
            if actor.staff_id != staff_id:
                actor.require("admin", "auditor")
            if await staff.by_id(connection, staff_id) is None:
                raise NotFound("there is no such person")
            return await staff.tokens_of(connection, staff_id)
