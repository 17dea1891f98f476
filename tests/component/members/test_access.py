"""Who may call what: each RPC, each kind of caller."""

from typing import Any

import grpc
import grpc.aio
import pytest
from coalition.members.v1 import members_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id
from services.runtime.principal import Kind, Programme
from tests.support.members import CARD, READ, WRITE, Caller, RunningMembers, card_number, identifier

pytestmark = pytest.mark.asyncio(loop_scope="module")

REQUESTS: dict[str, tuple[Any, str]] = {
    "Enrol": (pb.EnrolRequest(key="k"), WRITE),
    "FindMember": (pb.FindMemberRequest(identifier=identifier(CARD, card_number())), READ),
    "UpdateMember": (pb.UpdateMemberRequest(key="k", member_id=new_id().bytes), WRITE),
    "SetEmployment": (pb.SetEmploymentRequest(member_id=new_id().bytes, employed=True), WRITE),
    "GetMember": (pb.GetMemberRequest(member_id=new_id().bytes), READ),
    "LookupMembers": (pb.LookupMembersRequest(identifiers=[identifier(CARD, card_number())]), READ),
    "GetStandings": (pb.GetStandingsRequest(member_ids=[new_id().bytes]), READ),
    "CloseMember": (pb.CloseMemberRequest(member_id=new_id().bytes), WRITE),
}
#: What is told of members that are not there to those who may ask; staff names an employer besides.
ANSWERED = (
    None,
    Reason.REASON_NOT_FOUND,
    Reason.REASON_MEMBER_UNKNOWN,
    Reason.REASON_INVALID_REQUEST,
)


async def reason_of(caller: Caller, method: str) -> Reason.ValueType | None:
    try:
        if method == "ReadEvents":
            await caller.events()
        else:
            await caller.call(method, REQUESTS[method][0])
    except CoalitionError as error:
        return error.reason
    return None


@pytest.mark.parametrize("method", [*REQUESTS, "ReadEvents"])
async def test_without_a_principal_nothing_is_answered(
    running: RunningMembers, programme: Programme, method: str
):
    nobody = Caller(running.stub, b"", programme)
    stranger = Caller(running.stub, b"x" * 200, programme)

    assert await reason_of(nobody, method) == Reason.REASON_UNAUTHENTICATED
    assert await reason_of(stranger, method) == Reason.REASON_UNAUTHENTICATED


async def test_a_call_without_the_metadata_is_unauthenticated(running: RunningMembers):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await running.stub.GetMember(pb.GetMemberRequest())

    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("method", REQUESTS)
async def test_a_partner_needs_the_scope_of_the_call(
    running: RunningMembers, programme: Programme, method: str
):
    needed = REQUESTS[method][1]
    with_scope = running.partner(programme, scopes=[needed])
    without = running.partner(programme, scopes=[READ if needed == WRITE else WRITE, "points:earn"])

    assert await reason_of(with_scope, method) in ANSWERED
    assert await reason_of(without, method) == Reason.REASON_PERMISSION_DENIED


@pytest.mark.parametrize("method", [*REQUESTS, "ReadEvents"])
async def test_staff_needs_the_service_desk_or_admin_role(
    running: RunningMembers, programme: Programme, method: str
):
    for role in ("service_desk", "admin"):
        assert await reason_of(running.staff(programme, role), method) in ANSWERED
    for roles in (("pricing", "maker"), ()):
        assert await reason_of(running.staff(programme, *roles), method) == Reason.REASON_PERMISSION_DENIED, (
            roles
        )


@pytest.mark.parametrize("method", [*REQUESTS, "ReadEvents"])
async def test_a_service_may_call_everything(running: RunningMembers, programme: Programme, method: str):
    assert await reason_of(running.points(programme), method) in ANSWERED


async def test_a_partner_does_not_read_the_event_log(running: RunningMembers, programme: Programme):
    assert await reason_of(running.partner(programme), "ReadEvents") == Reason.REASON_PERMISSION_DENIED


@pytest.mark.parametrize("method", [*REQUESTS, "ReadEvents"])
async def test_a_principal_without_a_programme_is_refused(
    running: RunningMembers, programme: Programme, method: str
):
    token = running.signers["gateway"].sign(Kind.SERVICE, "gateway", None)

    assert await reason_of(Caller(running.stub, token, programme), method) == Reason.REASON_PERMISSION_DENIED
