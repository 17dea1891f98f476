"""Where and how members may be written to: what they say to it, who is told, and that it is kept who was."""

import asyncio
import secrets
from typing import Any

import pytest
from coalition.events.v1 import members_pb2 as events_pb
from coalition.members.v1 import contacts_pb2 as pb
from coalition.members.v1 import members_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import CoalitionError, Conflict, InvalidRequest, NotFound, PermissionDenied
from services.runtime.ids import new_id
from services.runtime.principal import Programme
from tests.support.members import READ, WRITE, Caller, RunningMembers

pytestmark = pytest.mark.asyncio(loop_scope="module")
EMAIL, SMS, PUSH, CHAT = pb.CHANNEL_EMAIL, pb.CHANNEL_SMS, pb.CHANNEL_PUSH, pb.CHANNEL_CHAT
SERVICE, MARKETING = pb.CONTACT_PURPOSE_SERVICE, pb.CONTACT_PURPOSE_MARKETING
ADA = {"given_name": "Ada", "phone": "+49301234567", "email": "ada@example.org"}
#: Requests of all calls that change something, but for key and member.
CHANGES: dict[str, Any] = {
    "SetContact": pb.SetContactRequest(channel=PUSH, address="device-1"),
    "RemoveContact": pb.RemoveContactRequest(channel=CHAT),
    "SetConsent": pb.SetConsentRequest(
        purpose=pb.CONSENT_PURPOSE_MARKETING, given=True, wording="2026-1", source="app"
    ),
    "SetQuietHours": pb.SetQuietHoursRequest(from_minute=1_320, to_minute=420),
    "SetChannelOrder": pb.SetChannelOrderRequest(channels=[PUSH]),
}


async def change(caller: Caller, method: str, member_id: bytes, key: str = "", **fields: Any) -> Any:
    """One change of CHANGES, with a new key unless one is given, and other fields where they are."""
    given = {each.name: value for each, value in CHANGES[method].ListFields()}
    identity = {"key": key or secrets.token_hex(8), "member_id": member_id}
    return await caller.ask_contacts(method, type(CHANGES[method])(**{**given, **fields, **identity}))


async def ask(
    caller: Caller, member_id: bytes, purpose: pb.ContactPurpose.ValueType = SERVICE, reason: str = "ntf-1"
) -> pb.GetContactResponse:
    request = pb.GetContactRequest(member_id=member_id, purpose=purpose, reason=reason)
    return await caller.ask_contacts("GetContact", request)


async def preferences(caller: Caller, member_id: bytes, **page: int) -> pb.GetPreferencesResponse:
    return await caller.ask_contacts("GetPreferences", pb.GetPreferencesRequest(member_id=member_id, **page))


async def readings(caller: Caller, **asked: Any) -> list[pb.ContactReading]:
    answer = await caller.ask_contacts("ListContactReadings", pb.ListContactReadingsRequest(**asked))
    return list(answer.readings)


async def ada_of(partner: Caller) -> bytes:
    return (await partner.enrol(personal=members_pb2.PersonalData(**ADA))).member.member_id


async def reason_of(call: Any) -> Reason.ValueType | None:
    try:
        await call
    except CoalitionError as error:
        return error.reason
    return None


