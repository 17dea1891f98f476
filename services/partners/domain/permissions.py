"""Who may do what here. The programme and the actor come from the principal of the call."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import NotFound, PermissionDenied
from services.runtime.principal import HOST, Kind, Principal

# The scope of a partner's key for its statements and their proofs.
STATEMENTS_READ: Final = "statements:read"


def require_role(principal: Principal, *roles: str) -> None:
    """Raises PermissionDenied unless this is staff with one of the roles, or the host's own command line."""
    principal.require_role(*roles)


def require_service(principal: Principal, issuer: str) -> None:
    """Raises PermissionDenied unless this is the one service that may ask."""
    if principal.kind is not Kind.SERVICE or principal.issuer != issuer:
        raise PermissionDenied(f"only the {issuer} may do this", needed=issuer)


def is_host(principal: Principal) -> bool:
    """Whether the host's own command line acts, for no person in particular."""
    return principal.kind is Kind.SERVICE and principal.issuer == HOST


def partner_addressed(principal: Principal, asked: UUID | None) -> UUID:
    """The partner a call is about: a partner's own, or the one that staff or a service names.

    Raises NotFound with PARTNER_UNKNOWN where a partner asks for another, or where nobody is named.
    """
    own = principal.partner_id if principal.kind is Kind.PARTNER else None
    if own is not None and asked in (None, own):
        return own
    if principal.kind is Kind.PARTNER or asked is None:
        raise NotFound("there is no such partner", Reason.REASON_PARTNER_UNKNOWN)
    return asked
