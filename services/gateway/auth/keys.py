"""API keys: asked for once at the partners service, then believed for a few seconds.

A revoked key therefore works for `fresh_seconds` at most. A subscription to key revocations would shorten
that by little, and every replica would need one of its own. A key that was rolled has an end, which is known with it and kept to.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from services.gateway.clients.partners import Partners
from services.gateway.directory.remembered import Remembered
from services.gateway.domain.caller import Caller, KeyFacts
from services.runtime import logging
from services.runtime.clock import MICROS_PER_SECOND, wall_now_us
from services.runtime.errors import Unauthenticated, Unavailable
from services.runtime.ids import to_text
from services.runtime.principal import LIFE_SECONDS, Kind, Signer

_log = logging.get(__name__)
_HALF_LIFE_US: Final = LIFE_SECONDS * MICROS_PER_SECOND // 2
_NEVER_US: Final = 1 << 62
_BEARER: Final = re.compile(rb"[Bb]earer +([sr]k_(?:live|test)_[A-Za-z0-9]{16,128})")


def digest_of(authorization: bytes) -> bytes:
    """The SHA-256 of the API key in an Authorization header. Raises Unauthenticated where there is none."""
    match = _BEARER.fullmatch(authorization)
    if match is None:
        raise Unauthenticated("an API key is needed: Authorization: Bearer sk_…")
    return sha256(match[1]).digest()


@dataclass(slots=True)
class _Entry:
    """A good key. The first two times are of the monotonic clock, in nanoseconds; the token's and the key's end of the wall clock.

    Whoever verifies the token goes by the wall clock, and that may be stepped.
    """

    caller: Caller
    fresh_until: int
    usable_until: int
    renew_token_at_us: int
    ends_at_us: int


class ApiKeys:
    """Authenticates callers by the Authorization header."""

    def __init__(
        self,
        partners: Partners,
        signer: Signer,
        *,
        fresh_seconds: float,
        refused_seconds: float,
        grace_seconds: float,
        entries_max: int,
    ) -> None:
        self._partners, self._signer, self._entries_max = partners, signer, entries_max
        self._fresh, self._grace = int(fresh_seconds * 1e9), int(grace_seconds * 1e9)
        self._known: OrderedDict[bytes, _Entry] = OrderedDict()
        self._refused: Remembered[bytes, bool] = Remembered(entries_max, refused_seconds)
        self._asking: dict[bytes, asyncio.Task[Caller]] = {}

    async def authenticate(self, authorization: bytes) -> Caller:
        """The caller behind an Authorization header.

        Raises Unauthenticated for a header that is missing, malformed or nobody's, without saying which, and
        Unavailable where a key is not known here and the partners service cannot be reached.
        """
        return await self.by_digest(digest_of(authorization))

    def knows(self, authorization: bytes) -> bool:
        """Whether the header has a key that was good when it was last asked about; asks nobody, and never raises."""
        try:
            return digest_of(authorization) in self._known
        except Unauthenticated:
            return False

    async def by_digest(self, digest: bytes) -> Caller:
        """The caller behind the SHA-256 of an API key: who sent it works on, for as long as the key is good. Raises as authenticate."""
        entry = self._known.get(digest)
        if entry is not None and time.monotonic_ns() < entry.fresh_until:
            return self._signed(entry)
        if self._refused.get(digest):
            raise Unauthenticated("this API key is not valid")
        return await self._ask_once(digest)

    async def _ask_once(self, digest: bytes) -> Caller:
        """Callers that need the same key at the same time share one call, and none can cancel it."""
        task = self._asking.get(digest)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._ask(digest))
            self._asking[digest] = task
            task.add_done_callback(lambda _: self._asking.pop(digest, None))
        return await asyncio.shield(task)

    async def _ask(self, digest: bytes) -> Caller:
        try:
            facts = await self._partners.key_facts(digest)
        except Unavailable:
            return self._in_grace(digest)
        if facts is None:
            self._known.pop(digest, None)
            self._refused.put(digest, True)
            raise Unauthenticated("this API key is not valid")
        return self._remember(digest, facts)

    def _in_grace(self, digest: bytes) -> Caller:
        """A key that was good a moment ago outlives a restart of the service that could revoke it."""
        entry = self._known.get(digest)
        if entry is None or entry.usable_until <= time.monotonic_ns():
            raise Unavailable("API keys cannot be checked now")
        _log.warning("keys.unchecked", key_id=entry.caller.actor)
        entry.fresh_until = min(time.monotonic_ns() + self._fresh, entry.usable_until)
        return self._signed(entry)

    def _remember(self, digest: bytes, facts: KeyFacts) -> Caller:
        now = time.monotonic_ns()
        entry = self._known.pop(digest, None)
        if entry is None or entry.caller.key != facts:
            ends_at_us = facts.ends_at_us or _NEVER_US
            entry = _Entry(self._caller(facts), 0, 0, wall_now_us() + _HALF_LIFE_US, ends_at_us)
        entry.fresh_until = now + self._fresh
        entry.usable_until = entry.fresh_until + self._grace
        self._known[digest] = entry
        if len(self._known) > self._entries_max:
            self._known.popitem(last=False)
        return self._signed(entry)

    def _signed(self, entry: _Entry) -> Caller:
        """The caller, with a token that lives for a while yet. Raises Unauthenticated for a key whose time is over."""
        now_us = wall_now_us()
        if now_us >= entry.ends_at_us:
            raise Unauthenticated("this API key is not valid")
        if entry.renew_token_at_us <= now_us:
            entry.caller = self._caller(entry.caller.key)
            entry.renew_token_at_us = now_us + _HALF_LIFE_US
        return entry.caller

    def _caller(self, facts: KeyFacts) -> Caller:
        actor = to_text("key", facts.key_id)
        token = self._signer.sign(
            Kind.PARTNER, actor, facts.programme, facts.partner.partner_id, facts.scopes
        )
        return Caller(facts, actor, token)
