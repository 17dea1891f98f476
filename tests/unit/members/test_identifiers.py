import pytest
from coalition.type.v1.reason_pb2 import Reason

from services.members.domain.identifiers import (
    GivenIdentifier,
    Identifier,
    IdentifierKind,
    read_identifier,
    read_identifiers,
)
from services.runtime.errors import InvalidRequest
from services.runtime.ids import new_id

PARTNER = new_id()
CARD, CUSTOMER = IdentifierKind.CARD, IdentifierKind.PARTNER_CUSTOMER


def test_a_card_is_the_programmes_and_a_customer_number_its_partners():
    card = read_identifier(GivenIdentifier(CARD, "4111 1111 1111 1111"), PARTNER)
    number = read_identifier(GivenIdentifier(CUSTOMER, "C-1"), PARTNER)

    assert card == Identifier(CARD, "4111111111111111", None)
    assert number == Identifier(CUSTOMER, "C-1", PARTNER)


@pytest.mark.parametrize("text", ["C-1", "x" * 64, "№12/ä", "🙂"])
def test_a_customer_number_is_visible_characters(text: str):
    assert read_identifier(GivenIdentifier(CUSTOMER, text), PARTNER).value == text


@pytest.mark.parametrize(
    "text", ["", " ", "a b", "a\tb", "a\x00", "a\u00a0b", "a\u200bb", "x" * 65, "x" * 257]
)
def test_other_characters_and_lengths_are_refused(text: str):
    with pytest.raises(InvalidRequest):
        read_identifier(GivenIdentifier(CUSTOMER, text), PARTNER)


def test_two_spellings_that_look_the_same_are_the_same_number():
    composed = read_identifier(GivenIdentifier(CUSTOMER, "\u00e4" * 64), PARTNER)
    decomposed = read_identifier(GivenIdentifier(CUSTOMER, "a\u0308" * 64), PARTNER)

    assert composed == decomposed


def test_a_card_given_twice_in_two_spellings_is_refused_by_its_place():
    given = (GivenIdentifier(CARD, "4111111111111111"), GivenIdentifier(CARD, "4111-1111-1111-1111"))

    with pytest.raises(InvalidRequest) as refused:
        read_identifiers(given, PARTNER)

    assert refused.value.metadata == {"field": "identifiers[1]"}


def test_an_error_names_the_place_of_the_bad_one():
    given = (GivenIdentifier(CARD, "4111111111111111"), GivenIdentifier(CARD, "1"))

    with pytest.raises(InvalidRequest) as refused:
        read_identifiers(given, None)

    assert refused.value.reason == Reason.REASON_CARD_NUMBER_INVALID
    assert refused.value.metadata == {"field": "identifiers[1].value"}


def test_values_do_not_show_in_a_repr():
    shown = repr(GivenIdentifier(CARD, "4111111111111111")) + repr(Identifier(CARD, "4111111111111111"))

    assert "4111" not in shown
