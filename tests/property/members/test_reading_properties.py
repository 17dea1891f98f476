"""What people and readers type comes to one normal form, and nothing that they can send breaks the reading."""

from hypothesis import given
from hypothesis import strategies as st

from services.members.domain.card_ranges import CardRange, CardRanges
from services.members.domain.cards import check_digit, read_card
from services.members.domain.contacts import read_email, read_phone
from services.members.domain.guarding import Limits, Source, Tally
from services.runtime.errors import InvalidRequest
from services.runtime.ids import new_id

PAYLOADS = st.text("0123456789", min_size=7, max_size=18)


@given(PAYLOADS, st.text("0123456789", max_size=20), st.sampled_from(["", "7", "~"]))
def test_a_card_is_the_same_typed_and_swiped(payload: str, rest: str, check: str):
    card = payload + check_digit(payload)
    spaced = " ".join(card[place : place + 4] for place in range(0, len(card), 4))
    forms = (
        card,
        spaced,
        spaced.replace(" ", "-"),
        f";{card}={rest}?{check}",
        f"%B{spaced}^DOE/J O-E^{rest}?{check}",
    )
    assert {read_card(form, "card") for form in forms} == {card}


@given(st.text(max_size=90))
def test_whatever_is_sent_is_a_card_or_refused(text: str):
    try:
        digits = read_card(text, "card")
    except InvalidRequest:
        return
    assert digits.isascii()
    assert digits.isdigit()
    assert read_card(digits, "card") == digits


@given(st.text(max_size=40), st.sampled_from(["DE", "US", "BG", None]))
def test_a_phone_number_that_is_read_reads_the_same_again(text: str, region: str | None):
    number = read_phone(text, region)
    assert number is None or (
        number[0] == "+" and number[1:].isascii() and read_phone(number, None) == number
    )


@given(
    st.integers(30_0000000, 30_9999999).map(str),
    st.sampled_from(["+49{}", "0049 {}", "0{}", "0 {}", "+49 (0) {}"]),
)
def test_a_phone_number_is_the_same_however_it_is_dialled(number: str, form: str):
    assert read_phone(form.format(number), "DE") == f"+49{number}"


@given(st.text(max_size=60))
def test_an_address_that_is_read_reads_the_same_again(text: str):
    address = read_email(text)
    assert address is None or read_email(address) == address


@given(st.integers(0, 400), st.integers(0, 4_000), st.integers(0, 10_000))
def test_nobody_below_his_limits_or_his_share_is_stopped(unknown: int, enrolled: int, known: int):
    limits = Limits(900, 50, 200, 300, 2_000, 50)
    partner_id = new_id()
    till, key = Source(partner_id, till="7"), Source(partner_id, api_key="key_1")
    tally = Tally(unknown, enrolled, known)
    half = unknown + enrolled > known
    assert limits.exceeded(till, tally) == ((unknown > 50 or enrolled > 300) and half)
    assert limits.exceeded(key, tally) == ((unknown > 200 or enrolled > 2_000) and half)


@given(
    st.lists(
        st.tuples(st.sampled_from(["40", "409", "4099"]), st.integers(0, 20), st.booleans()), max_size=12
    ),
    st.integers(0, 20),
)
def test_of_a_range_what_was_set_last_counts_and_of_ranges_the_longest(
    told: list[tuple[str, int, bool]], now_us: int
):
    one = {(prefix, at): new_id() if issued else None for prefix, at, issued in told}
    ranges = [CardRange(prefix, 13, partner_id, at, "st", at) for (prefix, at), partner_id in one.items()]
    payload = "409912345678"
    expected = None
    for prefix in ("4099", "409", "40"):
        past = [at for (other, at) in one if other == prefix and at <= now_us]
        if past:
            expected = one[prefix, max(past)]
            break
    assert CardRanges(ranges, now_us).issuer_of(payload + check_digit(payload)) == expected
