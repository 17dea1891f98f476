"""SendCode: a till has a code sent to a member who stands there without card and app."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.commands.announcing import Announce
from services.members.domain.authority.access import REDEEM, require_till
from services.members.domain.authority.codes import Code, CodeRule, sends_again_from_us
from services.members.domain.authority.refusals import (
    code_limited,
    member_closed,
    member_unknown,
    no_contact,
)
from services.members.domain.events import CodeRequested
from services.members.domain.member import MemberStatus
from services.members.domain.preferences.channels import Channel, contacts_of
from services.members.storage.authority import codes
from services.members.storage.personal import lock_member, newest_personal
from services.members.storage.preferences.contacts import read_preferences
from services.members.storage.reading import MemberReader
from services.members.storage.sealing import DataKey, Owner
from services.runtime.clock import MICROS_PER_SECOND, wall_now_us
from services.runtime.database import WriteDatabase
from services.runtime.idempotency import Idempotency, Scope
from services.runtime.ids import new_id
from services.runtime.principal import Principal

_OPERATION: Final = "members.send_code"
_ANSWER: Final = struct.Struct(">16sq")


@dataclass(frozen=True, slots=True)
class AskedCode:
    """For whom a code is asked, under which key. `fingerprint` is a keyed hash of the request."""

    key: str
    fingerprint: bytes = field(repr=False)
    member_id: UUID


@dataclass(frozen=True, slots=True)
class RequestedCode:
    """A code that is on its way; `expires_at_us` is wall-clock time. `replayed`: an earlier call with the key had it sent."""

    code_id: UUID
    expires_at_us: int
    replayed: bool


class SendCode:
    """Has codes sent, once per key. A new one ends the one before of the same member and partner."""

    def __init__(
        self,
        database: WriteDatabase,
        idempotency: Idempotency,
        reader: MemberReader,
        announce: Announce,
        rule: CodeRule,
    ) -> None:
        self._database, self._idempotency, self._reader = database, idempotency, reader
        self._announce, self._rule = announce, rule

    async def __call__(self, principal: Principal, asked: AskedCode) -> RequestedCode:
        """The code that is on its way. What is refused is not kept under the key.

        Raises Refused (MEMBER_CLOSED, NO_CONTACT, CODE_LIMITED), NotFound, InvalidRequest (IDEMPOTENCY_KEY_MISSING), Conflict
        (IDEMPOTENCY_KEY_REUSED) and PermissionDenied.
        """
        partner_id, programme = require_till(principal, REDEEM), principal.in_programme()
        owner = Owner(programme.ledger_id, asked.member_id)

        async def once(connection: AsyncConnection) -> tuple[bytes, bool]:
            async def work() -> bytes:
                await lock_member(connection, owner.ledger_id, owner.member_id)
                await self._require_contact(connection, owner)
                now_us = wall_now_us()
                sent = await codes.sent_in_a_day(connection, owner, now_us)
                again_us = sends_again_from_us(sent, partner_id, now_us, self._rule)
                await codes.lock_sender(connection, owner.ledger_id, partner_id)
                again_us = max(
                    again_us,
                    await codes.partner_sends_again_from_us(
                        connection, owner.ledger_id, partner_id, self._rule, now_us
                    ),
                )
                if again_us > now_us:
                    raise code_limited(again_us, now_us)
                expires_at_us = now_us + self._rule.life_seconds * MICROS_PER_SECOND
                code = Code(new_id(), owner.ledger_id, owner.member_id, partner_id, expires_at_us)
                await codes.add_code(connection, code, now_us)
                told = CodeRequested(owner.member_id, partner_id, code.code_id, now_us, expires_at_us)
                await self._announce(connection, programme, told)
                return _ANSWER.pack(code.code_id.bytes, expires_at_us)

            scope = Scope(owner.ledger_id, partner_id)
            return await self._idempotency.once(
                connection, scope, asked.key, _OPERATION, asked.fingerprint, work
            )

        answer, replayed = await self._database.run(once)
        code_id, expires_at_us = _ANSWER.unpack(answer)
        return RequestedCode(UUID(bytes=code_id), expires_at_us, replayed)

    async def _require_contact(self, connection: AsyncConnection, owner: Owner) -> None:
        member = await self._reader.member(connection, owner.ledger_id, owner.member_id)
        if member is None:
            raise member_unknown()
        if member.status is MemberStatus.CLOSED or member.key is None:
            raise member_closed()
        if not await _has_contact(connection, owner, member.key):
            raise no_contact()


async def _has_contact(connection: AsyncConnection, owner: Owner, key: DataKey) -> bool:
    """Whether there is anything that a code goes by: not by chat, where others may read along."""
    personal, _ = await newest_personal(connection, owner, key)
    wanted = await read_preferences(connection, owner, key)
    return any(
        each.channel is not Channel.CHAT for each in contacts_of(personal, wanted.addresses, wanted.channels)
    )
