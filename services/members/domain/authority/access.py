"""Who may ask for what shows a member's will. What makes it is kept from those who take it: a till that may burn makes no proofs."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from services.members.domain.access import STAFF_ROLES
from services.runtime.errors import PermissionDenied
from services.runtime.principal import Kind, Principal

APP: Final = "members:app"
EARN: Final = "points:earn"
REDEEM: Final = "points:redeem"
DESK_ROLES: Final = ("service_desk", "auditor", "admin")


def require_issuer(principal: Principal) -> UUID | None:
    """The partner whose app asks for a token; None for a service. Raises PermissionDenied for staff, who could burn with it."""
    if principal.kind is Kind.SERVICE:
        return None
    partner_id = principal.as_partner()
    principal.require(APP)
    return partner_id


def require_setter(principal: Principal) -> UUID | None:
    """The partner that sets a PIN; None for the service desk. Raises PermissionDenied for others."""
    if principal.kind is not Kind.PARTNER:
        principal.require_role(*STAFF_ROLES)
        return None
    principal.require(APP)
    return principal.as_partner()


def require_till(principal: Principal, *scopes: str) -> UUID:
    """The partner at whose till something is shown. Raises PermissionDenied without any of the scopes."""
    partner_id = principal.as_partner()
    if not principal.grants & set(scopes):
        needed = " or ".join(scopes)
        raise PermissionDenied(f"this needs {needed}", needed=needed)
    return partner_id
