"""Whatever the hours, the zone and the moment: nothing is sent while it is quiet, and nothing is held longer."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.domain.quiet_hours import quiet_until_us
from services.runtime.clock import MICROS_PER_DAY, MICROS_PER_SECOND, in_zone

_MINUTE_US = 60 * MICROS_PER_SECOND
_MINUTES = st.integers(0, 1_439)
# Changes by an hour, by half of one, by none; and east, west and half an hour off.
_ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns"]
)
_NOW = st.integers(1_700_000_000 * MICROS_PER_SECOND, 1_800_000_000 * MICROS_PER_SECOND)


def _is_quiet(at_us: int, begin: int, end: int, zone: str) -> bool:
    """Told another way than the code does: by the minutes that make the hours up."""
    local = in_zone(at_us, zone)
    quiet = {(begin + minute) % 1_440 for minute in range((end - begin) % 1_440)}
    return local.hour * 60 + local.minute in quiet


@settings(max_examples=60)
@given(_NOW, _MINUTES, _MINUTES, _ZONES)
def test_it_is_the_first_moment_that_is_not_quiet(now_us: int, begin: int, end: int, zone: str):
    until_us = quiet_until_us(now_us, begin, end, zone)
    assert not _is_quiet(until_us, begin, end, zone)
    if until_us == now_us:
        return
    assert now_us < until_us < now_us + MICROS_PER_DAY + 2 * 60 * _MINUTE_US
    assert until_us % _MINUTE_US == 0
    for at_us in (now_us, (now_us + until_us) // 2, until_us - 1):
        assert _is_quiet(at_us, begin, end, zone)
