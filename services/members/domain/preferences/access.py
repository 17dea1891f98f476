"""Who may change and see how members are written to. Addresses for writing are told to the one service that writes."""

from __future__ import annotations

from typing import Final

from services.members.domain import access
from services.runtime.errors import PermissionDenied
from services.runtime.principal import Kind, Principal

NOTIFIER: Final = "notifications"


def require_notifier(principal: Principal) -> None:
    """Raises PermissionDenied for everybody but the notifications service."""
    if principal.kind is not Kind.SERVICE or principal.issuer != NOTIFIER:
        raise PermissionDenied("only the notifications service may ask how to write to members")


def require_keeper(principal: Principal, scope: str) -> None:
    """Raises PermissionDenied for partners without the scope, staff without the role, and services."""
    if principal.kind is Kind.PARTNER:
        principal.require(scope)
    else:
        principal.require_role(*access.STAFF_ROLES)
