"""What lies in the database tells nobody who a member is."""

import base64
import hashlib
import io
from dataclasses import replace

import asyncpg
import pytest

from services.members import service
from services.members.app import Members
from services.members.commands.authority.send_code import AskedCode
from services.members.commands.preferences.changing import Asked
from services.members.commands.update import Update
from services.members.domain.identifiers import IdentifierKind
from services.members.domain.personal import PersonalData
from services.members.domain.preferences.channels import Channel
from services.members.domain.preferences.consents import ConsentPurpose, Saying
from services.members.domain.preferences.writing import ContactPurpose
from services.members.settings import Settings
from services.members.storage.sealing import SealBroken
from services.runtime.principal import Kind, Programme
from tests.support.keys import key_text
from tests.support.members import (
    READ,
    card_number,
    enrolment,
    partner_principal,
    principal_of,
    with_wrapping_keys,
)
from tests.support.servers import ServiceDatabase

PERSONAL = PersonalData(
    given_name="Wilhelmina",
    family_name="Featherstonehaugh",
    email="wilhelmina.f@post.example",
    phone="+491709876543",
    birth_date="1971-04-23",
    language="de",
)
CUSTOMER_NUMBER = "KD-0815-4711"
OTHER_PHONE = "+491709876500"
PIN = "73918264"
KEY = "k:till-7-receipt-1003"
DEVICE = "device:kJh8-Tq1_Zx:APA91bFeatherstone"
ZONE = "Pacific/Kiritimati"


def forms_of(value: str) -> list[bytes]:
    """The ways in which a careless table would hold a value."""
    plain = value.encode()
    return [
        plain,
        plain.hex().encode(),
        base64.b64encode(plain).rstrip(b"="),
        value.encode("utf-16-le"),
        plain[::-1],
        plain.lower(),
        *(digest for name in ("md5", "sha1", "sha256") for digest in both_forms(name, plain)),
    ]


def both_forms(name: str, plain: bytes) -> tuple[bytes, bytes]:
    digest = hashlib.new(name, plain)
    return digest.digest(), digest.hexdigest().encode()


async def every_table(admin_url: str) -> dict[str, bytes]:
    """All bytes of all columns, as the server stores text and binary values."""
    connection = await asyncpg.connect(admin_url)
    try:
        names = [
            row["table_name"]
            for row in await connection.fetch(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            )
        ]
        contents: dict[str, bytes] = {}
        for name in names:
            output = io.BytesIO()
            await connection.copy_from_table(name, output=output, format="binary")
            contents[name] = output.getvalue()
        return contents
    finally:
        await connection.close()


async def test_no_table_holds_a_personal_value_in_any_plain_form(
    members: Members, database: ServiceDatabase, programme: Programme
):
    partner, card = partner_principal(programme), card_number()
    asked = enrolment(
        (IdentifierKind.CARD, card), (IdentifierKind.PARTNER_CUSTOMER, CUSTOMER_NUMBER), personal=PERSONAL
    )
    enrolled = await members.enrol(partner, asked)
    assert (await members.enrol(partner, asked)).member is None
    change = Update(key_text(), bytes(32), enrolled.member_id, PersonalData(phone=OTHER_PHONE), ("email",))
    await members.update(partner, change)
    await members.employment(partner, enrolled.member_id, None, employed=True)
    app = principal_of(programme, Kind.PARTNER, "members:app", "points:redeem", partner_id=partner.partner_id)
    await members.set_pin(app, enrolled.member_id, PIN)
    await members.check_pin(app, enrolled.member_id, PIN, KEY)
    token = (await members.issue_app_token(app, enrolled.member_id)).text
    await members.use_app_token(app, token, KEY)
    asked = [Asked(key_text(), bytes(32), enrolled.member_id) for _ in range(4)]
    await members.set_preferences.address(partner, asked[0], Channel.PUSH, DEVICE)
    await members.set_preferences.quiet_hours(partner, asked[1], 1_320, 420, ZONE)
    await members.set_preferences.channels(partner, asked[2], [Channel.PUSH])
    saying = Saying(ConsentPurpose.MARKETING, given=True, wording="2026-1", source="till-7")
    await members.set_consent(partner, asked[3], saying)
    notifier = replace(principal_of(programme, Kind.SERVICE), issuer="notifications")
    told = await members.read_contact(notifier, enrolled.member_id, ContactPurpose.SERVICE, "ntf-1")
    assert [each.address for each in told.contacts] == [DEVICE, OTHER_PHONE]
    asked_code = AskedCode(key_text(), bytes(32), enrolled.member_id)
    code = await members.read_code(notifier, (await members.send_code(app, asked_code)).code_id)
    await members.check_code(app, enrolled.member_id, code, KEY)
    await members.close(partner, enrolled.member_id)

    contents = await every_table(database.admin_url)

    assert {
        "member",
        "member_key",
        "member_personal",
        "member_identifier",
        "idempotency",
        "event_log",
    } <= set(contents)
    # The scan does find what is there.
    assert enrolled.member_id.bytes in contents["idempotency"]
    assert all(
        enrolled.member_id.bytes in contents[name]
        for name in contents
        if name.startswith(("member", "contact")) and name != "member_claim"
    )
    # (Of two letters everything is full.)
    personal = [str(getattr(PERSONAL, name)) for name in PERSONAL.__slots__ if name != "language"]
    planted = [card, CUSTOMER_NUMBER, OTHER_PHONE, PIN, KEY, token, code, DEVICE, ZONE, *personal]
    for name, content in contents.items():
        for value in planted:
            for form in forms_of(value):
                assert form not in content, f"{name} holds {value}"


