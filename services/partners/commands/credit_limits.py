"""Credit limits of partners: one person proposes, another approves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change
from services.partners.commands.draft_kinds import Approval, DraftKind
from services.partners.commands.drafts import Drafts
from services.partners.domain.credit_limits import KIND, CreditLimit, CreditLimitVersion
from services.partners.domain.drafts import Draft
from services.partners.storage import credit_limits, partners, rating
from services.partners.storage.errors import partner_unknown
from services.runtime.clock import wall_now_us
from services.runtime.errors import InvalidRequest
from services.runtime.ids import to_text
from services.runtime.principal import Principal, Programme


class ProposeCreditLimit:
    """Staff with role `maker` or `pricing`."""

    def __init__(self, drafts: Drafts) -> None:
        self._drafts = drafts

    async def __call__(self, who: Principal, wanted: CreditLimit, why: str) -> Draft:
        """The draft. Raises NotFound with PARTNER_UNKNOWN, and what Drafts.propose raises."""
        return await self._drafts.propose(who, KIND, wanted.checked().body(), why)


async def _check(connection: AsyncConnection, programme: Programme, wanted: CreditLimit) -> None:
    if await partners.by_id(connection, programme.ledger_id, wanted.partner_id) is None:
        raise partner_unknown()


async def _apply(
    connection: AsyncConnection, programme: Programme, wanted: CreditLimit, approval: Approval
) -> Sequence[Change]:
    """Writes the next version. Rating stands still meanwhile, as for a new price: so versions are numbered in turn."""
    head = await rating.locked_head(connection, programme.ledger_id)
    before = await credit_limits.of_partner(connection, programme.ledger_id, wanted.partner_id)
    if len(before) == credit_limits.VERSIONS_MAX:
        raise InvalidRequest(
            f"a partner has at most {credit_limits.VERSIONS_MAX:,} credit limits", field="terms"
        )
    made = CreditLimitVersion(
        wanted,
        len(before) + 1,
        wall_now_us() + head.clock_offset_us,
        approval.draft_id,
        approval.made_by,
        approval.approved_by,
    )
    await credit_limits.add(connection, programme.ledger_id, made)
    was = {**before[-1].limit.document(), "version": len(before)} if before else None
    after = {**wanted.document(), "version": made.version}
    return [Change("limit.set", to_text("ptr", wanted.partner_id), was, after)]


CREDIT_LIMIT: Final = DraftKind(
    KIND,
    makers=frozenset({"maker", "pricing"}),
    approvers=frozenset({"checker"}),
    parse=CreditLimit.parse,
    apply=_apply,
    check=_check,
)
