"""A session with the services, as the command line and the demo hold one: who acts, and how patiently."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import grpc.aio
from coalition.insights.v1.insights_pb2_grpc import InsightsServiceStub
from coalition.members.v1.contacts_pb2_grpc import ContactsServiceStub
from coalition.members.v1.members_pb2_grpc import MembersServiceStub
from coalition.members.v1.office_pb2_grpc import MembersOfficeServiceStub
from coalition.notifications.v1.notifications_pb2_grpc import NotificationsServiceStub
from coalition.operations.v1.subscribers_pb2_grpc import SubscribersServiceStub
from coalition.partners.v1 import partners_pb2
from coalition.partners.v1.api_access_pb2_grpc import ApiAccessServiceStub
from coalition.partners.v1.approvals_pb2_grpc import ApprovalsServiceStub
from coalition.partners.v1.audit_pb2_grpc import AuditServiceStub
from coalition.partners.v1.contracts_pb2_grpc import ContractsServiceStub
from coalition.partners.v1.disputes_pb2_grpc import DisputeServiceStub
from coalition.partners.v1.legal_entities_pb2_grpc import LegalEntitiesServiceStub
from coalition.partners.v1.liability_pb2_grpc import LiabilityServiceStub
from coalition.partners.v1.limits_pb2_grpc import LimitsServiceStub
from coalition.partners.v1.partners_pb2_grpc import ClearingServiceStub, PartnersServiceStub
from coalition.partners.v1.payment_terms_pb2_grpc import PaymentTermsServiceStub
from coalition.partners.v1.prefunding_pb2_grpc import PrefundingServiceStub
from coalition.partners.v1.settlement_pb2_grpc import SettlementServiceStub
from coalition.partners.v1.staff_pb2_grpc import StaffServiceStub
from coalition.partners.v1.standing_pb2_grpc import PartnerStandingServiceStub
from coalition.partners.v1.tax_pb2_grpc import TaxServiceStub
from coalition.points.v1.guards_pb2_grpc import GuardsServiceStub
from coalition.points.v1.points_pb2_grpc import PointsServiceStub

from services.runtime import grpc_client
from services.runtime.errors import CoalitionError, PermissionDenied, Unavailable
from services.runtime.ids import to_text
from services.runtime.principal import HOST, Kind, Programme, Signer, programme_from
from services.runtime.secrets import read_key
from services.runtime.tls import tls_in

#: A staff person's `st_…` token. Without it the host's own command line acts, which may do what all roles together may.
STAFF_TOKEN: Final = "COALITION_STAFF_TOKEN"  # noqa: S105 - the name of a variable
PRIVATE_KEY: Final = "COALITION_PRINCIPAL_PRIVATE_KEY"
PARTNERS_TARGET: Final = "COALITION_PARTNERS_TARGET"
POINTS_TARGET: Final = "COALITION_POINTS_TARGET"
#: Only needed by what is about members and their cards.
MEMBERS_TARGET: Final = "COALITION_MEMBERS_TARGET"
#: Only needed by figures, and by who reads events.
INSIGHTS_TARGET: Final = "COALITION_INSIGHTS_TARGET"
#: Only needed by what is about what members are written, and by who reads events.
NOTIFICATIONS_TARGET: Final = "COALITION_NOTIFICATIONS_TARGET"
_CALL_SECONDS: Final = 30.0
_RETRY_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Person:
    """The staff person who acts, as the token said."""

    actor: str
    roles: tuple[str, ...]
    token_id: UUID


class Session:
    """Calls as one person, or as the host. Every call raises CoalitionError with the service's reason.

    `patience_seconds`: how long a call is asked again while its service is away or behind; 0: never.
    """

    def __init__(
        self,
        signer: Signer,
        partners: grpc.aio.Channel,
        points: grpc.aio.Channel,
        person: Person | None = None,
        patience_seconds: float = 0.0,
        members: grpc.aio.Channel | None = None,
        insights: grpc.aio.Channel | None = None,
        notifications: grpc.aio.Channel | None = None,
    ) -> None:
        self._insights = InsightsServiceStub(insights) if insights is not None else None
        self._notifications = NotificationsServiceStub(notifications) if notifications is not None else None
        self._members = MembersServiceStub(members) if members is not None else None
        self._contacts = ContactsServiceStub(members) if members is not None else None
        self._members_office = MembersOfficeServiceStub(members) if members is not None else None
        self._signer, self._person, self.patience_seconds = signer, person, patience_seconds
        self.registry = PartnersServiceStub(partners)
        self.clearing = ClearingServiceStub(partners)
        self.staff = StaffServiceStub(partners)
        self.api_access = ApiAccessServiceStub(partners)
        self.approvals = ApprovalsServiceStub(partners)
        self.contracts = ContractsServiceStub(partners)
        self.legal_entities = LegalEntitiesServiceStub(partners)
        self.limits = LimitsServiceStub(partners)
        self.payment_terms = PaymentTermsServiceStub(partners)
        self.prefunding = PrefundingServiceStub(partners)
        self.liability = LiabilityServiceStub(partners)
        self.audit = AuditServiceStub(partners)
        self.settlement = SettlementServiceStub(partners)
        self.tax = TaxServiceStub(partners)
        self.standing = PartnerStandingServiceStub(partners)
        self.disputes = DisputeServiceStub(partners)
        self._subscribers = {
            service: SubscribersServiceStub(channel)
            for service, channel in (
                ("members", members),
                ("points", points),
                ("partners", partners),
                ("insights", insights),
                ("notifications", notifications),
            )
            if channel is not None
        }
        self.ledger = PointsServiceStub(points)
        self.guards = GuardsServiceStub(points)

    @property
    def members(self) -> MembersServiceStub:
        """The members service. Raises Unavailable where nobody has said where it is."""
        if self._members is None:
            raise Unavailable(f"members are looked up where {MEMBERS_TARGET} says, and it is not set")
        return self._members

    @property
    def members_office(self) -> MembersOfficeServiceStub:
        """What the staff sets and sees of members. Raises Unavailable as `members` does."""
        if self._members_office is None:
            raise Unavailable(f"members are looked up where {MEMBERS_TARGET} says, and it is not set")
        return self._members_office

    @property
    def contacts(self) -> ContactsServiceStub:
        """How members want to be written to. Raises Unavailable as `members` does."""
        if self._contacts is None:
            raise Unavailable(f"members are looked up where {MEMBERS_TARGET} says, and it is not set")
        return self._contacts

    @property
    def insights(self) -> InsightsServiceStub:
        """The insights service. Raises Unavailable where nobody has said where it is."""
        if self._insights is None:
            raise Unavailable(f"insights are asked where {INSIGHTS_TARGET} says, and it is not set")
        return self._insights

    @property
    def notifications(self) -> NotificationsServiceStub:
        """The notifications service. Raises Unavailable where nobody has said where it is."""
        if self._notifications is None:
            raise Unavailable(f"notices are asked for where {NOTIFICATIONS_TARGET} says, and it is not set")
        return self._notifications

    @property
    def subscribing(self) -> tuple[str, ...]:
        """The services that may have subscribers, of those that somebody has said where they are."""
        return tuple(self._subscribers)

    def subscribers_of(self, service: str) -> SubscribersServiceStub:
        """The event log and the subscribers of a service by name. Raises Unavailable as `members` does."""
        if service not in self._subscribers:
            raise Unavailable(
                f"{service} is asked where COALITION_{service.upper()}_TARGET says, and it is not set"
            )
        return self._subscribers[service]

    def require_role(self, *roles: str) -> None:
        """Raises PermissionDenied for a person with none of the roles; for what no service is asked."""
        if self._person is not None and not set(self._person.roles) & set(roles):
            needed = " or ".join(roles)
            raise PermissionDenied(f"this needs {needed}", needed=needed)

    async def call(
        self, method: Any, request: Any, programme: Programme | None = None, seconds: float = _CALL_SECONDS
    ) -> Any:
        """One call in a programme, or on the platform as a whole."""
        give_up = time.monotonic() + self.patience_seconds
        while True:
            try:
                return await grpc_client.call(method, request, self._principal(programme), seconds)
            except CoalitionError as error:
                if not error.entry.retryable or time.monotonic() >= give_up:
                    raise
                await asyncio.sleep(_RETRY_SECONDS)

    def stream(self, method: Any, request: Any, programme: Programme | None = None) -> AsyncIterator[Any]:
        """One call that answers a stream of messages; one that breaks off is not asked again."""
        return grpc_client.stream(method, request, self._principal(programme))

    async def upload(
        self, method: Any, pieces: AsyncIterator[Any], programme: Programme, seconds: float
    ) -> Any:
        """One call that is given a stream of messages; one that breaks off is not asked again."""
        return await grpc_client.call(method, pieces, self._principal(programme), seconds)

    def _principal(self, programme: Programme | None) -> bytes:
        if self._person is None:
            return self._signer.own(programme)
        person = self._person
        return self._signer.sign(
            Kind.STAFF, person.actor, programme, grants=person.roles, token_id=person.token_id
        )

    async def programme(self, slug: str) -> Programme:
        """A programme by slug. Raises PROGRAMME_UNKNOWN."""
        request = partners_pb2.GetProgrammeRequest(slug=slug)
        return programme_from((await self.call(self.registry.GetProgramme, request)).programme)

    async def partner_id(self, programme: Programme, slug: str) -> bytes:
        """A partner's id by slug. Raises PARTNER_UNKNOWN."""
        request = partners_pb2.GetPartnerRequest(slug=slug)
        return bytes((await self.call(self.registry.GetPartner, request, programme)).partner.partner_id)


