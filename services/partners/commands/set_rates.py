"""Set prices of a partner from a time on: in a test programme at once, anywhere once another person has approved them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change, audited, rates_change
from services.partners.commands.draft_kinds import Approval, DraftKind
from services.partners.commands.drafts import Drafts
from services.partners.commands.telling import Tell
from services.partners.commands.two_people import refuse_alone
from services.partners.domain.contract_drafts import RATES_KIND, parse_rates, rates_document
from services.partners.domain.drafts import Draft, body_of
from services.partners.domain.events import ContractChanged
from services.partners.domain.permissions import require_role
from services.partners.domain.rates import Rates, RateVersion
from services.partners.domain.staff import staff_text
from services.partners.storage import partners, rates, rating
from services.partners.storage.errors import partner_unknown
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Principal, Programme

_DRAFT_COMMAND: Final = "coalition settle rates propose"


class SetRates:
    """Staff with role `pricing`, in a test programme."""

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database, self._tell = database, tell

    async def __call__(self, who: Principal, wanted: Rates) -> RateVersion:
        """The version in the books; the newest one again where it says the same, so that a call may be repeated.

        Raises NotFound with PARTNER_UNKNOWN, InvalidRequest, PermissionDenied, Refused with DRAFT_NEEDED in a live programme.
        """
        require_role(who, "pricing")
        wanted.checked()
        programme = who.in_programme()
        async with self._database.writer.transaction() as connection:
            await refuse_alone(connection, programme.ledger_id, _DRAFT_COMMAND)
            made, changes = await _add(connection, self._tell, programme, wanted, who.actor)
            for change in changes:
                await audited(connection, who, programme.ledger_id, change)
        return made


class ProposeRates:
    """Staff with role `pricing`."""

    def __init__(self, drafts: Drafts) -> None:
        self._drafts = drafts

    async def __call__(self, who: Principal, wanted: Rates, why: str) -> Draft:
        """The draft. Raises NotFound with PARTNER_UNKNOWN, and what Drafts.propose raises."""
        return await self._drafts.propose(who, RATES_KIND, body_of(rates_document(wanted.checked())), why)


def rates_kind(tell: Tell) -> DraftKind[Rates]:
    """Prices as a kind of draft."""

    async def apply(
        connection: AsyncConnection, programme: Programme, wanted: Rates, approval: Approval
    ) -> Sequence[Change]:
        by = staff_text(approval.made_by.staff_id)
        _, changes = await _add(connection, tell, programme, wanted, by, approval.draft_id)
        return changes

    return DraftKind(
        RATES_KIND,
        makers=frozenset({"pricing"}),
        approvers=frozenset({"checker"}),
        parse=parse_rates,
        apply=apply,
        check=_check,
    )


async def _check(connection: AsyncConnection, programme: Programme, wanted: Rates) -> None:
    if await partners.by_id(connection, programme.ledger_id, wanted.partner_id) is None:
        raise partner_unknown()


async def _add(
    connection: AsyncConnection,
    tell: Tell,
    programme: Programme,
    wanted: Rates,
    by: str,
    draft_id: UUID | None = None,
) -> tuple[RateVersion, Sequence[Change]]:
    """The next version, and what there is to note of it; nothing where the newest says the same."""
    # Rating stands still meanwhile: what is rated by now keeps its price, what comes may have this.
    head = await rating.locked_head(connection, programme.ledger_id)
    before = await rates.of_partner(connection, programme.ledger_id, wanted.partner_id)
    if before and before[-1].rates == wanted:
        return before[-1], ()
    if len(before) == rates.VERSIONS_MAX:
        raise InvalidRequest(f"a rate card has at most {rates.VERSIONS_MAX:,} versions", field="rates")
    made = RateVersion(wanted, len(before) + 1, head.rated_seq + 1, draft_id)
    await rates.add(connection, programme.ledger_id, made, by)
    await rating.next_generation(connection, programme.ledger_id)
    told = ContractChanged(wanted.partner_id, made.version, wanted.valid_from_us)
    await tell(connection, programme, wall_now_us() + head.clock_offset_us, [told])
    return made, [rates_change(before[-1] if before else None, made)]
