import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from services.members.domain.cards import check_digit, issue_card, read_card
from services.runtime.errors import InvalidRequest

DIGITS = "0123456789"
PAYLOADS = st.text(DIGITS, min_size=7, max_size=18)
CARDS = PAYLOADS.map(lambda payload: payload + check_digit(payload))


def is_card(text: str) -> bool:
    try:
        read_card(text, "card")
    except InvalidRequest:
        return False
    return True


@given(CARDS)
@example("00000000")
def test_a_number_with_its_check_digit_is_a_card(card: str):
    assert read_card(card, "card") == card


@given(CARDS, st.data())
def test_any_single_wrong_digit_is_caught(card: str, data: st.DataObject):
    place = data.draw(st.integers(0, len(card) - 1))
    wrong = data.draw(st.sampled_from(DIGITS.replace(card[place], "")))

    assert not is_card(card[:place] + wrong + card[place + 1 :])


@given(CARDS, st.data())
def test_two_neighbours_swapped_are_caught_but_for_0_and_9(card: str, data: st.DataObject):
    place = data.draw(st.integers(0, len(card) - 2))
    left, right = card[place], card[place + 1]
    assume(left != right and {left, right} != {"0", "9"})

    assert not is_card(card[:place] + right + left + card[place + 2 :])


@given(CARDS, st.data())
def test_separators_anywhere_change_nothing(card: str, data: st.DataObject):
    separators = data.draw(
        st.lists(st.sampled_from(["", " ", "-"]), min_size=len(card) + 1, max_size=len(card) + 1)
    )
    typed = separators[0] + "".join(
        digit + separator for digit, separator in zip(card, separators[1:], strict=True)
    )

    assert read_card(typed, "card") == card


@given(st.text(max_size=80))
def test_whatever_is_typed_is_8_to_19_digits_or_refused(typed: str):
    try:
        card = read_card(typed, "card")
    except InvalidRequest:
        return
    assert 8 <= len(card) <= 19
    assert set(card) <= set(DIGITS)
    assert read_card(card, "card") == card


@pytest.mark.parametrize("length", [7, 20])
@given(data=st.data())
def test_fewer_than_8_or_more_than_19_digits_are_no_card(length: int, data: st.DataObject):
    payload = data.draw(st.text(DIGITS, min_size=length - 1, max_size=length - 1))

    assert not is_card(payload + check_digit(payload))


@given(st.text(DIGITS, min_size=1, max_size=6))
def test_every_prefix_issues_valid_cards_of_13_digits(prefix: str):
    card = issue_card(prefix)

    assert len(card) == 13
    assert card.startswith(prefix)
    assert is_card(card)
