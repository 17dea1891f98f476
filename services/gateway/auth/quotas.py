"""Quotas of keys: counted down here, taken from the database in slices, never with a round trip for a request.

A bucket that runs low is noted, and one task asks for all of those together, `_PAUSE_SECONDS` apart. Meanwhile a slice is let on in
advance; what is let on is always paid back. While the database is away each gateway goes on by itself, as if it were the only one.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.domain.caller import Caller
from services.gateway.domain.quotas import NANOS, Ask, Bucket, Grant, Quota, QuotaClass, grant
from services.runtime import logging
from services.runtime.clock import from_micros, wall_now_us
from services.runtime.errors import Refused, Unavailable

_log = logging.get(__name__)
_PAUSE_SECONDS: Final = 0.02
_AWAY_SECONDS: Final = 1.0
_TAKE_SECONDS: Final = 0.5
_ASKS_MAX: Final = 1_000


class Leases(Protocol):
    """Where slices come from."""

    async def take(self, asks: list[Ask]) -> list[Grant]:
        """What each ask gets, in their order. Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class QuotaLimits:
    """What a key may ask unless its partner has agreed on something else, and how slices are taken.

    `slice_milliseconds`: how much of a quota a gateway takes at a time; `entries_max`: buckets that are kept.
    """

    interactive: Quota
    bulk: Quota
    slice_milliseconds: int
    entries_max: int

    def of(self, caller: Caller, kind: QuotaClass) -> Quota:
        """The quota of a caller's key."""
        usual = self.interactive if kind is QuotaClass.INTERACTIVE else self.bulk
        agreed = caller.key.quotas.per_second(kind)
        return Quota(agreed, usual.window_seconds) if agreed else usual


class Quotas:
    """Counts what keys ask."""

    def __init__(self, leases: Leases, limits: QuotaLimits) -> None:
        self._leases, self._limits = leases, limits
        self._buckets: dict[QuotaClass, OrderedDict[UUID, Bucket]] = {
            kind: OrderedDict() for kind in QuotaClass
        }
        self._low: dict[Bucket, None] = {}
        self._renewing: asyncio.Task[None] | None = None
        self._renewed = asyncio.Event()
        self._away_until_ns = 0

    async def take(self, bucket: Bucket) -> None:
        """Counts a request. Raises Refused (RATE_LIMITED).

        Waits for nobody, but where a key has used up all that could be let on in advance: then for the answer that is on its way.
        """
        now = time.monotonic_ns()
        if not bucket.take(now):
            if bucket.undecided or not bucket.wait_ns(now):
                # Nobody knows yet, or something has come back since it was asked last.
                await self._decided(bucket)
                now = time.monotonic_ns()
            if not bucket.take(now):
                self.renew(bucket)
                raise _refusal(bucket, now)
        if bucket.low:
            self.renew(bucket)

    def spend(self, bucket: Bucket, units: int) -> None:
        """Counts what a request turned out to be besides the one that it was taken for."""
        if units > 0:
            bucket.spend(units)
            if bucket.low:
                self.renew(bucket)

    def renew(self, bucket: Bucket) -> None:
        """Has a bucket asked for, soon."""
        self._low[bucket] = None
        if self._renewing is None:
            self._renewing = asyncio.get_running_loop().create_task(self._renew(), name="quotas")

    async def close(self) -> None:
        """Stops asking. What is held is lost, what is owed too."""
        task = self._renewing
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def bucket(self, caller: Caller, kind: QuotaClass) -> Bucket:
        """Where requests of a caller's key are counted."""
        known, key_id = self._buckets[kind], caller.key.key_id
        quota = self._limits.of(caller, kind)
        bucket = known.get(key_id)
        if bucket is not None and (bucket.quota is quota or bucket.quota == quota):
            return bucket
        made = Bucket(caller.programme.ledger_id, key_id, kind, quota, self._limits.slice_milliseconds)
        known[key_id] = made
        if len(known) > self._limits.entries_max:
            known.popitem(last=False)
        return made

    async def _decided(self, bucket: Bucket) -> None:
        self.renew(bucket)
        while bucket in self._low:
            await self._renewed.wait()

    async def _renew(self) -> None:
        try:
            while self._low:
                low = list(self._low)[:_ASKS_MAX]
                # (What runs low again while this is asked is asked for once more.)
                asks = [bucket.ask() for bucket in low]
                got = await self._take(low, asks)
                now = time.monotonic_ns()
                for bucket, asked, each in zip(low, asks, got, strict=True):
                    bucket.give(asked, each, now)
                    del self._low[bucket]
                self._wake()
                await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            self._renewing = None
            self._low.clear()
            self._wake()

    def _wake(self) -> None:
        """Has everybody look who waits, and whoever waits from now on wait for the next answer."""
        self._renewed.set()
        self._renewed = asyncio.Event()

    async def _take(self, buckets: list[Bucket], asks: list[Ask]) -> list[Grant]:
        if time.monotonic_ns() >= self._away_until_ns:
            try:
                async with asyncio.timeout(_TAKE_SECONDS):
                    got = await self._leases.take(asks)
            except (Unavailable, TimeoutError):
                _log.warning("quotas.alone", seconds=_AWAY_SECONDS)
            except Exception:
                _log.exception("quotas.alone", seconds=_AWAY_SECONDS)
            else:
                return got
            self._away_until_ns = time.monotonic_ns() + int(_AWAY_SECONDS * NANOS)
        now = time.monotonic_ns()
        return [
            grant(each.quota, bucket.spent_until_ns - now, each.owed, each.wanted)
            for bucket, each in zip(buckets, asks, strict=True)
        ]


def _refusal(bucket: Bucket, now_ns: int) -> Refused:
    wait_ns = bucket.wait_ns(now_ns)
    seconds = max(1, -(-wait_ns // NANOS))
    resets_at = from_micros(wall_now_us() + wait_ns // 1_000)
    what = "requests" if bucket.kind is QuotaClass.INTERACTIVE else "lines of batches and files"
    quota = bucket.quota
    return Refused(
        Reason.REASON_RATE_LIMITED,
        f"this API key may send {quota.per_second:,} {what} a second, and {quota.capacity:,} of them at once",
        limit=quota.capacity,
        window_seconds=quota.window_seconds,
        resets_at=resets_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        retry_after_seconds=seconds,
    )