async def test_members_with_the_same_data_have_nothing_in_common(
    members: Members, database: ServiceDatabase, programme: Programme
):
    for _ in range(2):
        await members.enrol(partner_principal(programme), enrolment(personal=PERSONAL))

    connection = await asyncpg.connect(database.admin_url)
    try:
        sealed = await connection.fetch("SELECT sealed_value FROM member_personal WHERE ledger_id = $1",
                                        programme.ledger_id)  # fmt: skip
    finally:
        await connection.close()

    assert len(sealed) == len({row["sealed_value"] for row in sealed}) == 12


async def test_destroying_a_members_key_makes_its_data_unreadable_and_leaves_the_member(
    members: Members, database: ServiceDatabase, programme: Programme
):
    partner, card = partner_principal(programme), card_number()
    asked = enrolment((IdentifierKind.CARD, card), personal=PERSONAL)
    member_id = (await members.enrol(partner, asked)).member_id
    connection = await asyncpg.connect(database.admin_url)
    try:
        await connection.execute("DELETE FROM member_key WHERE member_id = $1", member_id)
    finally:
        await connection.close()

    member = await members.member(partner, member_id)

    assert member.identifiers == ()
    assert member.personal is None
    assert member.enrolled_by == partner.partner_id


@pytest.mark.parametrize(
    "tampering",
    [
        (
            "UPDATE member_personal SET sealed_value = other.sealed_value FROM member_personal other "
            "WHERE member_personal.member_id = $1 AND other.member_id = $2 AND member_personal.field = other.field"
        ),
        (
            "UPDATE member_key SET wrapped_key = other.wrapped_key FROM member_key other "
            "WHERE member_key.member_id = $1 AND other.member_id = $2"
        ),
        (
            "UPDATE member_identifier SET sealed_value = other.sealed_value FROM member_identifier other "
            "WHERE member_identifier.member_id = $1 AND other.member_id = $2 "
            "AND member_identifier.number = other.number"
        ),
        "UPDATE member_key SET wrapping_version = 9 WHERE member_id = $1 AND $2::uuid IS NOT NULL",
    ],
    ids=["personal field", "data key", "identifier", "version"],
)
async def test_a_value_copied_from_another_member_does_not_open(
    members: Members, database: ServiceDatabase, programme: Programme, tampering: str
):
    partner = partner_principal(programme)
    first, second = [(await members.enrol(partner, enrolment(personal=PERSONAL))).member_id for _ in range(2)]
    connection = await asyncpg.connect(database.admin_url)
    try:
        assert await connection.execute(tampering, first, second) != "UPDATE 0"
    finally:
        await connection.close()

    with pytest.raises(SealBroken):
        await members.member(partner, first)
    assert (await members.member(partner, second)).personal == PERSONAL


async def test_a_new_wrapping_key_serves_new_members_and_old_ones_stay_readable(
    members: Members, settings: Settings, database: ServiceDatabase, programme: Programme
):
    partner = partner_principal(programme)
    before = (await members.enrol(partner, enrolment(personal=PERSONAL))).member_id
    rotated = service.build(with_wrapping_keys(settings, f"2:{key_text()}"))
    try:
        after = (await rotated.enrol(partner, enrolment(personal=PERSONAL))).member_id
        connection = await asyncpg.connect(database.admin_url)
        try:
            versions = await connection.fetch("SELECT member_id, wrapping_version FROM member_key "
                                              "WHERE ledger_id = $1", programme.ledger_id)  # fmt: skip
        finally:
            await connection.close()

        assert {row["member_id"]: row["wrapping_version"] for row in versions} == {before: 1, after: 2}
        for member_id in (before, after):
            assert (await rotated.member(partner, member_id)).personal == PERSONAL
    finally:
        await rotated.disconnect()


async def test_an_identifier_is_found_by_the_installation_that_hashed_it_alone(
    members: Members, settings: Settings, programme: Programme
):
    card = card_number()
    await members.enrol(partner_principal(programme), enrolment((IdentifierKind.CARD, card)))
    given = enrolment((IdentifierKind.CARD, card)).identifiers
    reader = principal_of(programme, Kind.STAFF, "admin", READ)
    stranger = service.build(
        settings.model_copy(update={"secret_key": type(settings.secret_key)(key_text())})
    )
    try:
        [found], [unknown] = await members.lookup(reader, given), await stranger.lookup(reader, given)
    finally:
        await stranger.disconnect()

    assert not isinstance(found, Exception)
    assert isinstance(unknown, Exception)
