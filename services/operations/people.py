"""What the operator does with its people: roles and tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from coalition.partners.v1 import partners_pb2, staff_pb2

from services.operations.amounts import write_time
from services.operations.documents import Document, identity
from services.operations.registry import list_staff
from services.operations.session import Session
from services.runtime.errors import NotFound
from services.runtime.ids import from_text

_ID: Final = "stf_"


async def staff_id(session: Session, person: str) -> bytes:
    """The id of a person by its public form (`stf_…`) or by name. Raises NOT_FOUND, MalformedId."""
    if person.startswith(_ID):
        return from_text("stf", person).bytes
    for each in await list_staff(session):
        if each.name == person:
            return bytes(each.staff_id)
    raise NotFound("nobody of the staff has this name", name=person)


async def set_roles(
    session: Session, person: str, assign: Sequence[str], take_away: Sequence[str]
) -> partners_pb2.Staff:
    """Assigns roles and takes roles away; what is so already stays. Raises NOT_FOUND, INVALID_REQUEST."""
    request = staff_pb2.SetStaffRolesRequest(
        staff_id=await staff_id(session, person), assign=assign, take_away=take_away
    )
    return (await session.call(session.staff.SetStaffRoles, request)).staff


async def issue_token(
    session: Session, person: str, label: str, expires_at_us: int
) -> staff_pb2.IssueStaffTokenResponse:
    """Another token of a person, its secret in this answer and nowhere else; `expires_at_us` 0: it never ends."""
    request = staff_pb2.IssueStaffTokenRequest(
        staff_id=await staff_id(session, person), label=label, expires_at_us=expires_at_us
    )
    return await session.call(session.staff.IssueStaffToken, request)


async def list_tokens(session: Session, person: str) -> Sequence[staff_pb2.StaffToken]:
    """A person's tokens, newest first."""
    request = staff_pb2.ListStaffTokensRequest(staff_id=await staff_id(session, person))
    return (await session.call(session.staff.ListStaffTokens, request)).tokens


async def revoke_token(session: Session, token: str) -> staff_pb2.StaffToken:
    """Revokes a token by its id (`tok_…`). Raises NOT_FOUND, MalformedId."""
    token_id: UUID = from_text("tok", token)
    request = staff_pb2.RevokeStaffTokenRequest(token_id=token_id.bytes)
    return (await session.call(session.staff.RevokeStaffToken, request)).token


def token_document(token: staff_pb2.StaffToken) -> Document:
    """A token, without its secret."""
    return {
        "id": identity("tok", token.token_id),
        "staff_id": identity("stf", token.staff_id),
        "label": token.label,
        "hint": token.hint,
        "issued_at": write_time(token.issued_at_us, "UTC"),
        "expires_at": write_time(token.expires_at_us, "UTC") or None,
        "revoked_at": write_time(token.revoked_at_us, "UTC") or None,
    }


def issued_document(issued: staff_pb2.IssueStaffTokenResponse) -> Document:
    """A token just made, with its secret."""
    return {**token_document(issued.token), "secret": issued.secret}
