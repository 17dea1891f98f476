"""Who may see which figures. The programme comes from the principal of the call."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import NotFound
from services.runtime.principal import Kind, Principal

#: The scope of a partner's key for figures of its own.
SCOPE: Final = "statements:read"
#: Staff that may see single members, if only their ids.
OF_MEMBERS: Final = ("admin", "auditor", "service_desk")


def partner_asked(principal: Principal, asked: UUID | None) -> UUID | None:
    """The partner that figures are about; None: all of them, which staff and services alone may ask.

    Raises PermissionDenied for a key without the scope, NotFound with PARTNER_UNKNOWN where a partner asks for another.
    """
    if principal.kind is not Kind.PARTNER:
        return asked
    principal.require(SCOPE)
    own = principal.as_partner()
    if asked not in (None, own):
        raise NotFound("there is no such partner", Reason.REASON_PARTNER_UNKNOWN)
    return own


def require_members(principal: Principal) -> None:
    """Raises PermissionDenied for staff that may not see single members."""
    if principal.kind is Kind.STAFF:
        principal.require_internal(*OF_MEMBERS)