@asynccontextmanager
async def open_session(
    environment: Mapping[str, str], staff_token: str = "", patience_seconds: float = 0.0
) -> AsyncGenerator[Session]:
    """A session from the launcher's environment, for whoever the token belongs to; without one for the host.

    `patience_seconds`: how long a call is asked again while its service is away or behind; 0: never.
    TLS is as the same environment says. Raises UNAUTHENTICATED for a token that nobody has, and Misconfigured.
    """
    tls = tls_in(environment)
    signer = Signer(HOST, read_key(environment[PRIVATE_KEY], PRIVATE_KEY))
    partners = grpc_client.open_channel(environment[PARTNERS_TARGET], tls)
    points = grpc_client.open_channel(environment[POINTS_TARGET], tls)
    members, insights, notifications = (
        grpc_client.open_channel(environment[name], tls) if environment.get(name) else None
        for name in (MEMBERS_TARGET, INSIGHTS_TARGET, NOTIFICATIONS_TARGET)
    )
    others = (patience_seconds, members, insights, notifications)
    try:
        host = Session(signer, partners, points, None, *others)
        person = await _person(host, staff_token) if staff_token else None
        yield Session(signer, partners, points, person, *others) if person else host
    finally:
        for channel in (members, insights, notifications):
            if channel is not None:
                await channel.close()
        await partners.close()
        await points.close()


async def _person(host: Session, token: str) -> Person:
    request = partners_pb2.AuthenticateStaffRequest(token_sha256=sha256(token.encode()).digest())
    answer = await host.call(host.registry.AuthenticateStaff, request)
    staff = answer.staff
    return Person(to_text("stf", UUID(bytes=staff.staff_id)), tuple(staff.roles), UUID(bytes=answer.token_id))