async def test_a_consent_is_given_withdrawn_and_given_again_and_all_of_it_is_dated(
    running: RunningMembers, programme: Programme
):
    partner, desk = running.partner(programme), running.staff(programme, "service_desk")
    notifier, member_id = running.service("notifications", programme), await ada_of(partner)
    assert partner.partner_id is not None
    assert (await ask(notifier, member_id, MARKETING)).why_not == "no_consent"
    first = await change(partner, "SetConsent", member_id, "yes")
    assert (await ask(notifier, member_id, MARKETING)).writable
    # Said again under its key, and in the same words: the receipt stays.
    again = await change(partner, "SetConsent", member_id, "yes")
    same = await change(partner, "SetConsent", member_id, source="till-7")
    assert [each.consent.receipt_id for each in (again, same)] == [first.consent.receipt_id] * 2
    assert (first.replayed, again.replayed, same.replayed) == (False, True, False)
    await change(desk, "SetConsent", member_id, given=False, wording="", source="phone")
    refused = await ask(notifier, member_id, MARKETING)
    assert refused == pb.GetContactResponse(writable=False, why_not="no_consent")
    assert (await ask(notifier, member_id, SERVICE)).writable
    third = await change(partner, "SetConsent", member_id, wording="2026-2")
    assert (await ask(notifier, member_id, MARKETING)).writable

    found = await preferences(partner, member_id)
    assert list(found.consents) == [third.consent]
    assert [each.number for each in found.history] == [3, 2, 1]
    assert found.next_before_number == 0
    said = [(each.given, each.wording, each.source) for each in reversed(found.history)]
    assert said == [(True, "2026-1", "app"), (False, "", "phone"), (True, "2026-2", "app")]
    assert [each.partner_id for each in found.history] == [
        partner.partner_id.bytes,
        b"",
        partner.partner_id.bytes,
    ]
    assert [each.actor for each in found.history] == ["key_test", "stf_test", "key_test"]
    times = [each.said_at_us for each in reversed(found.history)]
    assert times == sorted(set(times))
    page = await preferences(partner, member_id, limit=2)
    assert ([each.number for each in page.history], page.next_before_number) == ([3, 2], 2)
    rest = await preferences(partner, member_id, limit=2, before_number=page.next_before_number)
    assert ([each.number for each in rest.history], rest.next_before_number) == ([1], 0)

    events = [
        each for each in await running.points(programme).events() if each.type == "member.consent_changed"
    ]
    told = [events_pb.MemberConsentChanged.FromString(each.payload) for each in events]
    assert told == [
        events_pb.MemberConsentChanged(
            member_id=member_id,
            purpose="marketing",
            given=each.given,
            receipt_id=each.receipt_id,
            said_at_us=each.said_at_us,
        )
        for each in reversed(found.history)
    ]
    assert {each.partner_id for each in events} == {partner.partner_id.bytes}


async def test_whoever_writes_is_told_addresses_in_the_members_order_and_when_to_be_quiet(
    running: RunningMembers, programme: Programme
):
    partner, notifier = running.partner(programme), running.service("notifications", programme)
    member_id = await ada_of(partner)
    plain = await ask(notifier, member_id)
    assert [(each.channel, each.address) for each in plain.contacts] == [
        (EMAIL, "ada@example.org"),
        (SMS, "+49301234567"),
    ]
    assert (plain.language, plain.zone, plain.given_name) == ("en", "Europe/Berlin", "Ada")
    assert (plain.quiet_from_minute, plain.quiet_to_minute) == (0, 0)

    await change(partner, "SetContact", member_id, channel=PUSH, address="device-1")
    await change(partner, "SetContact", member_id, channel=CHAT, address="@ada:example.org")
    await change(partner, "SetContact", member_id, channel=PUSH, address="device-2")
    await change(partner, "SetChannelOrder", member_id, channels=[CHAT, SMS])
    await change(partner, "SetQuietHours", member_id, zone="Asia/Tokyo")
    update = members_pb2.UpdateMemberRequest(
        key="l", member_id=member_id, personal=members_pb2.PersonalData(language="de"), removed=["email"]
    )
    await partner.call("UpdateMember", update)
    told = await ask(notifier, member_id)
    assert [(each.channel, each.address) for each in told.contacts] == [
        (CHAT, "@ada:example.org"),
        (SMS, "+49301234567"),
        (PUSH, "device-2"),
    ]
    assert (told.language, told.zone) == ("de", "Asia/Tokyo")
    assert (told.quiet_from_minute, told.quiet_to_minute) == (1_320, 420)
    found = await preferences(partner, member_id)
    assert (found.contacts, found.zone) == (told.contacts, told.zone)
    assert list(found.channels) == [CHAT, SMS]

    await change(partner, "RemoveContact", member_id, channel=CHAT)
    await change(partner, "SetQuietHours", member_id, from_minute=0, to_minute=0)
    await change(partner, "SetChannelOrder", member_id, channels=[])
    bare = await ask(notifier, member_id)
    assert [each.channel for each in bare.contacts] == [SMS, PUSH]
    assert (bare.quiet_from_minute, bare.quiet_to_minute, bare.zone) == (0, 0, "Europe/Berlin")


