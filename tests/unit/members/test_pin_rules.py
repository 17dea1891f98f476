"""Which PINs may be chosen, and when wrong ones lock."""

import pytest

from services.members.domain.authority.pins import (
    LOCK_SECONDS_MAX,
    MemberLock,
    PinGuard,
    PinRule,
    looks_like_pin,
    read_new_pin,
)
from services.members.storage.authority.pin_hash import PinHash, hash_pin
from services.runtime.errors import InvalidRequest

SECOND = 1_000_000
RULE = PinRule(tries_max=3, lock_seconds=900, everywhere_max=7)
DAY = 86_400 * SECOND


@pytest.mark.parametrize("pin", ["2580", "1235", "1212", "0001", "12345679", "13579", "2468"])
def test_most_pins_may_be_chosen(pin: str) -> None:
    assert read_new_pin(pin) == pin


@pytest.mark.parametrize("pin", ["5555", "99999999", "0123", "8901", "3210", "2109", "12345678"])
def test_those_that_everybody_tries_first_may_not(pin: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_new_pin(pin)
    assert pin not in str(refused.value)


@pytest.mark.parametrize("text", ["", "123", "123456789", " 2580", "2580\n", "25a0", "²580"])
def test_what_is_no_pin_is_never_compared(text: str) -> None:
    assert not looks_like_pin(text)


def test_so_many_wrong_ones_lock_it_and_each_lock_is_twice_as_long_up_to_a_day() -> None:
    guard, seconds = PinGuard(), []
    for _ in range(12):
        for wrong in (1, 2):
            guard = guard.after_wrong(0, 0, RULE)
            assert guard.wrong == wrong
        guard = guard.after_wrong(5 * SECOND, 0, RULE)
        seconds.append(guard.locked_until_us // SECOND - 5)
    assert seconds[:4] == [900, 1_800, 3_600, 7_200]
    assert seconds[-1] == LOCK_SECONDS_MAX


def test_recent_wrong_ones_are_those_of_a_day_and_start_anew_after_it() -> None:
    guard = PinGuard()
    for number in (1, 2, 3, 4):
        guard = guard.after_wrong(number * SECOND, 0, RULE)
        assert (guard.recent, guard.recent_since_us) == (number, SECOND)
    later = guard.after_wrong(DAY + 2 * SECOND, 2 * SECOND, RULE)
    assert (later.recent, later.recent_since_us) == (1, DAY + 2 * SECOND)
    # What was wrong in a row does not get older.
    assert later.wrong == 2


def test_wrong_ones_of_several_partners_lock_it_with_all_for_as_long() -> None:
    lock = MemberLock()
    assert lock.after(6, SECOND, RULE) is lock
    first = lock.after(7, SECOND, RULE)
    assert first == MemberLock(1, 901 * SECOND)
    assert first.after(7, DAY, RULE) == MemberLock(2, DAY + 1_800 * SECOND)
    assert MemberLock(30).after(7, 0, RULE).locked_until_us == LOCK_SECONDS_MAX * SECOND
    # Those that led to a lock do not lead to the next one.
    assert first.counts_from_us(1_000 * SECOND) == first.locked_until_us
    assert first.counts_from_us(2 * DAY) == DAY
    assert lock.counts_from_us(DAY + SECOND) == SECOND


def test_a_hash_is_of_its_pin_alone_and_shows_it_nowhere() -> None:
    made = hash_pin("2580")
    assert PinHash.of_text(made.text).fits("2580")
    assert not made.fits("2581")
    assert hash_pin("2580").digest != made.digest
    assert "digest" not in repr(made)
