from datetime import date

import pytest

from services.members.domain.personal import PersonalData, read_personal
from services.runtime.errors import InvalidRequest

TODAY = date(2026, 3, 1)


def test_nothing_given_is_nothing_known():
    assert read_personal(PersonalData(), TODAY) == PersonalData()


def test_spaces_around_names_and_email_are_dropped():
    given = PersonalData(given_name=" Ada ", family_name="Lovelace\t", email=" ada@example.com\n")

    assert read_personal(given, TODAY) == PersonalData("Ada", "Lovelace", "ada@example.com")


@pytest.mark.parametrize(
    "email",
    [
        "a@b.co",
        "first.last+tag@sub.example.com",
        "o'neil@example.museum",
        "ada@bücher.example",
        "x@xn--bcher-kva.example",
        f"{'l' * 64}@example.com",
        f"a@{'d' * 63}.com",
        "a@b.xn--p1ai",
    ],
)
def test_an_email_address_is_taken(email: str):
    assert read_personal(PersonalData(email=email), TODAY).email == email


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
        read_personal(PersonalData(email=email), TODAY)

    assert refused.value.metadata == {"field": "personal.email"}


@pytest.mark.parametrize("phone", ["+12345678", "+491511234567", "+123456789012345"])
def test_a_phone_number_in_e164_form_is_taken(phone: str):
    assert read_personal(PersonalData(phone=phone), TODAY).phone == phone


@pytest.mark.parametrize(
    "phone", ["12345678", "+1234567", "+1234567890123456", "+01234567", "+49 151", "+４９１５１１２３４５"]
)
def test_another_phone_number_is_refused(phone: str):
    with pytest.raises(InvalidRequest) as refused:
        read_personal(PersonalData(phone=phone), TODAY)

    assert refused.value.metadata == {"field": "personal.phone"}


@pytest.mark.parametrize("birth_date", ["1900-01-01", "2000-02-29", "2026-02-28"])
def test_a_real_past_date_of_birth_is_taken(birth_date: str):
    assert read_personal(PersonalData(birth_date=birth_date), TODAY).birth_date == birth_date


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
        read_personal(PersonalData(birth_date=birth_date), TODAY)

    assert refused.value.metadata == {"field": "personal.birth_date"}


@pytest.mark.parametrize("name", ["x" * 101, "a\nb", "a\x1b[0m"])
def test_a_name_is_up_to_100_printable_characters(name: str):
    for field in ("given_name", "family_name"):
        with pytest.raises(InvalidRequest) as refused:
            read_personal(PersonalData(**{field: name}), TODAY)
        assert refused.value.metadata == {"field": f"personal.{field}"}
    assert read_personal(PersonalData(given_name="José María d’Été-李"), TODAY).given_name


def test_nothing_personal_shows_in_a_repr():
    personal = PersonalData("Ada", "Lovelace", "ada@example.com", "+491511234567", "1990-12-10")

    assert repr(personal) == "PersonalData()"