async def test_a_change_is_told_once_by_name_and_the_same_again_is_none(
    running: RunningMembers, programme: Programme
):
    partner = running.partner(programme)
    member_id = await ada_of(partner)
    for method in ("SetContact", "SetQuietHours", "SetChannelOrder", "RemoveContact"):
        answers = [(await change(partner, method, member_id, method)).replayed for _ in range(2)]
        assert answers == [False, True]
        assert not (await change(partner, method, member_id)).replayed
    with pytest.raises(Conflict):
        await change(partner, "SetContact", member_id, "SetContact", address="device-9")
    events = [each for each in await running.points(programme).events() if each.type == "member.updated"]
    told = [list(events_pb.MemberUpdated.FromString(each.payload).fields) for each in events]
    # (There was no chat to remove.)
    assert told == [["push"], ["quiet_hours"], ["channels"]]
    assert not any(b"device" in each.payload for each in events)


async def test_each_reading_is_kept_also_of_members_that_are_not_written_to(
    running: RunningMembers, programme: Programme
):
    partner, desk = running.partner(programme), running.staff(programme, "service_desk")
    auditor, notifier = running.staff(programme, "auditor"), running.service("notifications", programme)
    member_id, other = await ada_of(partner), await ada_of(partner)
    await ask(notifier, member_id, SERVICE, "ntf-1")
    await ask(notifier, member_id, MARKETING, "ntf-2")
    await ask(notifier, other, SERVICE, "ntf-3")
    await partner.close(member_id)
    closed = await ask(notifier, member_id, SERVICE, "ntf-4")
    assert closed == pb.GetContactResponse(writable=False, why_not="closed")
    with pytest.raises(NotFound):
        await ask(notifier, new_id().bytes)

    found = await readings(desk)
    assert [(each.member_id, each.purpose, each.reason, each.why_not) for each in found] == [
        (member_id, SERVICE, "ntf-4", "closed"),
        (other, SERVICE, "ntf-3", ""),
        (member_id, MARKETING, "ntf-2", "no_consent"),
        (member_id, SERVICE, "ntf-1", ""),
    ]
    assert all(each.read_at_us > 0 for each in found)
    assert await readings(auditor, member_id=member_id) == [found[0], *found[2:]]
    assert await readings(desk, before_reading_id=found[1].reading_id, limit=1) == [found[2]]
    elsewhere = running.staff(
        Programme(programme.ledger_id + 10_000, "x", "Europe/Berlin", "EUR", is_test=True), "auditor"
    )
    assert await readings(elsewhere) == []


async def test_only_the_notifications_service_is_told_how_to_write(
    running: RunningMembers, programme: Programme
):
    partner = running.partner(programme)
    member_id = await ada_of(partner)
    services = [running.service(issuer, programme) for issuer in running.signers if issuer != "notifications"]
    assert len(services) == 5
    staff = [running.staff(programme, "admin"), running.staff(programme, "service_desk")]
    for caller in (partner, *services, *staff):
        with pytest.raises(PermissionDenied):
            await ask(caller, member_id)
    assert await readings(staff[0]) == []


async def test_who_may_change_and_see_preferences(running: RunningMembers, programme: Programme):
    partner = running.partner(programme)
    member_id = await ada_of(partner)
    others = [
        running.partner(programme),
        running.partner(programme, partner.partner_id, scopes=["points:earn"]),
        running.service("notifications", programme),
        running.service("points", programme),
        running.service("gateway", programme),
        running.staff(programme, "pricing"),
        running.staff(programme),
    ]
    for caller in others:
        for method in CHANGES:
            assert await reason_of(change(caller, method, member_id)) == Reason.REASON_PERMISSION_DENIED
        assert await reason_of(preferences(caller, member_id)) == Reason.REASON_PERMISSION_DENIED
        assert await reason_of(readings(caller)) == Reason.REASON_PERMISSION_DENIED
    assert await reason_of(readings(partner)) == Reason.REASON_PERMISSION_DENIED
    reader = running.partner(programme, partner.partner_id, scopes=[READ])
    writer = running.partner(programme, partner.partner_id, scopes=[WRITE])
    assert await reason_of(change(reader, "SetConsent", member_id)) == Reason.REASON_PERMISSION_DENIED
    assert await reason_of(preferences(writer, member_id)) == Reason.REASON_PERMISSION_DENIED
    for caller in (writer, running.staff(programme, "admin"), running.service("cli", programme)):
        for method in CHANGES:
            await change(caller, method, member_id)
    # The host sees which channels there are; whose addresses they are is for the partner and the desk.
    host = await preferences(running.service("cli", programme), member_id)
    desk = await preferences(running.staff(programme, "service_desk"), member_id)
    assert [each.address for each in desk.contacts] == ["device-1", "ada@example.org", "+49301234567"]
    assert [(each.channel, each.address) for each in host.contacts] == [(PUSH, ""), (EMAIL, ""), (SMS, "")]


