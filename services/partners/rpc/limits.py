"""coalition.partners.v1.LimitsService over the commands and queries of credit limits."""

from __future__ import annotations

from typing import Final

from coalition.partners.v1 import limits_pb2 as pb
from coalition.partners.v1.limits_pb2_grpc import LimitsServiceServicer

from services.partners.app import Partners
from services.partners.domain.credit_limits import WARNING_PERCENT, CreditLimit, CreditLimitVersion, OnLimit
from services.partners.domain.gate import headroom_micros
from services.partners.queries.credit_limits import CreditPosition
from services.partners.rpc.draft_mapping import draft_message, person_message
from services.runtime.errors import InvalidRequest
from services.runtime.fields import read_id, read_optional_id
from services.runtime.principal import acting

_ON_LIMIT: Final = {pb.ON_LIMIT_REFUSE: OnLimit.REFUSE, pb.ON_LIMIT_PARK: OnLimit.PARK}
_ON_LIMIT_WIRE: Final = {OnLimit.REFUSE: pb.ON_LIMIT_REFUSE, OnLimit.PARK: pb.ON_LIMIT_PARK}


class LimitsServicer(LimitsServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, partners: Partners) -> None:
        self._app = partners

    async def ProposeCreditLimit(
        self, request: pb.ProposeCreditLimitRequest, context: object
    ) -> pb.ProposeCreditLimitResponse:
        """See the contract."""
        made = await self._app.propose_credit_limit(acting(), _terms_from(request.terms), request.why)
        return pb.ProposeCreditLimitResponse(draft=draft_message(made, self._app.draft_queries))

    async def ListCreditLimits(
        self, request: pb.ListCreditLimitsRequest, context: object
    ) -> pb.ListCreditLimitsResponse:
        """See the contract."""
        partner_id = read_optional_id(request.partner_id, "partner_id")
        found = await self._app.credit_limits.of_partner(acting(), partner_id)
        return pb.ListCreditLimitsResponse(limits=map(_message, found))

    async def ListCreditStandings(
        self, request: pb.ListCreditStandingsRequest, context: object
    ) -> pb.ListCreditStandingsResponse:
        """See the contract."""
        found = await self._app.credit_limits.standings(acting())
        return pb.ListCreditStandingsResponse(standings=map(_standing, found))


def _terms_from(message: pb.CreditLimitTerms) -> CreditLimit:
    if message.on_limit not in _ON_LIMIT:
        raise InvalidRequest("an earn beyond the limit is refused or parked", field="on_limit")
    if message.unlimited and message.limit_minor:
        raise InvalidRequest("what is unlimited has no limit", field="limit_minor")
    return CreditLimit(
        read_id(message.partner_id, "terms.partner_id"),
        None if message.unlimited else message.limit_minor,
        message.prefunded_minor,
        _ON_LIMIT[message.on_limit],
        message.warning_percent or WARNING_PERCENT,
    )


def _terms(limit: CreditLimit) -> pb.CreditLimitTerms:
    return pb.CreditLimitTerms(
        partner_id=limit.partner_id.bytes,
        unlimited=limit.limit_minor is None,
        limit_minor=limit.limit_minor or 0,
        prefunded_minor=limit.prefunded_minor,
        on_limit=_ON_LIMIT_WIRE[limit.on_limit],
        warning_percent=limit.warning_percent,
    )


def _message(version: CreditLimitVersion) -> pb.CreditLimit:
    return pb.CreditLimit(
        terms=_terms(version.limit),
        version=version.version,
        known_from_us=version.known_from_us,
        set_by=person_message(version.set_by),
        approved_by=person_message(version.approved_by),
        draft_id=version.draft_id.bytes,
    )


def _standing(position: CreditPosition) -> pb.CreditStanding:
    standing, limit = position.standing, position.limit
    return pb.CreditStanding(
        partner_id=standing.partner_id.bytes,
        slug=position.slug,
        terms=_terms(limit),
        as_of_seq=standing.as_of_seq,
        owed_micros=standing.exposure.owed_micros,
        potential_micros=standing.exposure.potential_micros,
        reimbursed_micros=standing.exposure.reimbursed_micros,
        paid_micros=standing.exposure.paid_micros,
        prefunding_micros=standing.exposure.prefunding_micros,
        headroom_micros=headroom_micros(limit, standing.exposure) or 0,
        warned=standing.is_warned,
        floor=standing.floor,
        floor_seq=standing.floor_seq,
    )
