"""Requests without a valid key, counted for each address that they come from: no quota of a key bounds them."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.runtime.clock import MICROS_PER_SECOND, from_micros, wall_now_us
from services.runtime.errors import Refused

_WINDOW_SECONDS: Final = 60
_NANOS: Final = 1_000_000_000
# Whoever has an IPv6 address has all of its network.
_V6_PREFIX: Final = 64


class Strangers:
    """Counts failures of addresses in windows of a minute that start with the first of them; knows so many addresses."""

    def __init__(self, per_minute_max: int, addresses_max: int) -> None:
        self._max, self._addresses_max = per_minute_max, addresses_max
        #: How many of an address, and until when on the monotonic clock.
        self._failures: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._stopped: OrderedDict[str, int] = OrderedDict()

    @property
    def any_stopped(self) -> bool:
        """Whether it is worth asking: nearly always no address is stopped."""
        return bool(self._stopped)

    def refusal(self, address: str) -> Refused | None:
        """Why a request without a known key of an address is refused now; None: it is not."""
        source = source_of(address)
        until_ns, now_ns = self._stopped.get(source, 0), time.monotonic_ns()
        if until_ns <= now_ns:
            self._stopped.pop(source, None)
            return None
        seconds = -((now_ns - until_ns) // _NANOS)
        resets_at = from_micros(wall_now_us() + seconds * MICROS_PER_SECOND)
        return Refused(
            Reason.REASON_RATE_LIMITED,
            f"more than {self._max:,} requests without a valid API key came from this address within a minute",
            limit=self._max,
            window_seconds=_WINDOW_SECONDS,
            resets_at=resets_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            retry_after_seconds=seconds,
        )

    def count(self, address: str) -> None:
        """Counts a request without a valid key."""
        source, now_ns = source_of(address), time.monotonic_ns()
        if not source:
            return
        count, until_ns = self._failures.pop(source, (0, 0))
        if until_ns <= now_ns:
            count, until_ns = 0, now_ns + _WINDOW_SECONDS * _NANOS
        self._failures[source] = count + 1, until_ns
        _shorten(self._failures, self._addresses_max)
        if count + 1 > self._max:
            self._stopped[source] = until_ns
            _shorten(self._stopped, self._addresses_max)


def source_of(address: str) -> str:
    """The address of a client as it is counted: of IPv6 its network of 64 bits; empty where it is none."""
    try:
        read = ipaddress.ip_address(address.strip().strip("[]"))
    except ValueError:
        return ""
    if isinstance(read, ipaddress.IPv4Address):
        return str(read)
    if read.ipv4_mapped:
        return str(read.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(read), _V6_PREFIX), strict=False))


def _shorten(known: OrderedDict[str, tuple[int, int]] | OrderedDict[str, int], entries_max: int) -> None:
    if len(known) > entries_max:
        known.popitem(last=False)