async def test_of_a_closed_member_nothing_changes_and_what_it_said_stays_readable(
    running: RunningMembers, programme: Programme
):
    partner = running.partner(programme)
    member_id = await ada_of(partner)
    said = (await change(partner, "SetConsent", member_id)).consent
    await partner.close(member_id)
    for method in CHANGES:
        assert await reason_of(change(partner, method, member_id)) == Reason.REASON_MEMBER_CLOSED
        assert await reason_of(change(partner, method, new_id().bytes)) == Reason.REASON_NOT_FOUND
    assert list((await preferences(partner, member_id)).history) == [said]


async def test_consents_at_once_are_kept_one_after_the_other(running: RunningMembers, programme: Programme):
    partner = running.partner(programme)
    member_id = await ada_of(partner)
    words = [f"2026-{number}" for number in range(6)]
    await asyncio.gather(*(change(partner, "SetConsent", member_id, wording=each) for each in words))
    history = (await preferences(partner, member_id)).history
    assert [each.number for each in history] == [6, 5, 4, 3, 2, 1]
    assert sorted(each.wording for each in history) == words


async def test_what_is_not_right_is_refused_by_its_field_and_never_quoted(
    running: RunningMembers, programme: Programme
):
    partner, notifier = running.partner(programme), running.service("notifications", programme)
    member_id = await ada_of(partner)
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("SetContact", {"channel": EMAIL, "address": "eve@example.org"}, "channel"),
        ("SetContact", {"channel": 99}, "channel"),
        ("RemoveContact", {"channel": SMS}, "channel"),
        ("SetContact", {"address": "secret device"}, "address"),
        ("SetConsent", {"purpose": 0}, "purpose"),
        ("SetConsent", {"wording": ""}, "wording"),
        ("SetConsent", {"source": "secret@example.org"}, "source"),
        ("SetQuietHours", {"from_minute": 1_440}, "from_minute"),
        ("SetChannelOrder", {"channels": [PUSH, PUSH]}, "channels"),
    ]
    for method, fields, field in wrong:
        with pytest.raises(InvalidRequest) as refused:
            await change(partner, method, member_id, **fields)
        assert refused.value.metadata["field"] == field, (method, fields)
        assert "secret" not in str(refused.value)
    assert await reason_of(change(partner, "SetContact", b"short")) == Reason.REASON_INVALID_REQUEST
    key_missing = pb.SetContactRequest(member_id=member_id, channel=PUSH, address="device-1")
    assert (
        await reason_of(partner.ask_contacts("SetContact", key_missing))
        == Reason.REASON_IDEMPOTENCY_KEY_MISSING
    )
    desk = running.staff(programme, "service_desk")
    calls = {
        "purpose": ask(notifier, member_id, pb.CONTACT_PURPOSE_UNSPECIFIED),
        "reason": ask(notifier, member_id, SERVICE, "two words"),
        "limit": preferences(partner, member_id, limit=101),
        "before_number": preferences(partner, member_id, before_number=2**31),
        "before_reading_id": readings(desk, before_reading_id=b"x"),
    }
    for field, call in calls.items():
        with pytest.raises(InvalidRequest) as refused:
            await call
        assert refused.value.metadata["field"] == field
    assert await reason_of(readings(desk, limit=501)) == Reason.REASON_INVALID_REQUEST
