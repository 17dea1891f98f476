"""CheckPin: a member has typed a PIN at a till.

The slow comparison is made before the transaction that counts, which looks again whether it was against the right PIN. However many tills
try at once, they take their turns at the member's lock: no more than so many wrong ones are ever told to be wrong before it locks.

It locks with the partner where they were typed, so that nobody locks a member out of shops that it has nothing to do with. Wrong ones of
several partners lock it with all of them: no partner alone can bring that about.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.commands.announcing import Announce
from services.members.domain.authority.access import REDEEM, require_till
from services.members.domain.authority.pins import MemberLock, PinGuard, PinRule, looks_like_pin
from services.members.domain.authority.refusals import member_unknown, pin_locked, pin_refused, read_key
from services.members.domain.events import PinLocked
from services.members.storage.authority import pins
from services.members.storage.authority.hashing import Hashing
from services.members.storage.authority.key_hash import KeyHash
from services.members.storage.authority.pins import StoredPin
from services.members.storage.reading import MemberReader
from services.members.storage.sealing import Owner
from services.runtime import logging
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.errors import Refused, Unavailable
from services.runtime.principal import Principal, Programme

_log = logging.get(__name__)
_ATTEMPTS_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class _Try:
    """Whose PIN is tried, by whom and under which key (hashed)."""

    programme: Programme
    owner: Owner
    partner_id: UUID
    key_hash: bytes


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of a try: a refusal, or that it was right; `replayed`: as it was before under the same key."""

    refusal: Refused | None = None
    replayed: bool = False


class CheckPin:
    """Checks PINs and counts the wrong ones."""

    def __init__(
        self,
        database: Database,
        reader: MemberReader,
        hashing: Hashing,
        keys: KeyHash,
        announce: Announce,
        rule: PinRule,
    ) -> None:
        self._database, self._reader, self._hashing, self._keys = database, reader, hashing, keys
        self._announce, self._rule = announce, rule

    async def __call__(self, principal: Principal, member_id: UUID, pin: str, key: str) -> bool:
        """Whether it was right before under this key; a PIN that is not right is an error.

        Raises Refused (AUTHORISATION_INVALID, PIN_LOCKED), NotFound, InvalidRequest, PermissionDenied and Unavailable. A member
        without a PIN has none that is right.
        """
        partner_id = require_till(principal, REDEEM)
        programme = principal.in_programme()
        key_hash = self._keys.of(partner_id, read_key(key))
        tried = _Try(programme, Owner(programme.ledger_id, member_id), partner_id, key_hash)
        for _ in range(_ATTEMPTS_MAX):
            stored = await self._read(tried)
            fits = looks_like_pin(pin) and await self._hashing.fits(stored.hash, pin)
            outcome = await self._database.writer.run(
                partial(self._decide, tried=tried, number=stored.number, fits=fits)
            )
            if outcome is None:
                # The PIN was set anew meanwhile.
                continue
            if outcome.refusal is not None:
                raise outcome.refusal
            return outcome.replayed
        raise Unavailable("the PIN was set again and again meanwhile")

    async def _read(self, tried: _Try) -> StoredPin:
        """The PIN to compare with. Raises Refused where there is none, or where it is locked and nothing may be replayed."""
        owner, now_us = tried.owner, wall_now_us()
        async with self._database.reader.snapshot() as connection:
            member = await self._reader.member(connection, owner.ledger_id, owner.member_id)
            if member is None:
                raise member_unknown()
            passed = await pins.find_pass(connection, owner, tried.partner_id, tried.key_hash)
            number = passed.pin_number if passed else await pins.newest_number(connection, owner)
            if member.key is None or not number:
                raise pin_refused()
            guard = await pins.read_guard(connection, owner, tried.partner_id)
            until_us = max(guard.locked_until_us, (await pins.read_lock(connection, owner)).locked_until_us)
            if passed is None and now_us < until_us:
                raise pin_locked(until_us, now_us)
            return await pins.read_pin(connection, owner, member.key, number)

    async def _decide(
        self, connection: AsyncConnection, *, tried: _Try, number: int, fits: bool
    ) -> _Outcome | None:
        """What comes of a comparison with the PIN of a number; None where that is not the one to compare with any more."""
        owner, now_us = tried.owner, wall_now_us()
        lock = await pins.take_lock(connection, owner)
        guard = await pins.read_guard(connection, owner, tried.partner_id)
        passed = await pins.find_pass(connection, owner, tried.partner_id, tried.key_hash)
        if number != (passed.pin_number if passed else await pins.newest_number(connection, owner)):
            return None
        if passed and fits and passed.misses < self._rule.tries_max:
            return _Outcome(replayed=True)
        if passed:
            # A key that was good once is no way to try numbers while the PIN is locked.
            await pins.count_miss(connection, owner, tried.partner_id, tried.key_hash)
        until_us = max(guard.locked_until_us, lock.locked_until_us)
        if now_us < until_us:
            return _Outcome(pin_locked(until_us, now_us))
        if fits and passed is None:
            await pins.save_guard(connection, owner, tried.partner_id, PinGuard())
            await pins.save_lock(connection, owner, replace(lock, locks=0))
            await pins.add_pass(connection, owner, tried.partner_id, tried.key_hash, number, now_us)
            return _Outcome()
        return await self._wrong(connection, tried, lock, guard, now_us)

    async def _wrong(
        self, connection: AsyncConnection, tried: _Try, lock: MemberLock, guard: PinGuard, now_us: int
    ) -> _Outcome:
        owner, rule, since_us = tried.owner, self._rule, lock.counts_from_us(now_us)
        guard = guard.after_wrong(now_us, since_us, rule)
        await pins.save_guard(connection, owner, tried.partner_id, guard)
        recent = await pins.count_recent(connection, owner, since_us, rule.tries_max)
        locked = lock.after(recent, now_us, rule)
        everywhere = locked is not lock
        if everywhere:
            await pins.save_lock(connection, owner, locked)
            _log.warning("members.pin_locked_everywhere", wrong=recent)
        until_us = max(guard.locked_until_us, locked.locked_until_us)
        if until_us <= now_us:
            return _Outcome(pin_refused(rule.tries_max - guard.wrong))
        told = PinLocked(owner.member_id, tried.partner_id, now_us, until_us, everywhere)
        await self._announce(connection, tried.programme, told)
        return _Outcome(pin_locked(until_us, now_us))
