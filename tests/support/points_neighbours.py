"""Members and partners as the ledger meets them, and the keys that all of them know each other by."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import grpc.aio
from coalition.members.v1 import members_pb2, members_pb2_grpc
from coalition.partners.v1 import partners_pb2, partners_pb2_grpc, standing_pb2
from coalition.type.v1.event_record_pb2 import EventRecord
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.clock import MICROS_PER_SECOND
from services.runtime.errors import NotFound
from services.runtime.expiry_policy import DEFAULT_POLICY, ExpiryPolicy, policy_message
from services.runtime.principal import Programme, Signer, acting, programme_message
from tests.support.keys import key_text

# 2017-01-01 00:00 in New York.
STARTS_AT_US: Final = 1_483_246_800 * MICROS_PER_SECOND
_ledger_ids: Final = itertools.count(1)


def new_key() -> bytes:
    """A signing key."""
    return secrets.token_bytes(32)


class Neighbours(members_pb2_grpc.MembersServiceServicer, partners_pb2_grpc.PartnersServiceServicer):
    """Members and partners as the ledger asks them, over real gRPC."""

    def __init__(self) -> None:
        self.programmes: dict[str, Programme] = {}
        self.starts_at_us: dict[str, int] = {}
        self.expiry: dict[str, ExpiryPolicy] = {}
        self.members: set[bytes] = set()
        self.closed: set[bytes] = set()
        self.anonymous: set[bytes] = set()
        self.employers: dict[bytes, list[bytes]] = {}
        self.stores: dict[bytes, set[bytes]] = {}
        self.unknown_partners: set[bytes] = set()
        self.not_funding: set[bytes] = set()
        self.refused: dict[bytes, list[standing_pb2.PartnerOperation.ValueType]] = {}
        self.member_events: dict[str, list[EventRecord]] = {}
        self.everyone_exists = False
        self.asked = 0

    async def GetStandings(self, request: Any, context: Any) -> Any:
        self.asked += 1
        standings: list[members_pb2.Standing] = []
        for member in request.member_ids:
            status = members_pb2.MEMBER_STATUS_UNSPECIFIED
            if member in self.closed:
                status = members_pb2.MEMBER_STATUS_CLOSED
            elif self.everyone_exists or member in self.members:
                status = members_pb2.MEMBER_STATUS_ACTIVE
            told = members_pb2.Standing(
                member_id=member,
                status=status,
                anonymous=member in self.anonymous,
                employers=self.employers.get(member, ()),
            )
            standings.append(told)
        return members_pb2.GetStandingsResponse(standings=standings)

    async def ReadEvents(self, request: Any, context: Any) -> AsyncIterator[Any]:
        log = self.member_events.get(acting().in_programme().slug, [])
        events = [event for event in log if event.pos >= request.from_pos]
        yield members_pb2.ReadEventsResponse(events=events[: request.limit or None])

    async def GetProgramme(self, request: Any, context: Any) -> Any:
        if request.slug not in self.programmes:
            raise NotFound("no programme has this slug", Reason.REASON_PROGRAMME_UNKNOWN)
        return partners_pb2.GetProgrammeResponse(
            programme=programme_message(self.programmes[request.slug]),
            starts_at_us=self.starts_at_us.get(request.slug, STARTS_AT_US),
            expiry=policy_message(self.expiry.get(request.slug, DEFAULT_POLICY)),
        )

    async def GetPartner(self, request: Any, context: Any) -> Any:
        if request.partner_id in self.unknown_partners:
            raise NotFound("no partner has this id", Reason.REASON_PARTNER_UNKNOWN)
        stores = self.stores.get(request.partner_id, set())
        return partners_pb2.GetPartnerResponse(
            partner=partners_pb2.Partner(partner_id=request.partner_id),
            stores=[partners_pb2.Store(store_id=store) for store in stores],
            roles=[] if request.partner_id in self.not_funding else [partners_pb2.PARTNER_ROLE_FUND],
            standing=standing_pb2.StandingNow(refused=self.refused.get(request.partner_id, ())),
        )


@dataclass(frozen=True)
class Identity:
    """What the replicas of one installation share: keys of all issuers, and the service's secret."""

    keys: dict[str, bytes] = field(
        default_factory=lambda: {
            issuer: new_key() for issuer in ("gateway", "cli", "points", "members", "partners")
        }
    )
    secret: str = field(default_factory=lambda: key_text(new_key()))

    @cached_property
    def signers(self) -> dict[str, Signer]:
        return {issuer: Signer(issuer, key) for issuer, key in self.keys.items()}

    @property
    def public_keys(self) -> str:
        return ",".join(f"{issuer}:{key_text(signer.public_key)}" for issuer, signer in self.signers.items())


def new_programme(*, is_test: bool = True) -> Programme:
    """A programme with a ledger number of its own."""
    number = next(_ledger_ids)
    return Programme(number, f"demo-{number}", "America/New_York", "USD", is_test)


def registering(neighbours: Neighbours) -> Any:
    """Adds both services to a server."""

    def register(server: grpc.aio.Server) -> None:
        members_pb2_grpc.add_MembersServiceServicer_to_server(neighbours, server)
        partners_pb2_grpc.add_PartnersServiceServicer_to_server(neighbours, server)

    return register
