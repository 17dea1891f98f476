"""A programme as it is registered, and the weeks that its windows are cut in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from coalition.type.v1.reason_pb2 import Reason

from services.partners.domain.text import read_name, read_slug
from services.runtime.clock import in_zone, to_micros
from services.runtime.errors import InvalidRequest
from services.runtime.expiry_policy import ExpiryPolicy
from services.runtime.principal import Programme

LEDGER_ID_MAX: Final = 32_767
# 2200-01-01.
_STARTS_AT_US_MAX: Final = 7_258_118_400_000_000
# ISO 4217 (list one, current) by minor unit: the currencies in use that have exactly two decimals.
_TWO_DECIMALS: Final = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD
NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN
SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
TWO_DECIMALS: Final = frozenset(_TWO_DECIMALS.split())


@dataclass(frozen=True, slots=True)
class Registration:
    """A programme with what only this service knows of it.

    `starts_at_us`: start of its first window; `expiry`: the policy that its ledger is opened with.
    """

    programme: Programme
    name: str
    starts_at_us: int
    expiry: ExpiryPolicy


@dataclass(frozen=True, slots=True)
class NewProgramme:
    """What a programme shall be, checked. `starts_at_us` 0: when it is registered."""

    slug: str
    name: str
    zone: str
    currency: str
    is_test: bool
    starts_at_us: int
    expiry: ExpiryPolicy

    @classmethod
    def read(
        cls,
        slug: str,
        name: str,
        zone: str,
        currency: str,
        is_test: bool,
        starts_at_us: int,
        expiry: ExpiryPolicy,
    ) -> NewProgramme:
        """Checks every field. Raises InvalidRequest, naming the field; CURRENCY_UNSUPPORTED for the currency."""
        if zone not in _zones():
            raise InvalidRequest(f"{zone[:64]!r} is not an IANA time zone", field="zone")
        if currency not in TWO_DECIMALS:
            raise InvalidRequest(
                f"{currency[:8]!r} is not an ISO 4217 currency with two decimals",
                Reason.REASON_CURRENCY_UNSUPPORTED,
                field="currency",
                currency=currency[:8],
            )
        if not 0 <= starts_at_us <= _STARTS_AT_US_MAX:
            raise InvalidRequest("a start lies between 1970 and 2200", field="starts_at_us")
        return cls(read_slug(slug), read_name(name), zone, currency, is_test, starts_at_us, expiry)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def next_cut_us(after_us: int, zone: str) -> int:
    """The first Monday 00:00 of the zone that lies after an instant, in microseconds since 1970-01-01 UTC.

    Where that midnight does not exist (the clocks jump over it), the cut is the moment of the jump; where
    it happens twice, the first of them.
    """
    local = in_zone(after_us, zone)
    monday = local.date() - timedelta(days=local.weekday())
    # Where clocks go back over a Monday's midnight, the first of the two can lie before the instant: then it
    # is the week after.
    for weeks in (1, 2):
        day = monday + timedelta(weeks=weeks)
        cut_us = to_micros(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)))
        if cut_us > after_us:
            return cut_us
    raise AssertionError(f"no Monday follows {after_us} in {zone}")
