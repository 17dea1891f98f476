"""The operator's people at work: persons with real tokens, drafts and decisions, on the partners service of a House."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from coalition.partners.v1 import (
    approvals_pb2,
    audit_pb2,
    clearing_pb2,
    contracts_pb2,
    limits_pb2,
    partners_pb2,
    staff_pb2,
)
from coalition.partners.v1.approvals_pb2_grpc import ApprovalsServiceStub
from coalition.partners.v1.audit_pb2_grpc import AuditServiceStub
from coalition.partners.v1.contracts_pb2_grpc import ContractsServiceStub
from coalition.partners.v1.limits_pb2_grpc import LimitsServiceStub
from coalition.partners.v1.staff_pb2_grpc import StaffServiceStub
from coalition.partners.v1.standing_pb2_grpc import PartnerStandingServiceStub
from coalition.partners.v1.tax_pb2_grpc import TaxServiceStub
from coalition.type.v1 import principal_pb2

from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from services.runtime.grpc_client import open_channel
from services.runtime.ids import to_text
from services.runtime.principal import Kind, Programme
from tests.support.partners import House


@dataclass(frozen=True)
class Person:
    """Somebody of the staff, with one of his tokens; `roles` is what his principal carries, whatever he has."""

    house: House
    staff_id: UUID
    name: str
    token_id: UUID
    secret: str
    roles: tuple[str, ...]

    @property
    def actor(self) -> str:
        return to_text("stf", self.staff_id)

    def on(self, programme: Programme | None = None) -> bytes:
        """His principal, as the command line would sign it."""
        return self.house.signers["cli"].sign(
            Kind.STAFF, self.actor, programme, grants=self.roles, token_id=self.token_id
        )


@dataclass(frozen=True)
class Office:
    """A House whose services for people, drafts, limits and the audit log are called too."""

    house: House
    staff: StaffServiceStub
    approvals: ApprovalsServiceStub
    contracts: ContractsServiceStub
    limits: LimitsServiceStub
    audit: AuditServiceStub
    tax: TaxServiceStub
    standing: PartnerStandingServiceStub

    async def desk(self) -> tuple[Programme, UUID, Person, Person]:
        """A programme with a partner, somebody who makes and somebody who checks."""
        programme = await self.house.programme()
        partner_id = await self.house.partner(programme, "grocer", issue=None)
        return programme, partner_id, await self.person("maker"), await self.person("checker")

    async def live_desk(self) -> tuple[Programme, UUID, Person, Person]:
        """A live programme with a partner, somebody who makes prices and somebody who checks."""
        programme = await self.house.programme(mode=principal_pb2.PROGRAMME_MODE_LIVE)
        partner_id = await self.house.partner(programme, "grocer", issue=None)
        return programme, partner_id, await self.person("pricing"), await self.person("checker")

    async def undone(self, programme: Programme, partner_id: UUID, draft: approvals_pb2.Draft) -> None:
        """Makes sure that nothing was decided, nothing applied, and that the audit log says so."""
        assert (await self.state(programme, draft)).state == approvals_pb2.DRAFT_STATE_OPEN
        assert await self.limits_of(programme, partner_id) == []
        assert {"draft.approved", "limit.set"}.isdisjoint(
            row.what for row in await self.audit_rows(programme)
        )

    async def person(self, *roles: str) -> Person:
        """A new person with these roles and a first token."""
        request = partners_pb2.AddStaffRequest(name=f"Person {secrets.token_hex(4)}", roles=roles)
        added = await grpc_client.call(self.house.registry.AddStaff, request, self.house.as_host())
        return await self.signed_in(added.token)

    async def signed_in(self, secret: str) -> Person:
        """Whoever has this token, as the command line learns it."""
        asking = partners_pb2.AuthenticateStaffRequest(token_sha256=sha256(secret.encode()).digest())
        known = await grpc_client.call(self.house.registry.AuthenticateStaff, asking, self.house.as_host())
        return Person(
            self.house,
            UUID(bytes=known.staff.staff_id),
            known.staff.name,
            UUID(bytes=known.token_id),
            secret,
            tuple(known.staff.roles),
        )

    async def another_token(self, person: Person, **changes: Any) -> Person:
        """The same person with a token more."""
        request = staff_pb2.IssueStaffTokenRequest(
            staff_id=person.staff_id.bytes, label=changes.pop("label", "laptop"), **changes
        )
        issued = await grpc_client.call(self.staff.IssueStaffToken, request, self.house.as_host())
        return await self.signed_in(issued.secret)

    async def set_roles(
        self, person: Person, assign: tuple[str, ...] = (), take: tuple[str, ...] = ()
    ) -> Any:
        """Changes roles, as the host."""
        request = staff_pb2.SetStaffRolesRequest(
            staff_id=person.staff_id.bytes, assign=assign, take_away=take
        )
        return (await grpc_client.call(self.staff.SetStaffRoles, request, self.house.as_host())).staff

    async def draft(
        self, by: Person, programme: Programme, partner_id: UUID, limit_minor: int = 500_000, **changes: Any
    ) -> approvals_pb2.Draft:
        """A draft of a credit limit."""
        terms = terms_of(partner_id, limit_minor=limit_minor, **changes)
        request = limits_pb2.ProposeCreditLimitRequest(terms=terms, why="as agreed")
        return (await grpc_client.call(self.limits.ProposeCreditLimit, request, by.on(programme))).draft

    async def draft_rates(
        self, by: Person, programme: Programme, rates: partners_pb2.RateVersion
    ) -> approvals_pb2.Draft:
        """A draft of prices."""
        request = contracts_pb2.ProposeRatesRequest(rates=rates, why="as agreed")
        return (await grpc_client.call(self.contracts.ProposeRates, request, by.on(programme))).draft

    async def draft_billing(
        self, by: Person, programme: Programme, terms: clearing_pb2.BillingTerms
    ) -> approvals_pb2.Draft:
        """A draft of billing."""
        request = contracts_pb2.ProposeBillingRequest(terms=terms, why="as agreed")
        return (await grpc_client.call(self.contracts.ProposeBilling, request, by.on(programme))).draft

    async def preview(
        self, programme: Programme, partner_id: UUID, version: int, from_us: int = 0, to_us: int = 0
    ) -> contracts_pb2.PreviewRerateResponse:
        """What a re-rate would do."""
        scope = contracts_pb2.RerateScope(
            partner_id=partner_id.bytes, version=version, from_us=from_us, to_us=to_us
        )
        request = contracts_pb2.PreviewRerateRequest(scope=scope)
        return await self.house.ask(self.contracts.PreviewRerate, request, programme)

    async def draft_rerate(
        self, by: Person, programme: Programme, partner_id: UUID, version: int, **times: int
    ) -> approvals_pb2.Draft:
        """A draft of a re-rate."""
        scope = contracts_pb2.RerateScope(partner_id=partner_id.bytes, version=version, **times)
        request = contracts_pb2.ProposeRerateRequest(scope=scope, why="as agreed")
        return (await grpc_client.call(self.contracts.ProposeRerate, request, by.on(programme))).draft

    async def rerate(
        self, programme: Programme, partner_id: UUID, version: int, **times: int
    ) -> contracts_pb2.Rerate:
        """Re-rates, by two new people."""
        maker, checker = await self.person("pricing"), await self.person("checker")
        draft = await self.draft_rerate(maker, programme, partner_id, version, **times)
        await self.approve(checker.on(programme), draft)
        return (await self.rerates_of(programme, partner_id))[-1]

    async def rerates_of(self, programme: Programme, partner_id: UUID) -> list[contracts_pb2.Rerate]:
        """All re-rates of a partner."""
        request = contracts_pb2.ListReratesRequest(partner_id=partner_id.bytes)
        return list((await self.house.ask(self.contracts.ListRerates, request, programme)).rerates)

    async def approve(
        self, by: bytes, draft: approvals_pb2.Draft, hash_seen: bytes = b""
    ) -> approvals_pb2.Draft:
        """Approves, naming the hash of the draft as it was answered, or another one."""
        request = approvals_pb2.ApproveDraftRequest(draft_id=draft.draft_id, sha256=hash_seen or draft.sha256)
        return (await grpc_client.call(self.approvals.ApproveDraft, request, by)).draft

    async def refused_approval(self, by: bytes, draft: approvals_pb2.Draft, hash_seen: bytes = b"") -> Any:
        """The reason for which an approval is refused."""
        with pytest.raises(CoalitionError) as caught:
            await self.approve(by, draft, hash_seen)
        return caught.value.reason

    async def state(self, programme: Programme, draft: approvals_pb2.Draft) -> approvals_pb2.Draft:
        """The draft as it stands."""
        request = approvals_pb2.GetDraftRequest(draft_id=draft.draft_id)
        return (await self.house.ask(self.approvals.GetDraft, request, programme)).draft

    async def limits_of(self, programme: Programme, partner_id: UUID) -> list[limits_pb2.CreditLimit]:
        """All versions of a partner's limit."""
        request = limits_pb2.ListCreditLimitsRequest(partner_id=partner_id.bytes)
        return list((await self.house.ask(self.limits.ListCreditLimits, request, programme)).limits)

    async def audit_rows(self, programme: Programme | None, **wanted: int) -> list[audit_pb2.AuditRow]:
        """Rows of a programme's chain, or of the host's."""
        request = audit_pb2.ReadAuditRequest(**wanted)
        blocks = grpc_client.stream(self.audit.ReadAudit, request, self.house.as_host(programme))
        return [row async for block in blocks for row in block.rows]

    async def audit_check(self, programme: Programme | None) -> audit_pb2.CheckAuditResponse:
        """What the checker says of a chain."""
        return await grpc_client.call(
            self.audit.CheckAudit, audit_pb2.CheckAuditRequest(), self.house.as_host(programme)
        )


def terms_of(partner_id: UUID, **changes: Any) -> limits_pb2.CreditLimitTerms:
    """Terms of a partner: 5,000.00, nothing prefunded, earns beyond refused."""
    said: dict[str, Any] = {"limit_minor": 500_000, "on_limit": limits_pb2.ON_LIMIT_REFUSE, **changes}
    return limits_pb2.CreditLimitTerms(partner_id=partner_id.bytes, **said)


async def refusal(method: Any, request: Any, principal: bytes) -> CoalitionError:
    """What a call is refused with."""
    with pytest.raises(CoalitionError) as caught:
        await grpc_client.call(method, request, principal)
    return caught.value


@asynccontextmanager
async def office_of(house: House) -> AsyncGenerator[Office]:
    """The same house with its other services."""
    channel = open_channel(house.target)
    try:
        yield Office(
            house,
            StaffServiceStub(channel),
            ApprovalsServiceStub(channel),
            ContractsServiceStub(channel),
            LimitsServiceStub(channel),
            AuditServiceStub(channel),
            TaxServiceStub(channel),
            PartnerStandingServiceStub(channel),
        )
    finally:
        await channel.close()
