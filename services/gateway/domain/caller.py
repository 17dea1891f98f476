"""Who calls: a partner, through one of its API keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.runtime.errors import PermissionDenied
from services.runtime.principal import Programme

MEMBERS_READ: Final = "members:read"
MEMBERS_WRITE: Final = "members:write"
POINTS_EARN: Final = "points:earn"
POINTS_REDEEM: Final = "points:redeem"
POINTS_READ: Final = "points:read"
STATEMENTS_READ: Final = "statements:read"
STATEMENTS_ACCEPT: Final = "statements:accept"
SCOPES: Final = (
    MEMBERS_READ,
    MEMBERS_WRITE,
    POINTS_EARN,
    POINTS_REDEEM,
    POINTS_READ,
    STATEMENTS_READ,
    STATEMENTS_ACCEPT,
)


@dataclass(frozen=True, slots=True)
class Partner:
    """A merchant company of the programme."""

    partner_id: UUID
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What the partners service tells of an API key."""

    key_id: UUID
    label: str
    hint: str
    scopes: frozenset[str]
    partner: Partner
    programme: Programme


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller; `actor` is its key's public id, `token` its signed principal for the services."""

    key: KeyFacts
    actor: str
    token: bytes

    @property
    def partner(self) -> Partner:
        """The partner that calls."""
        return self.key.partner

    @property
    def programme(self) -> Programme:
        """The programme it calls in."""
        return self.key.programme

    def require(self, scope: str) -> None:
        """Raises PermissionDenied unless the key has the scope."""
        if scope not in self.key.scopes:
            raise PermissionDenied(f"this API key needs the scope {scope}", needed=scope)
