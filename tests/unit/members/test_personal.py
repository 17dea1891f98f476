from datetime import date

import pytest

from services.members.domain.contacts import region_of
from services.members.domain.personal import PersonalData, read_personal, read_removed
from services.runtime.errors import InvalidRequest

TODAY = date(2026, 3, 1)


def test_nothing_given_is_nothing_known():
    assert read_personal(PersonalData(), TODAY, "DE") == PersonalData()


def test_spaces_around_names_and_email_are_dropped():
    given = PersonalData(given_name=" Ada ", family_name="Lovelace\t", email=" ada@example.com\n")

    assert read_personal(given, TODAY, "DE") == PersonalData("Ada", "Lovelace", "ada@example.com")


@pytest.mark.parametrize("name", ["given_name", "family_name"])
@pytest.mark.parametrize("text", [" ", "   ", "\u00a0", "\u2003 "])
def test_a_name_of_spaces_alone_is_refused(name: str, text: str):
    with pytest.raises(InvalidRequest) as refused:
        read_personal(PersonalData(**{name: text}), TODAY, "DE")

    assert refused.value.metadata == {"field": f"personal.{name}"}


@pytest.mark.parametrize(
    "email",
    [
        "a@b.co",
        "first.last+tag@sub.example.com",
        "o'neil@example.museum",
        "ada@bücher.example",
        f"{'l' * 64}@example.com",
        f"a@{'d' * 63}.com",
    ],
)
def test_an_email_address_is_taken(email: str):
    assert read_personal(PersonalData(email=email), TODAY, "DE").email == email


def test_both_spellings_of_a_domain_are_one():
    read = read_personal(PersonalData(email="x@xn--bcher-kva.example"), TODAY, "DE")
    assert read.email == "x@bücher.example"


@pytest.mark.parametrize(
    "email",
    [
        "ada",
        "@example.com",
        "ada@",
        "ada@example",
        "ada@@example.com",
        "ada@b@example.com",
        "ada lovelace@example.com",
        "ada@exa mple.com",
        "ada@-example.com",
        "ada@example-.com",
        "ada@example..com",
        "ada@.example.com",
        "ada@example.com.",
        "ada@example.1",
        "ada@exam_ple.com",
        "ada\x00@example.com",
        f"{'l' * 65}@example.com",
        f"a@{'d' * 64}.com",
        f"a@{'d' * 60}.{'d' * 60}.{'d' * 60}.{'d' * 60}.{'d' * 9}.com",
    ],
)
def test_what_is_no_email_address_is_refused(email: str):
    with pytest.raises(InvalidRequest) as refused:
        read_personal(PersonalData(email=email), TODAY, "DE")

    assert refused.value.metadata == {"field": "personal.email"}


@pytest.mark.parametrize(
    ("typed", "phone"),
    [
        ("+491511234567", "+491511234567"),
        ("+49 (1511) 234-567", "+491511234567"),
        ("0049 1511 234567", "+491511234567"),
        ("01511/234567", "+491511234567"),
        ("+359 888 123 456", "+359888123456"),
    ],
)
def test_a_phone_number_is_taken_however_it_is_typed(typed: str, phone: str):
    assert read_personal(PersonalData(phone=typed), TODAY, "DE").phone == phone


def test_without_a_country_a_phone_number_begins_with_plus():
    assert read_personal(PersonalData(phone="+491511234567"), TODAY, None).phone == "+491511234567"
    with pytest.raises(InvalidRequest):
        read_personal(PersonalData(phone="01511 234567"), TODAY, None)


@pytest.mark.parametrize(
    ("zone", "region"),
    [("Europe/Berlin", "DE"), ("America/New_York", "US"), ("Europe/Sofia", "BG"), ("UTC", None)],
)
def test_a_zone_has_a_country_where_it_is_of_one(zone: str, region: str | None):
    assert region_of(zone) == region


@pytest.mark.parametrize(
    "phone",
    [
        "+1",
        "+1234567890123456",
        "+01234567",
        "+49 151 1234567 ext. 5",
        "0800-FLOWERS",
        "x",
        "+",
        "1" * 33,
        "\0",
    ],
)
def test_another_phone_number_is_refused(phone: str):
    with pytest.raises(InvalidRequest) as refused:
        read_personal(PersonalData(phone=phone), TODAY, "DE")

    assert refused.value.metadata == {"field": "personal.phone"}


@pytest.mark.parametrize("birth_date", ["1900-01-01", "2000-02-29", "2026-02-28"])
def test_a_real_past_date_of_birth_is_taken(birth_date: str):
    assert read_personal(PersonalData(birth_date=birth_date), TODAY, "DE").birth_date == birth_date


@pytest.mark.parametrize(
    "birth_date",
    [
        "1899-12-31",
        "2026-03-01",
        "2999-01-01",
        "2001-02-29",
        "19900101",
        "1990-W01-1",
        "1.1.1990",
        "1990-13-01",
    ],
)
def test_another_date_of_birth_is_refused(birth_date: str):
    with pytest.raises(InvalidRequest) as refused:
        read_personal(PersonalData(birth_date=birth_date), TODAY, "DE")

    assert refused.value.metadata == {"field": "personal.birth_date"}


@pytest.mark.parametrize("name", ["x" * 101, "a\nb", "a\x1b[0m"])
def test_a_name_is_up_to_100_printable_characters(name: str):
    for field in ("given_name", "family_name"):
        with pytest.raises(InvalidRequest) as refused:
            read_personal(PersonalData(**{field: name}), TODAY, "DE")
        assert refused.value.metadata == {"field": f"personal.{field}"}
    assert read_personal(PersonalData(given_name="José María d’Été-李"), TODAY, "DE").given_name


def test_nothing_personal_shows_in_a_repr():
    personal = PersonalData("Ada", "Lovelace", "ada@example.com", "+491511234567", "1990-12-10")

    assert repr(personal) == "PersonalData()"


@pytest.mark.parametrize(("tag", "language"), [("de", "de"), ("DE-at", "de"), ("en-GB", "en"), ("bg", "bg")])
def test_a_language_is_one_that_receipts_are_in(tag: str, language: str):
    assert read_personal(PersonalData(language=tag), TODAY, None).language == language


@pytest.mark.parametrize("tag", ["xx", "klingon", "-", "d"])
def test_another_language_is_refused(tag: str):
    with pytest.raises(InvalidRequest) as refused:
        read_personal(PersonalData(language=tag), TODAY, None)

    assert refused.value.metadata == {"field": "personal.language"}


def test_a_field_is_either_set_or_removed():
    assert read_removed(["phone", "phone"], PersonalData(email="a@b.co")) == ("phone",)
    for names in (["email"], ["member_id"], [""]):
        with pytest.raises(InvalidRequest):
            read_removed(names, PersonalData(email="a@b.co"))
