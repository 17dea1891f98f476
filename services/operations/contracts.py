"""What the operator sets and drafts of contracts: prices, billing, roles, and what is rated again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from coalition.partners.v1 import approvals_pb2, clearing_pb2, partners_pb2
from coalition.partners.v1 import contracts_pb2 as pb

from services.operations.amounts import write_time
from services.operations.documents import Document, identity
from services.operations.session import Session
from services.runtime.principal import Programme

# Half a million entries that differ take a while to count.
_RERATE_SECONDS: Final = 120.0


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


async def preview_rerate(
    session: Session, programme: Programme, partner: str, version: int, from_us: int, to_us: int
) -> pb.PreviewRerateResponse:
    """What a re-rate of a partner by slug would do; times 0: those of the version. Raises what PreviewRerate does."""
    scope = await _scope(session, programme, partner, version, from_us, to_us)
    request = pb.PreviewRerateRequest(scope=scope)
    return await session.call(session.contracts.PreviewRerate, request, programme, _RERATE_SECONDS)


async def propose_rerate(
    session: Session, programme: Programme, partner: str, version: int, from_us: int, to_us: int, why: str
) -> approvals_pb2.Draft:
    """Drafts a re-rate. Raises what ProposeRerate does."""
    scope = await _scope(session, programme, partner, version, from_us, to_us)
    request = pb.ProposeRerateRequest(scope=scope, why=why)
    return (await session.call(session.contracts.ProposeRerate, request, programme, _RERATE_SECONDS)).draft


async def rerates(session: Session, programme: Programme, partner: str) -> Sequence[pb.Rerate]:
    """All re-rates of a partner, oldest first."""
    request = pb.ListReratesRequest(partner_id=await session.partner_id(programme, partner))
    return (await session.call(session.contracts.ListRerates, request, programme)).rerates


def preview_document(found: pb.PreviewRerateResponse, zone: str) -> Document:
    """What a re-rate would do: by kind and price, by window, and in all."""
    prices: dict[tuple[str, str, int, int], list[int]] = {}
    windows: dict[int, list[int]] = {}
    for each in found.differences:
        figures = (each.effect.entries, each.effect.points, each.effect.micros)
        key = each.kind, each.point_type, each.old_micros, each.new_micros
        for sums in (prices.setdefault(key, [0, 0, 0]), windows.setdefault(each.window, [0, 0, 0])):
            sums[:] = map(sum, zip(sums, figures, strict=True))
    return {
        **_scope_document(found.scope, zone),
        "as_of_seq": found.as_of_seq,
        "differences": [
            {
                "kind": kind,
                "point_type": point_type or None,
                "old_micros": old,
                "new_micros": new,
                **_effect(*figures),
            }
            for (kind, point_type, old, new), figures in prices.items()
        ],
        "windows": [{"window": window, **_effect(*windows[window])} for window in sorted(windows)],
        "effect": _effect(found.effect.entries, found.effect.points, found.effect.micros),
    }


def rerate_document(found: pb.Rerate, zone: str) -> Document:
    """A re-rate in the books, with the effect that was approved."""
    return {
        "number": found.number,
        **_scope_document(found.scope, zone),
        **_effect(found.effect.entries, found.effect.points, found.effect.micros),
        "as_of_seq": found.as_of_seq,
        "known_from_seq": found.known_from_seq,
        "window": found.window,
        "draft": identity("drf", found.draft_id),
    }


def _effect(entries: int, points: int, micros: int) -> Document:
    return {"entries": entries, "points": points, "micros": micros}


def _scope_document(scope: pb.RerateScope, zone: str) -> Document:
    return {
        "partner_id": identity("ptr", scope.partner_id),
        "version": scope.version,
        "from": write_time(scope.from_us, zone),
        "to": write_time(scope.to_us, zone) or None,
    }


async def _scope(
    session: Session, programme: Programme, partner: str, version: int, from_us: int, to_us: int
) -> pb.RerateScope:
    partner_id = await session.partner_id(programme, partner)
    return pb.RerateScope(partner_id=partner_id, version=version, from_us=from_us, to_us=to_us)
