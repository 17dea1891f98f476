"""CheckCode: a member has read out a code at a till, which it was sent by this partner's asking.

All of it is one transaction under the member's lock: of tills that type the right code at once one wins, and no more wrong ones are told
to be wrong than the rule has.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.authority.access import REDEEM, require_till
from services.members.domain.authority.codes import Code, CodeRule, looks_again_from_us, looks_like_code
from services.members.domain.authority.refusals import (
    code_limited,
    code_refused,
    member_unknown,
    read_key,
)
from services.members.domain.member import MemberStatus
from services.members.storage.authority import codes
from services.members.storage.authority.code_words import CodeWords
from services.members.storage.authority.key_hash import KeyHash
from services.members.storage.personal import lock_member
from services.members.storage.reading import MemberReader
from services.members.storage.sealing import Owner
from services.runtime import logging
from services.runtime.clock import wall_now_us
from services.runtime.database import WriteDatabase
from services.runtime.errors import Refused
from services.runtime.principal import Principal

_log = logging.get(__name__)
_REPLAYED: Final = True


@dataclass(frozen=True, slots=True)
class _Try:
    """Whose code is tried, where and under which key (hashed)."""

    owner: Owner
    partner_id: UUID
    key_hash: bytes


class CheckCode:
    """Uses codes up, and counts the wrong ones."""

    def __init__(
        self, database: WriteDatabase, reader: MemberReader, words: CodeWords, keys: KeyHash, rule: CodeRule
    ) -> None:
        self._database, self._reader, self._words = database, reader, words
        self._keys, self._rule = keys, rule

    async def __call__(self, principal: Principal, member_id: UUID, text: str, key: str) -> bool:
        """Whether it was used before under this key; a code that is not good is an error.

        Raises Refused (AUTHORISATION_INVALID, CODE_LIMITED), NotFound, InvalidRequest and PermissionDenied. A code that is over, used
        or another partner's is answered as one that was never sent.
        """
        partner_id = require_till(principal, REDEEM)
        owner = Owner(principal.in_programme().ledger_id, member_id)
        tried = _Try(owner, partner_id, self._keys.of(partner_id, read_key(key)))
        # The refusal is raised outside: what is counted stays.
        outcome = await self._database.run(partial(self._decide, tried=tried, text=text))
        if isinstance(outcome, Refused):
            raise outcome
        return outcome

    async def _decide(self, connection: AsyncConnection, *, tried: _Try, text: str) -> bool | Refused:
        owner, rule = tried.owner, self._rule
        await lock_member(connection, owner.ledger_id, owner.member_id)
        member = await self._reader.member(connection, owner.ledger_id, owner.member_id)
        if member is None:
            raise member_unknown()
        code = await codes.code_to_check(connection, owner, tried.partner_id, tried.key_hash)
        if code is None:
            return code_refused()
        fits = looks_like_code(text) and self._words.fits(code, text)
        is_mine = code.used_key == tried.key_hash
        # (What was used before is answered again, also once the member has left: the books may have the burn.)
        has_left = member.status is MemberStatus.CLOSED or member.key is None
        if has_left and not is_mine:
            return code_refused()
        if is_mine and fits and code.wrong < rule.tries_max:
            return _REPLAYED
        now_us = wall_now_us()
        limited_us = await self._limited_us(connection, tried, now_us)
        if limited_us > now_us:
            return code_limited(limited_us, now_us)
        # A key that was good once is no way to try numbers: its code counts them as well.
        if not (code.is_open(now_us, rule) or (is_mine and code.wrong < rule.tries_max)):
            return code_refused()
        if fits:
            await codes.use_code(connection, code, tried.key_hash)
            return not _REPLAYED
        return await self._wrong(connection, code, tried, now_us)

    async def _wrong(self, connection: AsyncConnection, code: Code, tried: _Try, now_us: int) -> Refused:
        await codes.count_wrong(connection, code)
        until_us = await self._limited_us(connection, tried, now_us)
        if until_us > now_us:
            _log.warning("members.codes_limited", partner=str(tried.partner_id))
            return code_limited(until_us, now_us)
        return code_refused(self._rule.tries_max - code.wrong - 1)

    async def _limited_us(self, connection: AsyncConnection, tried: _Try, now_us: int) -> int:
        sent = await codes.sent_in_a_day(connection, tried.owner, now_us)
        return looks_again_from_us(sent, tried.partner_id, now_us, self._rule)
