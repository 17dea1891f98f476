"""Ends what went beyond a guard: it is let go on, or something is wrong with it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.points.commands.open_ledger import Doors
from services.points.domain.flags import Flag, Verdict
from services.points.storage import flags, ledgers
from services.runtime.database import WriteDatabase
from services.runtime.errors import InvalidRequest, NotFound, Refused
from services.runtime.principal import Programme

_NOTE_CHARACTERS_MAX: Final = 500


class ReviewFlag:
    """The use case behind ReviewFlag."""

    def __init__(self, doors: Doors, database: WriteDatabase) -> None:
        self._doors, self._database = doors, database

    async def __call__(
        self, programme: Programme, flag_id: UUID, verdict: Verdict, note: str, reviewed_by: str
    ) -> Flag:
        """Ends a flag once; answers it as it is then. Again with the same verdict: no change.

        Raises InvalidRequest for a note that is none, NotFound, Refused: FLAG_REVIEWED.
        """
        if not 1 <= len(note) <= _NOTE_CHARACTERS_MAX or not note.isprintable():
            raise InvalidRequest(f"note: 1 to {_NOTE_CHARACTERS_MAX} visible characters", field="note")
        await self._doors.to(programme)
        ledger_id = programme.ledger_id
        async with self._database.dedicated() as connection, connection.transaction():
            # (What is counted is read under the head's lock.)
            head = await ledgers.lock_head(connection, ledger_id)
            flag = await flags.flag_of(connection, ledger_id, flag_id)
            if flag is None:
                raise NotFound("there is no such flag")
            if flag.verdict is None:
                await flags.review(connection, ledger_id, flag, verdict, note, reviewed_by, head.now_us)
                return flag._replace(
                    verdict=verdict, note=note, reviewed_by=reviewed_by, reviewed_at_us=head.now_us
                )
        if flag.verdict is not verdict:
            raise Refused(
                Reason.REASON_FLAG_REVIEWED,
                "the flag was ended before, with another verdict",
                verdict=flag.verdict.value,
            )
        return flag
