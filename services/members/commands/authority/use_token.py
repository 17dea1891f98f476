"""UseAppToken: a till shows a token of a member's app, once."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.commands.announcing import Announce
from services.members.domain.authority.access import EARN, REDEEM, require_till
from services.members.domain.authority.refusals import read_key, token_refused
from services.members.domain.events import AppTokenReplayed
from services.members.storage.authority.key_hash import KeyHash
from services.members.storage.authority.token_seal import TokenSeal
from services.members.storage.authority.token_uses import TokenUse, find_use, note_replay, use_token
from services.runtime.clock import wall_now_us
from services.runtime.database import WriteDatabase
from services.runtime.principal import Principal


@dataclass(frozen=True, slots=True)
class UsedToken:
    """Whose token it was, and whether it was used under the same key before."""

    member_id: UUID
    replayed: bool


class UseAppToken:
    """Uses tokens up. Of tills that show one at once the first wins; the others are refused."""

    def __init__(self, database: WriteDatabase, seal: TokenSeal, keys: KeyHash, announce: Announce) -> None:
        self._database, self._seal, self._keys, self._announce = database, seal, keys, announce

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

        # The refusal is raised outside: what is noted of a replay stays.
        used = await self._database.run(work)
        if used is None:
            raise token_refused()
        return used
