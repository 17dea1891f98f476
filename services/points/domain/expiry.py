"""When points lapse by the policy of their programme: at the end of a month, or of a fixed date, in its zone."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.runtime.clock import MICROS_PER_SECOND, in_zone, to_micros
from services.runtime.expiry_policy import ExpiryPolicy, ExpiryRule

# Zones change their date on a multiple of a quarter of an hour UTC, so all times of one quarter lapse together.
_QUARTER_US = 900 * MICROS_PER_SECOND


class PolicyVersion(NamedTuple):
    """A policy, the version of the ledger's configuration that brought it, and the first seq that it decides."""

    version: int
    from_seq: int
    policy: ExpiryPolicy


def expires_at_us(earned_at_us: int, policy: ExpiryPolicy, zone: str) -> int:
    """First instant after the last day of points earned then, in microseconds UTC; 0: never."""
    if policy.rule is ExpiryRule.FIXED_DATE:
        return _fixed_date_end_us(earned_at_us // _QUARTER_US, policy, zone)
    if policy.rule is ExpiryRule.ACTIVITY:
        # They have no date of their own: see wallet_expires_us.
        return 0
    return month_end_us(earned_at_us, policy.months, zone) if policy.months else 0


def wallet_expires_us(active_at_us: int, policy: ExpiryPolicy, zone: str) -> int:
    """When all points of a member expire who does nothing after an activity recorded then; 0 where they do not together."""
    return month_end_us(active_at_us, policy.months, zone) if policy.rule is ExpiryRule.ACTIVITY else 0


def day_after_us(now_us: int, zone: str) -> int:
    """First instant of the day after that of an instant, in a zone; microseconds UTC."""
    after = in_zone(now_us, zone).date() + timedelta(days=1)
    return to_micros(datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone)))


def month_end_us(start_us: int, months: int, zone: str) -> int:
    """First instant after the month that lies so many months after that of a start, in microseconds UTC."""
    return _month_end_us(start_us // _QUARTER_US, months, zone)


@lru_cache(maxsize=4_096)
def _month_end_us(quarter: int, months: int, zone: str) -> int:
    local = in_zone(quarter * _QUARTER_US, zone)
    years, month = divmod(local.year * 12 + local.month - 1 + months + 1, 12)
    return to_micros(datetime(years, month + 1, 1, tzinfo=ZoneInfo(zone)))


@lru_cache(maxsize=4_096)
def _fixed_date_end_us(quarter: int, policy: ExpiryPolicy, zone: str) -> int:
    earned = in_zone(quarter * _QUARTER_US, zone).date()
    years, month = divmod(earned.year * 12 + earned.month - 1 + policy.months, 12)
    earliest = _day_of(years, month + 1, earned.day)
    last = _day_of(earliest.year, policy.month, policy.day)
    if last < earliest:
        last = _day_of(earliest.year + 1, policy.month, policy.day)
    after = last + timedelta(days=1)
    return to_micros(datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone)))


def _day_of(year: int, month: int, day: int) -> date:
    """A day of a month, or the month's last where it has fewer."""
    return date(year, month, min(day, monthrange(year, month)[1]))
