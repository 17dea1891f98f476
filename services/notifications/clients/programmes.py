"""Programmes and their partners, asked of the partners service, with the names for people."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import grpc.aio
from coalition.partners.v1 import partners_pb2 as pb
from coalition.partners.v1.partners_pb2_grpc import PartnersServiceStub

from services.runtime.grpc_client import call
from services.runtime.principal import Programme, Signer, programme_from

_FRESH_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class Named:
    """A programme, and what it is called among people."""

    programme: Programme
    name: str


class Programmes(Protocol):
    """Who knows programmes."""

    async def named(self, slug: str) -> Named:
        """A programme by slug. Raises CoalitionError: PROGRAMME_UNKNOWN, Unavailable."""
        ...

    async def partner_name(self, programme: Programme, partner_id: UUID) -> str:
        """What a partner is called among people. Raises CoalitionError: PARTNER_UNKNOWN, Unavailable."""
        ...


class GrpcProgrammes:
    """The registry over gRPC; what it says is good for five minutes."""

    def __init__(self, channel: grpc.aio.Channel, signer: Signer) -> None:
        self._stub, self._signer = PartnersServiceStub(channel), signer
        self._known: dict[str, tuple[float, Named]] = {}
        self._partners: dict[UUID, tuple[float, str]] = {}

    async def named(self, slug: str) -> Named:
        """See Programmes."""
        until, known = self._known.get(slug, (0.0, None))
        if known is None or until < time.monotonic():
            request = pb.GetProgrammeRequest(slug=slug)
            answer: pb.GetProgrammeResponse = await call(
                self._stub.GetProgramme, request, self._signer.own(None)
            )
            known = Named(programme_from(answer.programme), answer.name)
            self._known[slug] = (time.monotonic() + _FRESH_SECONDS, known)
        return known

    async def partner_name(self, programme: Programme, partner_id: UUID) -> str:
        """See Programmes."""
        until, name = self._partners.get(partner_id, (0.0, ""))
        if until < time.monotonic():
            request = pb.GetPartnerRequest(partner_id=partner_id.bytes)
            answer: pb.GetPartnerResponse = await call(
                self._stub.GetPartner, request, self._signer.own(programme)
            )
            name = answer.partner.name
            self._partners[partner_id] = (time.monotonic() + _FRESH_SECONDS, name)
        return name
