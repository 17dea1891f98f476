"""UseAppToken: a till shows a token of a member's app, once."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.commands.announcing import Announce
from services.members.domain.authority.access import EARN, REDEEM, require_till
from services.members.domain.authority.refusals import read_key, token_refused
from services.members.domain.events import AppTokenReplayed
from services.members.storage.authority.key_hash import KeyHash
from services.members.storage.authority.token_seal import TokenSeal
from services.members.storage.authority.token_uses import TokenUse, find_use, note_replay, use_token
from services.members.storage.personal import language_of
from services.members.storage.reading import MemberReader
from services.members.storage.sealing import SealBroken
from services.runtime import logging
from services.runtime.clock import wall_now_us
from services.runtime.database import WriteDatabase
from services.runtime.principal import Principal

_log = logging.get(__name__)


@dataclass(frozen=True, slots=True)
class UsedToken:
    """Whose token it was, and whether it was used under the same key before. `language`: a BCP 47 tag; empty: the member has said none."""

    member_id: UUID
    replayed: bool
    language: str = ""


class UseAppToken:
    """Uses tokens up. Of tills that show one at once the first wins; the others are refused."""

    def __init__(
        self,
        database: WriteDatabase,
        reader: MemberReader,
        seal: TokenSeal,
        keys: KeyHash,
        announce: Announce,
    ) -> None:
        self._database, self._reader, self._seal = database, reader, seal
        self._keys, self._announce = keys, announce

    async def __call__(self, principal: Principal, text: str, key: str) -> UsedToken:
        """Whose token it is. Raises Refused (AUTHORISATION_INVALID), InvalidRequest and PermissionDenied.

        A till that asks again with its key is answered as before, also when the token is too old by then.
        """
        partner_id = require_till(principal, EARN, REDEEM)
        programme = principal.in_programme()
        by = TokenUse(partner_id, self._keys.of(partner_id, read_key(key)))
        token = self._seal.read(programme.ledger_id, text)
        if token is None:
            raise token_refused()
        now_us = wall_now_us()

        async def work(connection: AsyncConnection) -> UsedToken | None:
            is_fresh = now_us < token.expires_at_us
            if is_fresh and await use_token(connection, programme.ledger_id, token, by, now_us):
                return UsedToken(token.member_id, replayed=False)
            before = await find_use(connection, programme.ledger_id, token.nonce)
            if before is None:
                return None
            if before.partner_id == partner_id and hmac.compare_digest(before.key_hash, by.key_hash):
                return UsedToken(token.member_id, replayed=True)
            if await note_replay(connection, programme.ledger_id, token.nonce, partner_id, now_us):
                told = AppTokenReplayed(token.member_id, before.partner_id, partner_id, now_us)
                await self._announce(connection, programme, told)
            return None

        async def work_and_language(connection: AsyncConnection) -> UsedToken | None:
            used = await work(connection)
            if used is None:
                return None
            return replace(
                used, language=await self._language(connection, programme.ledger_id, used.member_id)
            )

        # The refusal is raised outside: what is noted of a replay stays.
        used = await self._database.run(work_and_language)
        if used is None:
            raise token_refused()
        return used

    async def _language(self, connection: AsyncConnection, ledger_id: int, member_id: UUID) -> str:
        """The language of a member. One that does not open is none: a sale goes on in another language."""
        try:
            member = await self._reader.member(connection, ledger_id, member_id)
            if member is None or member.key is None:
                return ""
            return await language_of(connection, member.owner, member.key)
        except SealBroken:
            _log.warning("members.language_sealed", member_id=str(member_id))
            return ""
