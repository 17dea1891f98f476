"""What every step of a dispute does: it is written, what is withheld follows, and it is told and audited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change, audited
from services.partners.commands.telling import Tell
from services.partners.domain.disputes.amounts import let_go
from services.partners.domain.disputes.dispute import Dispute, Event, Happened
from services.partners.domain.disputes.texts import Said
from services.partners.domain.events import DisputeMoved
from services.partners.storage.disputes import amounts, disputes
from services.partners.storage.settlement import money
from services.runtime.errors import NotFound, Refused
from services.runtime.ids import to_text
from services.runtime.principal import Kind, Principal, Programme

ITSELF: Final = "partners"

NOTHING: Final = Said("")


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens to a dispute. `person`: of the staff; `accepted_minor`, `window`: of a decision that accepts."""

    kind: Happened
    at_us: int
    by: str
    said: Said = NOTHING
    person: UUID | None = None
    by_partner: bool = False
    accepted_minor: int = 0
    window: int = 0


async def named(connection: AsyncConnection, who: Principal, dispute_id: UUID) -> Dispute:
    """A dispute, after the lock of settlement. Raises NotFound, for a partner also where it is another's."""
    ledger_id = who.in_programme().ledger_id
    await money.lock(connection, ledger_id)
    found = await disputes.by_id(connection, ledger_id, dispute_id)
    if found is None or (who.kind is Kind.PARTNER and found.partner_id != who.as_partner()):
        raise NotFound("there is no such dispute")
    return found


async def happen(connection: AsyncConnection, ledger_id: int, found: Dispute, step: Step) -> Dispute:
    """Writes a step. Raises Refused with DISPUTE_STATE where it cannot follow."""
    if not found.may(step.kind):
        raise Refused(
            Reason.REASON_DISPUTE_STATE, f"the dispute is {found.state.value}", state=found.state.value
        )
    event = Event(
        len(found.events) + 1,
        step.kind,
        found.after(step.kind, step.by_partner),
        step.at_us,
        step.by,
        step.person,
        step.said.text,
        step.said.references,
        step.accepted_minor,
        step.window,
    )
    await disputes.tell(connection, ledger_id, found.dispute_id, event, found.state)
    return replace(found, events=(*found.events, event))


async def release(
    connection: AsyncConnection, ledger_id: int, now_us: int, by: str, partners: Sequence[UUID]
) -> None:
    """Lets go what the withheld disputes of partners have no reason any more to hold; the caller holds the lock of settlement."""
    held = await amounts.held(connection, ledger_id, partners)
    booked = await amounts.booked_minor(connection, ledger_id, [each.dispute_id for each in held])
    free = [(each, surplus) for each in held if (surplus := booked.get(each.dispute_id, 0) - each.due_minor)]
    journals = [let_go(each.dispute_id, each.partner_id, surplus) for each, surplus in free]
    await money.post(connection, ledger_id, now_us, by, journals)


async def release_stated(
    connection: AsyncConnection, ledger_id: int, now_us: int, partners: Sequence[UUID]
) -> None:
    """As `release`, once statements of partners are there that give back what was accepted; takes the lock where there is any."""
    if any(
        each.due_minor or each.accepted_minor for each in await amounts.held(connection, ledger_id, partners)
    ):
        await money.lock(connection, ledger_id)
        await release(connection, ledger_id, now_us, ITSELF, partners)


async def noted(
    connection: AsyncConnection,
    who: Principal | None,
    programme: Programme,
    tell: Tell,
    now_us: int,
    found: Dispute,
) -> None:
    """Tells where a dispute stands, and audits what happened last: the last things of a transaction."""
    last = found.events[-1]
    moved = DisputeMoved(
        found.dispute_id,
        found.partner_id,
        found.statement_id,
        found.number,
        found.state.value,
        last.kind is Happened.OVERDUE,
    )
    await tell(connection, programme, now_us, [moved])
    after = {
        "accepted_minor": found.accepted_minor,
        "claimed_minor": found.claimed_minor,
        "line": found.line,
        "number": found.number,
        "state": found.state.value,
        "statement": to_text("stm", found.statement_id),
        "withheld_minor": found.withheld_minor,
    }
    change = Change(f"dispute.{last.kind.value}", to_text("dsp", found.dispute_id), None, after)
    await audited(connection, who, programme.ledger_id, change)
