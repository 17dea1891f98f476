"""What takes two people in a live programme, and one in a test programme, where no money is real."""

from __future__ import annotations

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.storage import programmes
from services.runtime.errors import Refused


async def refuse_alone(connection: AsyncConnection, ledger_id: int, command: str) -> None:
    """Raises Refused with DRAFT_NEEDED in a live programme, naming the command that drafts it.

    The database's word counts, not that of the caller's principal.
    """
    found = await programmes.by_ledger_id(connection, ledger_id)
    if found is not None and not found.programme.is_test:
        raise Refused(
            Reason.REASON_DRAFT_NEEDED,
            f"in a live programme this takes two people: propose it with `{command}`",
            command=command,
        )
