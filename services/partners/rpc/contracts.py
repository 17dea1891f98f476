"""coalition.partners.v1.ContractsService over the commands that draft what contracts say of money."""

from __future__ import annotations

from coalition.partners.v1 import contracts_pb2 as pb
from coalition.partners.v1.contracts_pb2_grpc import ContractsServiceServicer

from services.partners.app import Partners
from services.partners.rpc.clearing_mapping import terms_from
from services.partners.rpc.draft_mapping import draft_message
from services.partners.rpc.registry_mapping import rates_from
from services.runtime.principal import acting


class ContractsServicer(ContractsServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, partners: Partners) -> None:
        self._app = partners

    async def ProposeRates(self, request: pb.ProposeRatesRequest, context: object) -> pb.ProposeRatesResponse:
        """See the contract."""
        made = await self._app.propose_rates(acting(), rates_from(request.rates), request.why)
        return pb.ProposeRatesResponse(draft=draft_message(made, self._app.draft_queries))

    async def ProposeBilling(
        self, request: pb.ProposeBillingRequest, context: object
    ) -> pb.ProposeBillingResponse:
        """See the contract."""
        made = await self._app.propose_billing(acting(), terms_from(request.terms), request.why)
        return pb.ProposeBillingResponse(draft=draft_message(made, self._app.draft_queries))
