"""coalition.partners.v1.ContractsService over the commands that draft what contracts say of money."""

from __future__ import annotations

from coalition.partners.v1 import contracts_pb2 as pb
from coalition.partners.v1.contracts_pb2_grpc import ContractsServiceServicer

from services.partners.app import Partners
from services.partners.rpc.clearing_mapping import terms_from
from services.partners.rpc.draft_mapping import draft_message
from services.partners.rpc.registry_mapping import rates_from, role_terms_from, roles_message
from services.runtime.fields import read_optional_id
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

    async def SetPartnerRoles(
        self, request: pb.SetPartnerRolesRequest, context: object
    ) -> pb.SetPartnerRolesResponse:
        """See the contract."""
        made = await self._app.set_partner_roles(acting(), role_terms_from(request.terms))
        return pb.SetPartnerRolesResponse(terms=roles_message(made))

    async def ProposePartnerRoles(
        self, request: pb.ProposePartnerRolesRequest, context: object
    ) -> pb.ProposePartnerRolesResponse:
        """See the contract."""
        made = await self._app.propose_partner_roles(acting(), role_terms_from(request.terms), request.why)
        return pb.ProposePartnerRolesResponse(draft=draft_message(made, self._app.draft_queries))

    async def ListPartnerRoles(
        self, request: pb.ListPartnerRolesRequest, context: object
    ) -> pb.ListPartnerRolesResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        found = await self._app.partners.roles(acting(), partner_id)
        return pb.ListPartnerRolesResponse(versions=map(roles_message, found))
