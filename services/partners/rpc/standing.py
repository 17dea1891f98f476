"""coalition.partners.v1.PartnerStandingService over the commands and queries of where partners stand."""

from __future__ import annotations

from typing import Final

from coalition.partners.v1 import standing_pb2 as pb
from coalition.partners.v1.standing_pb2_grpc import PartnerStandingServiceServicer

from services.partners.app import Partners
from services.partners.domain.standing.buy_out import BuyOut
from services.partners.domain.standing.terms import StandingNow, StandingTerms, StandingVersion
from services.partners.rpc.draft_mapping import draft_message
from services.runtime.errors import InvalidRequest
from services.runtime.fields import read_id, read_optional_id
from services.runtime.partner_standing import Operation, PartnerStanding, StandingKind
from services.runtime.principal import acting

_KINDS: Final = {each: pb.StandingKind.Value(f"STANDING_KIND_{each.name}") for each in StandingKind}
_OPERATIONS: Final = {each: pb.PartnerOperation.Value(f"PARTNER_OPERATION_{each.name}") for each in Operation}


class StandingServicer(PartnerStandingServiceServicer):
    """Each method reads its request, calls one use case and writes its answer; the boundary does the rest."""

    def __init__(self, partners: Partners) -> None:
        self._app = partners

    async def SetStanding(self, request: pb.SetStandingRequest, context: object) -> pb.SetStandingResponse:
        """See the contract."""
        made = await self._app.set_standing(acting(), _terms_from(request.standing))
        return pb.SetStandingResponse(standing=_version(made))

    async def ProposeStanding(
        self, request: pb.ProposeStandingRequest, context: object
    ) -> pb.ProposeStandingResponse:
        """See the contract."""
        made = await self._app.propose_standing(acting(), _terms_from(request.standing), request.why)
        return pb.ProposeStandingResponse(draft=draft_message(made, self._app.draft_queries))

    async def GetStanding(self, request: pb.GetStandingRequest, context: object) -> pb.GetStandingResponse:
        """See the contract."""
        found = await self._app.standings.get(acting(), read_optional_id(request.partner_id, "partner_id"))
        return pb.GetStandingResponse(
            now=now_message(found.now),
            versions=map(_version, found.versions),
            bought_out=_bought_out(found.bought_out) if found.bought_out else None,
        )


def now_message(now: StandingNow) -> pb.StandingNow:
    """Where a partner stands now."""
    return pb.StandingNow(
        kind=_KINDS[now.standing.kind],
        since_us=now.standing.valid_from_us,
        refused=[_OPERATIONS[each] for each in now.refused],
    )


def _bought_out(made: BuyOut) -> pb.BuyOut:
    return pb.BuyOut(
        redemption_bp=made.redemption_bp,
        outstanding_micros=made.outstanding_micros,
        amount_micros=made.amount_micros,
        known_from_seq=made.known_from_seq,
        window=made.window_number,
    )


def _version(version: StandingVersion) -> pb.PartnerStanding:
    terms, at = version.terms, version.terms.standing
    return pb.PartnerStanding(
        partner_id=terms.partner_id.bytes,
        version=version.version,
        kind=_KINDS[at.kind],
        valid_from_us=at.valid_from_us,
        run_off_until_us=at.run_off_until_us,
        returns_until_us=at.returns_until_us,
        reason=terms.reason,
        draft_id=version.draft_id.bytes if version.draft_id else b"",
        buy_out_bp=terms.buy_out_bp,
    )


def _terms_from(message: pb.PartnerStanding) -> StandingTerms:
    kinds = {number: kind for kind, number in _KINDS.items()}
    if message.kind not in kinds:
        raise InvalidRequest(f"{message.kind} is no standing of a partner", field="standing.kind")
    standing = PartnerStanding(
        kinds[message.kind], message.valid_from_us, message.run_off_until_us, message.returns_until_us
    )
    rate = message.buy_out_bp if message.HasField("buy_out_bp") else None
    return StandingTerms(read_id(message.partner_id, "standing.partner_id"), standing, message.reason, rate)
