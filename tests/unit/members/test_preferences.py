"""Quiet hours, consents, channels and reasons, as they are read; and who is written to where first."""

from uuid import UUID

import pytest

from services.members.domain.personal import PersonalData
from services.members.domain.preferences.channels import (
    Channel,
    Contact,
    contacts_of,
    read_address,
    read_kept,
    read_order,
)
from services.members.domain.preferences.consents import Consent, ConsentPurpose, Saying, read_saying
from services.members.domain.preferences.quiet_hours import NO_QUIET_HOURS, QuietHours, read_quiet_hours
from services.members.domain.preferences.writing import (
    ContactPurpose,
    WhyNot,
    read_purpose,
    read_reason,
    why_not,
)
from services.runtime.errors import InvalidRequest

EMAIL, SMS, PUSH, CHAT = Channel
PERSONAL = PersonalData(given_name="Ada", email="ada@example.org", phone="+49301234567")
YES = Saying(ConsentPurpose.MARKETING, given=True, wording="2026-1", source="app")
NO = Saying(ConsentPurpose.MARKETING, given=False, wording="", source="phone")


@pytest.mark.parametrize(
    ("begin", "end", "zone"),
    [
        (1_320, 420, "Europe/Sofia"),
        (0, 480, ""),
        (1_320, 0, ""),
        (0, 1_439, "Asia/Tokyo"),
        (1_439, 1_438, ""),
    ],
)
def test_quiet_hours_lie_in_a_day_or_over_midnight(begin: int, end: int, zone: str):
    assert read_quiet_hours(begin, end, zone) == QuietHours(begin, end, zone)


def test_both_minutes_zero_are_no_quiet_hours():
    assert read_quiet_hours(0, 0, "") == NO_QUIET_HOURS


@pytest.mark.parametrize(
    ("begin", "end", "zone", "field"),
    [
        (1_440, 0, "", "from_minute"),
        (0, 1_440, "", "to_minute"),
        (4_294_967_295, 0, "", "from_minute"),
        (600, 600, "", "to_minute"),
        (0, 0, "Europe/Berlin", "zone"),
        (1, 2, "Europe/Atlantis", "zone"),
        (1, 2, "../etc/passwd", "zone"),
        (1, 2, "Europe/Berlin\0", "zone"),
    ],
)
def test_other_quiet_hours_are_refused_by_their_field(begin: int, end: int, zone: str, field: str):
    with pytest.raises(InvalidRequest) as refused:
        read_quiet_hours(begin, end, zone)

    assert refused.value.metadata["field"] == field


def test_a_withdrawal_needs_no_wording_and_a_consent_does():
    assert read_saying(ConsentPurpose.MARKETING, given=False, wording="", source="phone") == NO
    assert read_saying(ConsentPurpose.MARKETING, given=True, wording="2026-1", source="app") == YES
    with pytest.raises(InvalidRequest) as refused:
        read_saying(ConsentPurpose.MARKETING, given=True, wording="", source="app")
    assert refused.value.metadata == {"field": "wording"}


@pytest.mark.parametrize("text", ["x" * 65, "two words", "ada@example.org", "Ädä", "a\n", "a\0"])
def test_labels_that_could_say_who_it_is_are_refused(text: str):
    for name, fields in (("wording", {"source": "app"}), ("source", {"wording": "2026-1"})):
        with pytest.raises(InvalidRequest) as refused:
            read_saying(ConsentPurpose.MARKETING, given=False, **{name: text, **fields})
        assert refused.value.metadata == {"field": name}
        assert text not in str(refused.value)


def test_who_says_the_same_to_another_wording_says_something_new():
    def said(saying: Saying) -> Consent:
        return Consent(1, UUID(int=1), saying, 1, None, "stf_test")

    other = Saying(ConsentPurpose.MARKETING, given=True, wording="2026-2", source="app")
    elsewhere = Saying(ConsentPurpose.MARKETING, given=True, wording="2026-1", source="till-7")
    no_again = Saying(ConsentPurpose.MARKETING, given=False, wording="2026-2", source="app")
    assert said(YES).is_repeated_by(elsewhere)
    assert said(NO).is_repeated_by(no_again)
    assert not any(said(YES).is_repeated_by(each) for each in (other, NO))
    assert not said(NO).is_repeated_by(YES)


def test_contacts_come_in_the_members_order_and_then_in_ours():
    kept = {PUSH: "device-1", CHAT: "@ada"}
    assert contacts_of(PERSONAL, kept, (CHAT, SMS)) == (
        Contact(CHAT, "@ada"),
        Contact(SMS, "+49301234567"),
        Contact(EMAIL, "ada@example.org"),
        Contact(PUSH, "device-1"),
    )
    assert contacts_of(PersonalData(email="a@b.co"), {}, (PUSH,)) == (Contact(EMAIL, "a@b.co"),)
    assert contacts_of(PersonalData(), {}, ()) == ()


def test_no_address_shows_in_a_repr():
    assert "ada" not in repr(contacts_of(PERSONAL, {}, ()))


def test_an_order_names_known_channels_once():
    assert read_order([PUSH, EMAIL]) == (PUSH, EMAIL)
    assert read_order([]) == ()
    for channels in ([PUSH, PUSH], [None], [EMAIL, None]):
        with pytest.raises(InvalidRequest) as refused:
            read_order(channels)
        assert refused.value.metadata == {"field": "channels"}


def test_addresses_are_set_for_push_and_chat_alone():
    assert [read_kept(each) for each in (PUSH, CHAT)] == [PUSH, CHAT]
    for channel in (EMAIL, SMS, None):
        with pytest.raises(InvalidRequest) as refused:
            read_kept(channel)
        assert refused.value.metadata == {"field": "channel"}


@pytest.mark.parametrize("text", ["", "x" * 1_025, "a b", "a\n", "a\x7f", "é", " a"])
def test_another_address_is_refused_and_not_quoted(text: str):
    with pytest.raises(InvalidRequest) as refused:
        read_address(text)

    assert refused.value.metadata == {"field": "address"}
    assert len(text) < 3 or text not in str(refused.value)


def test_an_address_has_up_to_1024_visible_characters():
    assert read_address("x" * 1_024) == "x" * 1_024
    assert read_address("fcm:APA91b_-~!") == "fcm:APA91b_-~!"


@pytest.mark.parametrize(
    ("purpose", "is_open", "consented", "expected"),
    [
        (ContactPurpose.SERVICE, True, False, None),
        (ContactPurpose.SERVICE, False, True, WhyNot.CLOSED),
        (ContactPurpose.MARKETING, True, True, None),
        (ContactPurpose.MARKETING, True, False, WhyNot.NO_CONSENT),
        (ContactPurpose.MARKETING, False, False, WhyNot.CLOSED),
    ],
)
def test_whom_may_be_written_to(
    purpose: ContactPurpose, is_open: bool, consented: bool, expected: WhyNot | None
):
    assert why_not(purpose, is_open=is_open, consented=consented) is expected


def test_whoever_asks_says_why_and_what_for():
    assert read_purpose(ContactPurpose.SERVICE) is ContactPurpose.SERVICE
    assert read_reason("x" * 64) == "x" * 64
    with pytest.raises(InvalidRequest):
        read_purpose(None)
    for text in ("", "x" * 65, "two words", "a\n"):
        with pytest.raises(InvalidRequest) as refused:
            read_reason(text)
        assert refused.value.metadata == {"field": "reason"}
