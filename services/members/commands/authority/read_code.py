"""ReadCode: whoever writes to members asks what a code says, right before it is sent; and that is kept."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.authority.codes import CodeRule
from services.members.domain.authority.refusals import code_over
from services.members.domain.member import MemberStatus
from services.members.domain.preferences.access import require_notifier
from services.members.domain.preferences.writing import ContactPurpose, Reading
from services.members.storage.authority import codes
from services.members.storage.authority.code_words import CodeWords
from services.members.storage.preferences.readings import add_reading
from services.members.storage.reading import MemberReader
from services.runtime.clock import wall_now_us
from services.runtime.database import WriteDatabase
from services.runtime.ids import new_id, to_text
from services.runtime.principal import Principal


class ReadCode:
    """Tells what codes say while they can be used, in the transaction that keeps that it was asked."""

    def __init__(
        self, database: WriteDatabase, reader: MemberReader, words: CodeWords, rule: CodeRule
    ) -> None:
        self._database, self._reader, self._words, self._rule = database, reader, words, rule

    async def __call__(self, principal: Principal, code_id: UUID) -> str:
        """Raises PermissionDenied for all but the notifications service, NotFound also for a code that is over, or whose member left."""
        require_notifier(principal)
        ledger_id = principal.in_programme().ledger_id

        async def work(connection: AsyncConnection) -> str:
            now_us = wall_now_us()
            code = await codes.newest_code(connection, ledger_id, code_id)
            if code is None or not code.is_open(now_us, self._rule):
                raise code_over()
            member = await self._reader.member(connection, ledger_id, code.member_id)
            if member is None or member.status is not MemberStatus.ACTIVE or member.key is None:
                raise code_over()
            reading = Reading(
                new_id(), code.member_id, ContactPurpose.SERVICE, to_text("otc", code_id), now_us, None,
                principal.actor,
            )  # fmt: skip
            await add_reading(connection, ledger_id, reading)
            return self._words.of(code)

        return await self._database.run(work)
