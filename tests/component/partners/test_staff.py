"""People with several tokens, and roles that come and go."""

from __future__ import annotations

import asyncio
import re
from hashlib import sha256

from coalition.partners.v1 import partners_pb2, staff_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.clock import MICROS_PER_DAY, wall_now_us
from services.runtime.ids import new_id
from tests.support.partners_office import Office, Person, refusal

WAYS = ("admin", "pricing", "maker", "checker", "service_desk", "auditor")


async def tokens_of(office: Office, person: Person, by: bytes = b"") -> list[staff_pb2.StaffToken]:
    request = staff_pb2.ListStaffTokensRequest(staff_id=person.staff_id.bytes)
    answer = await grpc_client.call(office.staff.ListStaffTokens, request, by or office.house.as_host())
    return list(answer.tokens)


async def test_a_person_has_several_tokens_and_each_is_he(office: Office) -> None:
    person = await office.person("maker")
    assert re.fullmatch("st_[0-9A-Za-z]{40}", person.secret)
    other = await office.another_token(person, label="laptop")
    assert (other.staff_id, other.roles) == (person.staff_id, ("maker",))
    newest, first = await tokens_of(office, person)
    assert [(each.label, each.hint) for each in (newest, first)] == [
        ("laptop", other.secret[:12]),
        ("first", person.secret[:12]),
    ]
    assert newest.expires_at_us == newest.revoked_at_us == 0
    stored = await office.house.fetch("SELECT * FROM staff_token WHERE staff_id = $1", person.staff_id)
    assert person.secret not in str([dict(row) for row in stored])


async def test_a_revoked_token_opens_nothing_and_the_others_go_on(office: Office) -> None:
    person = await office.person("maker")
    other = await office.another_token(person)
    request = staff_pb2.RevokeStaffTokenRequest(token_id=person.token_id.bytes)
    revoked = await grpc_client.call(office.staff.RevokeStaffToken, request, other.on())
    again = await grpc_client.call(office.staff.RevokeStaffToken, request, office.house.as_host())
    assert 0 < revoked.token.revoked_at_us == again.token.revoked_at_us
    asking = partners_pb2.AuthenticateStaffRequest(token_sha256=_digest(person.secret))
    error = await refusal(office.house.registry.AuthenticateStaff, asking, office.house.as_host())
    assert error.reason == Reason.REASON_UNAUTHENTICATED
    # Its principal, signed before and good for minutes still, does nothing in the registry either.
    programme = await office.house.programme()
    onboarding = partners_pb2.OnboardPartnerRequest(slug="grocer", name="Grocer")
    error = await refusal(office.house.registry.OnboardPartner, onboarding, person.on(programme))
    assert error.reason == Reason.REASON_UNAUTHENTICATED
    await grpc_client.call(office.house.registry.OnboardPartner, onboarding, other.on(programme))


async def test_a_token_ends_by_itself_at_its_time(office: Office) -> None:
    person = await office.person("maker")
    ending = await office.another_token(person, expires_at_us=wall_now_us() + MICROS_PER_DAY)
    await office.house.as_superuser(
        "UPDATE staff_token SET issued_at = now() - interval '2 days', expires_at = now() - interval '1 second' "
        f"WHERE token_id = '{ending.token_id}'"
    )
    asking = partners_pb2.AuthenticateStaffRequest(token_sha256=_digest(ending.secret))
    error = await refusal(office.house.registry.AuthenticateStaff, asking, office.house.as_host())
    assert error.reason == Reason.REASON_UNAUTHENTICATED
    programme = await office.house.programme()
    onboarding = partners_pb2.OnboardPartnerRequest(slug="grocer", name="Grocer")
    error = await refusal(office.house.registry.OnboardPartner, onboarding, ending.on(programme))
    assert error.reason == Reason.REASON_UNAUTHENTICATED
    for moment in (1, wall_now_us() - 1, 2**62):
        request = staff_pb2.IssueStaffTokenRequest(
            staff_id=person.staff_id.bytes, label="x", expires_at_us=moment
        )
        error = await refusal(office.staff.IssueStaffToken, request, office.house.as_host())
        assert (error.reason, error.metadata["field"]) == (Reason.REASON_INVALID_REQUEST, "expires_at_us")


async def test_roles_are_assigned_and_taken_away_in_versions(office: Office) -> None:
    person = await office.person("maker", "pricing")
    changed = await office.set_roles(person, assign=("checker", "maker"), take=("pricing", "auditor"))
    assert list(changed.roles) == ["maker", "checker"]
    assert list((await office.set_roles(person, assign=("pricing",))).roles) == [
        "pricing",
        "maker",
        "checker",
    ]
    rows = await office.house.fetch(
        "SELECT role, version, assigned FROM staff_role WHERE staff_id = $1 ORDER BY role, version",
        person.staff_id,
    )
    assert [tuple(row) for row in rows] == [
        ("checker", 1, True),
        ("maker", 1, True),
        ("pricing", 1, True),
        ("pricing", 2, False),
        ("pricing", 3, True),
    ]
    none = await office.set_roles(person, take=("pricing", "maker", "checker"))
    assert list(none.roles) == []


