"""One request and its answer, as far as the edge is concerned."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any, Final

from starlette.types import Message, Scope, Send

from services.gateway.auth.slots import PartnerSlots
from services.gateway.domain.api_versions import ToldVersion
from services.gateway.domain.caller import Caller
from services.gateway.domain.quotas import NANOS, Bucket
from services.runtime.clock import wall_now_us
from services.runtime.grpc_client import deadline_us
from services.runtime.ids import new_id, to_text

_SANE_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_SANE_HOST: Final = re.compile(rb"[A-Za-z0-9.:\[\]-]{1,255}")
# What waits for a neighbour gives up first, and says for what; the time-out is for all else.
_GRACE_SECONDS: Final = 0.5
_SCOPE_KEY: Final = "coalition.exchange"
# Every answer is what its content type says, and for the one who asked, now, unless it says otherwise.
_PRIVATE: Final = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))
_CACHEABLE: Final = _PRIVATE[:1]


class Exchange:
    """What the edge keeps of a request while it is served, and how long there is left for it."""

    __slots__ = (
        "_send", "_timeout", "bucket", "cacheable", "caller", "code", "headers", "http", "reading", "request_id", "slots",
        "started_ns", "status", "until_us", "version",
    )  # fmt: skip

    def __init__(self, http: Scope, send: Send, seconds: float) -> None:
        self.http, self._send = http, send
        # Where a header comes twice the last one counts.
        self.headers: dict[bytes, bytes] = dict(http["headers"])
        given = self.headers.get(b"request-id", b"")
        self.request_id = given.decode() if _SANE_ID.fullmatch(given) else to_text("req", new_id())
        self.started_ns = time.perf_counter_ns()
        self.status = 0
        self.code = ""
        self.reading = False
        self.cacheable = False
        self.caller: Caller | None = None
        #: Where the caller has taken a place among the requests at once, and where it is counted.
        self.slots: PartnerSlots | None = None
        self.bucket: Bucket | None = None
        #: Which version of the API it is answered by; None: by none, outside of /v1.
        self.version: ToldVersion | None = None
        self.until_us = wall_now_us() + int(seconds * 1e6)
        self._timeout = asyncio.timeout(seconds + _GRACE_SECONDS)
        http[_SCOPE_KEY] = self

    @property
    def timeout(self) -> asyncio.Timeout:
        """The time-out around the whole request."""
        return self._timeout

    @property
    def answered(self) -> bool:
        """Whether the answer has begun."""
        return self.status != 0

    @property
    def route(self) -> str:
        """The path template that matched, or an empty string."""
        return getattr(self.http.get("route"), "path", "")

    @property
    def seconds(self) -> float:
        """Wall-clock seconds since the request's head arrived."""
        return (time.perf_counter_ns() - self.started_ns) / 1e9

    def allow_seconds(self, seconds: float) -> None:
        """Gives this request so long from now, instead of the ordinary limit."""
        self.until_us = wall_now_us() + int(seconds * 1e6)
        deadline_us.set(self.until_us)
        self._timeout.reschedule(asyncio.get_running_loop().time() + seconds + _GRACE_SECONDS)

    def leave(self) -> None:
        """Gives back the place that the caller has taken, if it has."""
        if self.slots is not None and self.caller is not None:
            self.slots.leave(self.caller)
            self.slots = None

    def origin(self, public_url: str) -> str:
        """Where the client sees this host; an empty string where its Host header makes no sense."""
        host = self.headers.get(b"host", b"")
        if public_url or not _SANE_HOST.fullmatch(host):
            return public_url.rstrip("/")
        return f"{self.http['scheme']}://{host.decode()}"

    async def send(self, message: Message) -> None:
        """Passes the answer on, with the headers that all answers have."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [
                *message["headers"], (b"request-id", self.request_id.encode()), *(_CACHEABLE if self.cacheable else _PRIVATE),
                *(() if self.version is None else self.version.headers),
                *(() if self.bucket is None else _rate_limit(self.bucket)),
            ]  # fmt: skip
        await self._send(message)


def _rate_limit(bucket: Bucket) -> tuple[tuple[bytes, bytes], ...]:
    """RateLimit-Policy and RateLimit, as draft-ietf-httpapi-ratelimit-headers-10 has them."""
    now = time.monotonic_ns()
    seconds = -(-bucket.full_in_ns(now) // NANOS)
    told = b'"%b";r=%d;t=%d' % (bucket.kind.encode(), bucket.left(now), seconds)
    return (b"ratelimit-policy", bucket.policy), (b"ratelimit", told)


def exchange_of(request: Any) -> Exchange:
    """The exchange of a request that came through the edge."""
    found: Exchange = request.scope[_SCOPE_KEY]
    return found
