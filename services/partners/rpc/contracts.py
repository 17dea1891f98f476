"""coalition.partners.v1.ContractsService over the commands that draft what contracts say of money."""

from __future__ import annotations

from coalition.partners.v1 import contracts_pb2 as pb
from coalition.partners.v1.contracts_pb2_grpc import ContractsServiceServicer

from services.partners.app import Partners
from services.partners.domain.rates import TIME_US_MAX
from services.partners.domain.rerating import Effect, Rerate, Scope
from services.partners.rpc.clearing_mapping import terms_from
from services.partners.rpc.draft_mapping import draft_message
from services.partners.rpc.registry_mapping import rates_from, role_terms_from, roles_message
from services.runtime.errors import InvalidRequest
from services.runtime.fields import read_id, read_optional_id
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

    async def PreviewRerate(
        self, request: pb.PreviewRerateRequest, context: object
    ) -> pb.PreviewRerateResponse:
        """See the contract."""
        found = await self._app.rerates.preview(acting(), _scope_from(request.scope))
        differences = [
            pb.RerateDifference(
                kind=each.kind.value,
                point_type=each.point_type,
                old_micros=each.old_micros,
                new_micros=each.new_micros,
                window=each.window,
                effect=_effect(Effect(each.entries, each.points, each.amount_micros)),
            )
            for each in found.differences
        ]
        return pb.PreviewRerateResponse(
            scope=_scope(found.scope),
            as_of_seq=found.as_of_seq,
            differences=differences,
            effect=_effect(found.effect),
        )

    async def ProposeRerate(
        self, request: pb.ProposeRerateRequest, context: object
    ) -> pb.ProposeRerateResponse:
        """See the contract."""
        made = await self._app.propose_rerate(acting(), _scope_from(request.scope), request.why)
        return pb.ProposeRerateResponse(draft=draft_message(made, self._app.draft_queries))

    async def ListRerates(self, request: pb.ListReratesRequest, context: object) -> pb.ListReratesResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        found = await self._app.rerates.of_partner(acting(), partner_id)
        return pb.ListReratesResponse(rerates=map(_rerate, found))


def _scope_from(message: pb.RerateScope) -> Scope:
    for name in ("from_us", "to_us"):
        if not 0 <= getattr(message, name) <= TIME_US_MAX:
            raise InvalidRequest("a time lies between 1970 and 2200", field=f"scope.{name}")
    partner_id = read_id(message.partner_id, "scope.partner_id")
    return Scope(partner_id, message.version, message.from_us, message.to_us)


def _scope(scope: Scope) -> pb.RerateScope:
    return pb.RerateScope(
        partner_id=scope.partner_id.bytes, version=scope.version, from_us=scope.from_us, to_us=scope.to_us
    )


def _effect(effect: Effect) -> pb.RerateEffect:
    return pb.RerateEffect(**effect._asdict())


def _rerate(made: Rerate) -> pb.Rerate:
    return pb.Rerate(
        number=made.number,
        scope=_scope(made.wanted.scope),
        effect=_effect(made.wanted.effect),
        as_of_seq=made.wanted.as_of_seq,
        known_from_seq=made.known_from_seq,
        window=made.window_number,
        draft_id=made.draft_id.bytes,
    )