async def test_two_changes_of_roles_at_once_take_turns(office: Office) -> None:
    person = await office.person("maker")
    await asyncio.gather(
        *(office.set_roles(person, assign=("checker",)) for _ in range(3)),
        *(office.set_roles(person, take=("checker",)) for _ in range(3)),
    )
    rows = await office.house.fetch(
        "SELECT assigned FROM staff_role WHERE staff_id = $1 AND role = 'checker' ORDER BY version",
        person.staff_id,
    )
    assert [row["assigned"] for row in rows] == [place % 2 == 0 for place in range(len(rows))]


async def test_two_admins_who_change_each_other_at_once_take_turns(office: Office) -> None:
    admins = [await office.person("admin"), await office.person("admin")]

    async def change(by: Person, of: Person, role: str) -> None:
        request = staff_pb2.SetStaffRolesRequest(staff_id=of.staff_id.bytes, assign=[role])
        await grpc_client.call(office.staff.SetStaffRoles, request, by.on())
        issuing = staff_pb2.IssueStaffTokenRequest(staff_id=of.staff_id.bytes, label=role)
        await grpc_client.call(office.staff.IssueStaffToken, issuing, by.on())

    one, other = admins
    roles = ("pricing", "maker", "checker", "auditor")
    await asyncio.gather(
        *(change(one, other, role) for role in roles), *(change(other, one, role) for role in roles)
    )
    for each in admins:
        assert len(await tokens_of(office, each)) == 5


async def test_a_change_of_roles_that_says_nothing_or_two_things_is_refused(office: Office) -> None:
    person = await office.person("maker")
    for assign, take, field in (
        ((), (), "assign"),
        (("king",), (), "assign"),
        ((), ("king",), "take_away"),
        (("maker",), ("maker",), "take_away"),
    ):
        request = staff_pb2.SetStaffRolesRequest(
            staff_id=person.staff_id.bytes, assign=assign, take_away=take
        )
        error = await refusal(office.staff.SetStaffRoles, request, office.house.as_host())
        assert (error.reason, error.metadata["field"]) == (Reason.REASON_INVALID_REQUEST, field)


async def test_only_admins_and_the_host_change_people_whatever_a_principal_carries(office: Office) -> None:
    house, person = office.house, await office.person("maker")
    programme = await house.programme()
    partner_id = await house.partner(programme, "grocer", issue=None)
    calls = (
        (office.staff.SetStaffRoles, staff_pb2.SetStaffRolesRequest(staff_id=person.staff_id.bytes, assign=["checker"])),
        (office.staff.IssueStaffToken, staff_pb2.IssueStaffTokenRequest(staff_id=person.staff_id.bytes, label="x")),
        (office.staff.RevokeStaffToken, staff_pb2.RevokeStaffTokenRequest(token_id=person.token_id.bytes)),
        (house.registry.AddStaff, partners_pb2.AddStaffRequest(name=f"Eve {new_id()}", roles=["admin"])),
    )  # fmt: skip
    others = await office.person("pricing", "maker", "checker", "service_desk", "auditor")
    boasting = Person(house, others.staff_id, others.name, others.token_id, "", WAYS)
    for method, request in calls:
        for principal in (
            others.on(),
            boasting.on(),
            house.as_partner(programme, partner_id, *WAYS),
            house.as_gateway(),
        ):
            error = await refusal(method, request, principal)
            assert error.reason == Reason.REASON_PERMISSION_DENIED
        await grpc_client.call(method, request, (await office.person("admin")).on())


async def test_whoever_is_unknown_has_no_tokens_and_no_roles(office: Office) -> None:
    nobody, host = new_id().bytes, office.house.as_host()
    for method, request in (
        (office.staff.IssueStaffToken, staff_pb2.IssueStaffTokenRequest(staff_id=nobody, label="x")),
        (office.staff.RevokeStaffToken, staff_pb2.RevokeStaffTokenRequest(token_id=nobody)),
        (office.staff.ListStaffTokens, staff_pb2.ListStaffTokensRequest(staff_id=nobody)),
        (office.staff.SetStaffRoles, staff_pb2.SetStaffRolesRequest(staff_id=nobody, assign=["maker"])),
    ):
        assert (await refusal(method, request, host)).reason == Reason.REASON_NOT_FOUND


async def test_tokens_are_seen_by_those_whose_they_are_and_by_those_who_watch(office: Office) -> None:
    person = await office.person("maker")
    for by in (person, await office.person("auditor"), await office.person("admin")):
        assert len(await tokens_of(office, person, by.on())) == 1
    request = staff_pb2.ListStaffTokensRequest(staff_id=person.staff_id.bytes)
    error = await refusal(office.staff.ListStaffTokens, request, (await office.person("maker")).on())
    assert error.reason == Reason.REASON_PERMISSION_DENIED


async def test_a_person_has_at_most_20_live_tokens(office: Office) -> None:
    person = await office.person("maker")
    for number in range(19):
        await office.another_token(person, label=f"machine {number}")
    request = staff_pb2.IssueStaffTokenRequest(staff_id=person.staff_id.bytes, label="one more")
    error = await refusal(office.staff.IssueStaffToken, request, office.house.as_host())
    assert error.reason == Reason.REASON_INVALID_REQUEST
    revoking = staff_pb2.RevokeStaffTokenRequest(token_id=person.token_id.bytes)
    await grpc_client.call(office.staff.RevokeStaffToken, revoking, office.house.as_host())
    await grpc_client.call(office.staff.IssueStaffToken, request, office.house.as_host())


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
