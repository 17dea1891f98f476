import pytest
from coalition.type.v1.reason_pb2 import Reason

from services.members.domain.cards import check_digit, issue_card, read_card
from services.runtime.errors import InvalidRequest


# 79927398713 is the worked example of Luhn's patent; the others are the test numbers of card networks.
@pytest.mark.parametrize("number", ["79927398713", "4111111111111111", "5555555555554444", "378282246310005"])
def test_known_numbers_are_valid(number: str):
    assert read_card(number, "card") == number
    assert check_digit(number[:-1]) == number[-1]


@pytest.mark.parametrize("typed", ["4111 1111 1111 1111", "4111-1111-1111-1111", " 4111111111111111 -"])
def test_spaces_and_hyphens_are_ignored(typed: str):
    assert read_card(typed, "card") == "4111111111111111"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "0000000",  # 7 digits
        "0" * 20,
        "79927398710",  # wrong check digit
        "4111.1111.1111.1111",
        "41111111111111１１",  # digits of another script
        "4111111111111111\n",
        ";4111111111111111",  # a track that breaks off
        ";4111111111111110=99121010000?",
        "%B4111111111111111=99121010000?",
        ";4111111111111111=9912?;4111111111111111=9912?",
        "4111111111111111" + " " * 65,  # longer than anything typed
    ],
)
def test_anything_else_is_no_card_and_not_repeated_in_the_error(typed: str):
    with pytest.raises(InvalidRequest) as refused:
        read_card(typed, "identifiers[0].value")

    assert refused.value.reason == Reason.REASON_CARD_NUMBER_INVALID
    assert refused.value.metadata == {"field": "identifiers[0].value"}
    assert not typed.strip() or typed not in refused.value.message


@pytest.mark.parametrize(
    "swiped",
    [
        ";4111111111111111=99121010000012300000?",
        ";4111111111111111=99121010000012300000?7",
        "%B4111111111111111^DOE/JANE MARY^99121010000000000000?",
        "%b4111 1111 1111 1111^ ^9912?",
        ";4111111111111111=?",
    ],
)
def test_of_a_magnetic_track_the_number_counts(swiped: str):
    assert read_card(swiped, "card") == "4111111111111111"


@pytest.mark.parametrize("prefix", ["7", "77", "771234"])
def test_an_issued_card_has_13_digits_the_prefix_and_a_check_digit(prefix: str):
    cards = {issue_card(prefix) for _ in range(50)}

    assert all(len(card) == 13 and card.startswith(prefix) and read_card(card, "card") for card in cards)
    assert len(cards) > 1
