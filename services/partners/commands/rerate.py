"""Re-rate what was rated before a price was known: one person proposes it with its effect, another approves just that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change
from services.partners.commands.book_differences import book_differences
from services.partners.commands.draft_kinds import Approval, DraftKind
from services.partners.commands.drafts import Drafts
from services.partners.domain.drafts import Draft
from services.partners.domain.rerating import KIND, Rerate, Scope, WantedRerate
from services.partners.queries.rerates import Rerates, preview_of
from services.partners.storage import rating, rerating, windows
from services.runtime.errors import InvalidRequest, Refused
from services.runtime.ids import to_text
from services.runtime.principal import Principal, Programme


class ProposeRerate:
    """Staff with role `pricing`."""

    def __init__(self, drafts: Drafts, rerates: Rerates) -> None:
        self._drafts, self._rerates = drafts, rerates

    async def __call__(self, who: Principal, wanted: Scope, why: str) -> Draft:
        """The draft, with the effect on all that is rated by now.

        Raises NotFound with PARTNER_UNKNOWN, InvalidRequest where nothing would differ, and what Drafts.propose raises.
        """
        seen = await self._rerates.preview(who, wanted)
        if not seen.effect.entries:
            raise InvalidRequest("no entry would differ: there is nothing to re-rate", field="scope")
        proposed = WantedRerate(seen.scope, seen.as_of_seq, seen.effect)
        return await self._drafts.propose(who, KIND, proposed.body(), why)


async def _apply(
    connection: AsyncConnection, programme: Programme, wanted: WantedRerate, approval: Approval
) -> Sequence[Change]:
    """Writes the re-rate and books its differences into the open window. Windows and rating stand still meanwhile."""
    ledger_id = programme.ledger_id
    window_number = await windows.lock(connection, ledger_id) + 1
    head = await rating.locked_head(connection, ledger_id)
    now = await preview_of(connection, ledger_id, wanted.scope, wanted.as_of_seq)
    if (now.scope, now.effect) != (wanted.scope, wanted.effect):
        raise Refused(
            Reason.REASON_RERATE_STALE,
            "the entries do not differ any more by what was proposed: something else was re-rated since",
            entries=now.effect.entries,
            micros=now.effect.micros,
        )
    number = await rerating.newest_number(connection, ledger_id) + 1
    made = Rerate(number, wanted, head.rated_seq + 1, window_number, approval.draft_id)
    await rerating.add(connection, ledger_id, made)
    await book_differences(connection, ledger_id, window_number)
    await rating.next_generation(connection, ledger_id)
    after = {
        **wanted.document(),
        "known_from_seq": made.known_from_seq,
        "number": number,
        "window": window_number,
    }
    return [Change("rates.rerated", to_text("ptr", wanted.scope.partner_id), None, after)]


RERATE: Final = DraftKind(
    KIND,
    makers=frozenset({"pricing"}),
    approvers=frozenset({"checker"}),
    parse=WantedRerate.parse,
    apply=_apply,
)
