"""coalition.partners.v1.LegalEntitiesService over the commands and queries of legal entities."""

from __future__ import annotations

from collections.abc import Mapping

from coalition.partners.v1 import legal_entities_pb2 as pb
from coalition.partners.v1.legal_entities_pb2_grpc import LegalEntitiesServiceServicer

from services.partners.app import Partners
from services.partners.domain.legal_entities import LegalEntity, StoreVersion
from services.runtime.fields import read_optional_id
from services.runtime.principal import acting


class LegalEntitiesServicer(LegalEntitiesServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, partners: Partners) -> None:
        self._app = partners

    async def AddLegalEntity(
        self, request: pb.AddLegalEntityRequest, context: object
    ) -> pb.AddLegalEntityResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        made = await self._app.add_legal_entity(acting(), partner_id, request.name)
        return pb.AddLegalEntityResponse(legal_entity=_entity(made))

    async def AssignStores(self, request: pb.AssignStoresRequest, context: object) -> pb.AssignStoresResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        made = await self._app.assign_stores(
            acting(), partner_id, request.legal_entity, request.store_codes, request.valid_from_us
        )
        return pb.AssignStoresResponse(stores=_stores(made))

    async def ListLegalEntities(
        self, request: pb.ListLegalEntitiesRequest, context: object
    ) -> pb.ListLegalEntitiesResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        found = await self._app.legal_entities.of_partner(acting(), partner_id)
        return pb.ListLegalEntitiesResponse(
            legal_entities=map(_entity, found.entities), stores=_stores(found.stores)
        )


def _entity(entity: LegalEntity) -> pb.LegalEntity:
    return pb.LegalEntity(number=entity.number, name=entity.name)


def _stores(by_code: Mapping[str, StoreVersion]) -> list[pb.StoreEntity]:
    return [
        pb.StoreEntity(
            store_code=code,
            legal_entity=version.entity,
            valid_from_us=version.valid_from_us,
            known_from_seq=version.known_from_seq,
            version=version.version,
        )
        for code, version in sorted(by_code.items())
    ]
