"""What the operator sets and drafts of contracts: prices, billing, roles; drafts are for another person to approve."""

from __future__ import annotations

from collections.abc import Sequence

from coalition.partners.v1 import approvals_pb2, clearing_pb2, partners_pb2
from coalition.partners.v1 import contracts_pb2 as pb

from services.operations.session import Session
from services.runtime.principal import Programme


async def propose_rates(
    session: Session, programme: Programme, wanted: partners_pb2.RateVersion, why: str
) -> approvals_pb2.Draft:
    """Drafts prices of a partner. Raises what ProposeRates does."""
    request = pb.ProposeRatesRequest(rates=wanted, why=why)
    return (await session.call(session.contracts.ProposeRates, request, programme)).draft


async def propose_billing(
    session: Session, programme: Programme, wanted: clearing_pb2.BillingTerms, why: str
) -> approvals_pb2.Draft:
    """Drafts billing of a partner. Raises what ProposeBilling does."""
    request = pb.ProposeBillingRequest(terms=wanted, why=why)
    return (await session.call(session.contracts.ProposeBilling, request, programme)).draft


async def roles_of(
    session: Session, programme: Programme, slug: str, roles: Sequence[str], valid_from_us: int
) -> partners_pb2.PartnerRoles:
    """Roles (`earn`, `burn`, `fund`) of a partner from a programme time on, as a request has them. Raises PARTNER_UNKNOWN."""
    return partners_pb2.PartnerRoles(
        partner_id=await session.partner_id(programme, slug),
        roles=[partners_pb2.PartnerRole.Value(f"PARTNER_ROLE_{role.upper()}") for role in roles],
        valid_from_us=valid_from_us,
    )


async def set_roles(
    session: Session, programme: Programme, wanted: partners_pb2.PartnerRoles
) -> partners_pb2.PartnerRoles:
    """Sets roles, in a test programme. Raises what SetPartnerRoles does."""
    request = pb.SetPartnerRolesRequest(terms=wanted)
    return (await session.call(session.contracts.SetPartnerRoles, request, programme)).terms


async def propose_roles(
    session: Session, programme: Programme, wanted: partners_pb2.PartnerRoles, why: str
) -> approvals_pb2.Draft:
    """Drafts roles. Raises what ProposePartnerRoles does."""
    request = pb.ProposePartnerRolesRequest(terms=wanted, why=why)
    return (await session.call(session.contracts.ProposePartnerRoles, request, programme)).draft


async def list_roles(
    session: Session, programme: Programme, slug: str
) -> Sequence[partners_pb2.PartnerRoles]:
    """All versions of a partner's roles, oldest first; none: it may do everything. Raises PARTNER_UNKNOWN."""
    request = pb.ListPartnerRolesRequest(partner_id=await session.partner_id(programme, slug))
    return (await session.call(session.contracts.ListPartnerRoles, request, programme)).versions
