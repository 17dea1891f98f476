"""Money that partners pay ahead, as the operator asks for it, gives it back and sets it off."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from coalition.partners.v1 import approvals_pb2
from coalition.partners.v1 import prefunding_pb2 as pb

from services.operations.amounts import write_time
from services.operations.documents import Document, identity
from services.operations.session import Session
from services.runtime.principal import Programme

#: What is done, as the command line says it.
TURNS: Final = {
    "ask": pb.PREFUNDING_TURN_ASKED,
    "give-back": pb.PREFUNDING_TURN_GIVEN_BACK,
    "use": pb.PREFUNDING_TURN_USED,
}
_PAGE: Final = 100


async def order_of(
    session: Session, programme: Programme, turn: str, partner: str, amount_minor: int, company: int, why: str
) -> pb.PrefundingOrder:
    """An order by one of TURNS; `partner`: slug. Raises PARTNER_UNKNOWN."""
    return pb.PrefundingOrder(
        partner_id=await session.partner_id(programme, partner),
        legal_entity=company,
        turn=TURNS[turn],
        amount_minor=amount_minor,
        why=why,
    )


async def order(session: Session, programme: Programme, wanted: pb.PrefundingOrder) -> pb.PrefundingOrder:
    """Orders it, in a test programme. Raises what OrderPrefunding does."""
    request = pb.OrderPrefundingRequest(order=wanted)
    return (await session.call(session.prefunding.OrderPrefunding, request, programme)).order


async def propose(session: Session, programme: Programme, wanted: pb.PrefundingOrder) -> approvals_pb2.Draft:
    """Drafts it. Raises what ProposePrefunding does."""
    request = pb.ProposePrefundingRequest(order=wanted)
    return (await session.call(session.prefunding.ProposePrefunding, request, programme)).draft


async def pages(
    session: Session, programme: Programme, partner: str
) -> AsyncIterator[pb.ListPrefundingResponse]:
    """What is held of a partner, by slug, and its orders, newest first, page by page. Raises PARTNER_UNKNOWN."""
    partner_id, before = await session.partner_id(programme, partner), 0
    while True:
        request = pb.ListPrefundingRequest(partner_id=partner_id, before=before, limit=_PAGE)
        page = await session.call(session.prefunding.ListPrefunding, request, programme)
        yield page
        if not page.has_more:
            return
        before = page.orders[-1].number


async def whole(session: Session, programme: Programme, partner: str) -> Document:
    """What is held of a partner by company, what of that is waited for, and all its orders."""
    found: Document = {"held": [], "unpaid_minor": 0, "orders": []}
    async for page in pages(session, programme, partner):
        found["held"] = [{"company": each.legal_entity, "held_minor": each.held_minor} for each in page.held]
        found["unpaid_minor"] = page.unpaid_minor
        found["orders"] += [order_document(each, programme.zone) for each in page.orders]
    return found


def order_document(found: pb.PrefundingOrder, zone: str) -> Document:
    """An order; money in minor units, above zero. `run` None: it waits for one."""
    turns = {wire: turn for turn, wire in TURNS.items()}
    return {
        "number": found.number,
        "company": found.legal_entity,
        "turn": turns[found.turn],
        "amount_minor": found.amount_minor,
        "why": found.why,
        "at": write_time(found.at_us, zone),
        "by": found.by,
        "draft": identity("drf", found.draft_id) if found.draft_id else None,
        "run": found.run_number or None,
    }
