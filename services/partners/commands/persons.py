"""Who acts in a command that rests on his roles: read in its transaction, and kept as they are until it ends."""

from __future__ import annotations

from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.drafts import Person
from services.partners.domain.staff import Actor
from services.partners.queries.people import actor_now, person_of
from services.partners.storage import staff
from services.runtime.errors import Unauthenticated, error_of
from services.runtime.principal import Kind, Principal


async def acting_now(connection: AsyncConnection, who: Principal, *others: UUID) -> Actor:
    """Who acts; his roles and tokens, and those of `others`, stay as they are until this transaction ends.

    Raises Unauthenticated, PermissionDenied.
    """
    person = person_of(who)
    await staff.hold(connection, {person, *others} if person else others)
    return await actor_now(connection, who)


async def acting_on(connection: AsyncConnection, who: Principal, staff_id: UUID) -> Actor:
    """As `acting_now`, to change a person's roles or tokens: that takes turns with all that rests on them."""
    person = person_of(who)
    # The actor's too, although he stays as he is: two that change each other would wait for each other else.
    await staff.hold(connection, {person, staff_id} if person else {staff_id}, to_change=True)
    return await actor_now(connection, who)


async def person_now(connection: AsyncConnection, who: Principal, *others: UUID) -> tuple[Actor, Person]:
    """As `acting_now`, for what takes a person: the host's command line, services and partners are none.

    Raises PermissionDenied with PERSON_NEEDED, Unauthenticated.
    """
    if who.kind is not Kind.STAFF:
        raise error_of(
            Reason.REASON_PERSON_NEEDED, "this takes a person of the staff with a token of his own", {}
        )
    actor = await acting_now(connection, who, *others)
    if actor.staff_id is None:
        raise Unauthenticated
    return actor, Person(actor.staff_id, actor.name)
