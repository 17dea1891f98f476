"""What the operator does with the companies of a partner."""

from __future__ import annotations

from collections.abc import Sequence

from coalition.partners.v1 import legal_entities_pb2 as pb

from services.operations.session import Session
from services.runtime.principal import Programme


async def add_legal_entity(session: Session, programme: Programme, partner: str, name: str) -> pb.LegalEntity:
    """Adds a company to a partner by slug. Raises PARTNER_UNKNOWN, INVALID_REQUEST."""
    partner_id = await session.partner_id(programme, partner)
    request = pb.AddLegalEntityRequest(partner_id=partner_id, name=name)
    answer = await session.call(session.legal_entities.AddLegalEntity, request, programme)
    return answer.legal_entity


async def assign_stores(
    session: Session, programme: Programme, partner: str, number: int, codes: Sequence[str], from_us: int
) -> Sequence[pb.StoreEntity]:
    """Says which company stores are of from a till's time on. Raises PARTNER_UNKNOWN, INVALID_REQUEST."""
    request = pb.AssignStoresRequest(
        partner_id=await session.partner_id(programme, partner),
        legal_entity=number,
        store_codes=codes,
        valid_from_us=from_us,
    )
    answer = await session.call(session.legal_entities.AssignStores, request, programme)
    return answer.stores


async def legal_entities(
    session: Session, programme: Programme, partner: str
) -> pb.ListLegalEntitiesResponse:
    """The companies of a partner by slug, and the stores that were ever assigned. Raises PARTNER_UNKNOWN."""
    request = pb.ListLegalEntitiesRequest(partner_id=await session.partner_id(programme, partner))
    return await session.call(session.legal_entities.ListLegalEntities, request, programme)
