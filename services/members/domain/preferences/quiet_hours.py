"""Hours in which a member is not written to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from zoneinfo import available_timezones

from services.runtime.errors import InvalidRequest

_MINUTES_OF_A_DAY: Final = 1_440


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From a minute after midnight to another one, which is not quiet any more and may be below it: over midnight.

    Both 0: none. `zone` is an IANA zone; empty: the programme's.
    """

    from_minute: int = 0
    to_minute: int = 0
    zone: str = ""


NO_QUIET_HOURS: Final = QuietHours()


def read_quiet_hours(from_minute: int, to_minute: int, zone: str) -> QuietHours:
    """Quiet hours as they are asked for. Raises InvalidRequest naming the field."""
    for name, minute in (("from_minute", from_minute), ("to_minute", to_minute)):
        if not 0 <= minute < _MINUTES_OF_A_DAY:
            raise InvalidRequest(f"a minute of the day is 0 to {_MINUTES_OF_A_DAY - 1}", field=name)
    if from_minute == to_minute != 0:
        raise InvalidRequest("quiet hours end at another minute than they begin", field="to_minute")
    if zone and from_minute == to_minute:
        raise InvalidRequest("without quiet hours there is no zone of them", field="zone")
    if zone and zone not in _zones():
        raise InvalidRequest(f"{zone[:64]!r} is not an IANA time zone", field="zone")
    return QuietHours(from_minute, to_minute, zone)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
