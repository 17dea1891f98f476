"""Quiet hours over midnight, and on days on which clocks are changed; pauses; shelf life."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.notifications.domain.kinds import Kind
from services.notifications.domain.notices import Told, pause_us, stale_at_us
from services.notifications.domain.quiet_hours import quiet_until_us
from services.runtime.clock import MICROS_PER_SECOND, from_micros, to_micros
from services.runtime.ids import new_id

_BERLIN = "Europe/Berlin"
_HOUR_US = 3_600 * MICROS_PER_SECOND


def _at(text: str) -> int:
    return to_micros(datetime.fromisoformat(text).astimezone(UTC))


@pytest.mark.parametrize(
    ("now", "hours", "until"),
    [
        # In summer, UTC+2; over midnight.
        ("2026-07-01T21:59:59+02:00", (22, 7), "2026-07-01T21:59:59+02:00"),
        ("2026-07-01T22:00:00+02:00", (22, 7), "2026-07-02T07:00:00+02:00"),
        ("2026-07-02T03:00:30+02:00", (22, 7), "2026-07-02T07:00:00+02:00"),
        ("2026-07-02T07:00:00+02:00", (22, 7), "2026-07-02T07:00:00+02:00"),
        # Within a day.
        ("2026-07-02T13:30:00+02:00", (13, 15), "2026-07-02T15:00:00+02:00"),
        ("2026-07-02T12:59:00+02:00", (13, 15), "2026-07-02T12:59:00+02:00"),
        # To midnight, and from it.
        ("2026-07-02T23:30:00+02:00", (22, 0), "2026-07-03T00:00:00+02:00"),
        ("2026-07-02T00:30:00+02:00", (0, 7), "2026-07-02T07:00:00+02:00"),
        # None: both the same.
        ("2026-07-02T13:30:00+02:00", (0, 0), "2026-07-02T13:30:00+02:00"),
        # 2026-03-29: from 02:00 the clock shows 03:00. The night is an hour shorter.
        ("2026-03-28T23:00:00+01:00", (22, 7), "2026-03-29T07:00:00+02:00"),
        # An end that is left out: it is quiet until the clock shows what is after it.
        ("2026-03-29T01:30:00+01:00", (1, 2), "2026-03-29T03:00:00+02:00"),
        # 2026-10-25: at 03:00 it is 02:00 again. The night is an hour longer.
        ("2026-10-24T23:00:00+02:00", (22, 7), "2026-10-25T07:00:00+01:00"),
        # A quiet hour that comes twice is quiet twice.
        ("2026-10-25T02:10:00+02:00", (2, 3), "2026-10-25T03:00:00+01:00"),
    ],
)
def test_quiet_hours_end_when_the_clock_on_the_members_wall_says_so(
    now: str, hours: tuple[int, int], until: str
):
    begin, end = hours
    found = quiet_until_us(_at(now), begin * 60, end * 60, _BERLIN)
    assert from_micros(found).astimezone(ZoneInfo(_BERLIN)).isoformat() == until


def test_a_zone_that_nobody_knows_raises():
    with pytest.raises(Exception, match="No time zone found"):
        quiet_until_us(0, 0, 60, "Europe/Nowhere")


def test_pauses_double_up_to_the_longest():
    assert [pause_us(tries, 10, 3_600) for tries in (1, 2, 3, 9, 10, 1_000)] == [
        10,
        20,
        40,
        2_560,
        3_600,
        3_600,
    ]


def test_a_notice_is_stale_by_its_age_or_once_nobody_needs_it():
    """The programme's clock is ten hours ahead of the wall's."""
    told, ahead_us = Told(Kind.POINTS_REDEEMED, new_id(), {}), 10 * _HOUR_US
    assert stale_at_us(told, 0, ahead_us) == 24 * _HOUR_US
    expiring = Told(Kind.POINTS_EXPIRING, new_id(), {}, useless_from_us=15 * _HOUR_US)
    assert stale_at_us(expiring, 0, ahead_us) == 5 * _HOUR_US
    later = Told(Kind.POINTS_EXPIRING, new_id(), {}, useless_from_us=1_000 * _HOUR_US)
    assert stale_at_us(later, 0, ahead_us) == 168 * _HOUR_US
