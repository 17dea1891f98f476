"""Who may do and see what.

Partners need a scope, staff a role; the platform's own services may call everything but see no personal
data, since none of them has a use for it.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from services.runtime.errors import PermissionDenied
from services.runtime.principal import Kind, Principal

READ: Final = "members:read"
WRITE: Final = "members:write"
STAFF_ROLES: Final = ("service_desk", "admin")


def require(principal: Principal, scope: str) -> None:
    """Raises PermissionDenied unless a partner has the scope or a staff person one of the roles."""
    if principal.kind is Kind.PARTNER:
        principal.require(scope)
    else:
        principal.require_internal(*STAFF_ROLES)


def partner_of(principal: Principal) -> UUID | None:
    """The acting partner; None for staff and services."""
    return principal.as_partner() if principal.kind is Kind.PARTNER else None


def sees_personal(principal: Principal, enrolled_by: UUID | None) -> bool:
    """Whether the caller may see the personal fields of a member that `enrolled_by` enrolled."""
    if principal.kind is Kind.PARTNER:
        return enrolled_by == principal.as_partner()
    return principal.kind is Kind.STAFF


def sees_cards(principal: Principal, enrolled_by: UUID | None) -> bool:
    """Whether the caller may see whole card numbers: any of them earns, and spends where a partner asks for no more than a card."""
    return principal.kind is not Kind.PARTNER or enrolled_by == principal.as_partner()


def require_own_member(principal: Principal, enrolled_by: UUID | None) -> None:
    """Raises PermissionDenied for a partner that did not enrol the member."""
    if principal.kind is Kind.PARTNER and enrolled_by != principal.as_partner():
        raise PermissionDenied("only the partner that enrolled a member may do this")
