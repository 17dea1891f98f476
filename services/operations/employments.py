"""For whom members work, as the service desk sets and sees it: there they spend no points."""

from __future__ import annotations

from uuid import UUID

from coalition.members.v1 import members_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.operations.documents import Document
from services.operations.registry import list_partners
from services.operations.session import Session
from services.operations.wallets import MEMBER_PREFIX, find_member
from services.runtime.errors import NotFound
from services.runtime.ids import to_text
from services.runtime.principal import Programme


async def set_employment(
    session: Session, programme: Programme, member: str, partner: str, *, employed: bool
) -> list[Document]:
    """Says whether a member (id or card) works for a partner (by its slug); answers as `employers` does.

    Saying the same again changes nothing. Raises what find_member and SetEmployment do, PARTNER_UNKNOWN.
    """
    request = pb.SetEmploymentRequest(
        member_id=await find_member(session, programme, member),
        partner_id=await session.partner_id(programme, partner),
        employed=employed,
    )
    await session.call(session.members.SetEmployment, request, programme)
    return await employers(session, programme, member)


async def employers(session: Session, programme: Programme, member: str) -> list[Document]:
    """The partners that a member (id or card) works for, by slug. Raises what find_member does, MEMBER_UNKNOWN."""
    member_id = await find_member(session, programme, member)
    request = pb.GetStandingsRequest(member_ids=[member_id])
    (standing,) = (await session.call(session.members.GetStandings, request, programme)).standings
    if standing.status == pb.MEMBER_STATUS_UNSPECIFIED:
        # (An id is taken at its word until here.)
        raise NotFound(f"no member is {member}", Reason.REASON_MEMBER_UNKNOWN)
    slugs = {bytes(each.partner_id): each.slug for each in await list_partners(session, programme)}
    told = to_text(MEMBER_PREFIX, UUID(bytes=member_id))
    return [
        {"member": told, "partner": slug}
        for slug in sorted(slugs[bytes(each)] for each in standing.employers)
    ]
