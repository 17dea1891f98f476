"""Who calls: a partner, through one of its API keys."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Final
from uuid import UUID

from services.gateway.domain.quotas import USUAL_QUOTAS, PartnersQuotas
from services.runtime.errors import PermissionDenied
from services.runtime.partner_standing import ACTIVE, Operation, PartnerStanding, refusal_of
from services.runtime.principal import Programme

MEMBERS_READ: Final = "members:read"
MEMBERS_WRITE: Final = "members:write"
MEMBERS_APP: Final = "members:app"
POINTS_EARN: Final = "points:earn"
POINTS_REDEEM: Final = "points:redeem"
POINTS_READ: Final = "points:read"
STATEMENTS_READ: Final = "statements:read"
STATEMENTS_ACCEPT: Final = "statements:accept"
SCOPES: Final = (
    MEMBERS_READ,
    MEMBERS_WRITE,
    MEMBERS_APP,
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


class PartnerRole(StrEnum):
    """What a partner may do by its contract."""

    EARN = "earn"
    BURN = "burn"
    FUND = "fund"


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What the partners service tells of an API key.

    `roles`: what its partner may do by its contract. `standing`: where it stands, and `refused`: what is not answered because of
    that, both as of when the key was looked up. `quotas`: what was agreed on how much it may ask. `ends_at_us`: from when on it does
    not work any more, by the wall clock; 0: it has no end. `addresses`: networks that it is taken from; none: from everywhere.
    `api_version`: what its partner is pinned to; empty: nothing.
    """

    key_id: UUID
    label: str
    hint: str
    scopes: frozenset[str]
    partner: Partner
    programme: Programme
    roles: frozenset[PartnerRole] = frozenset(PartnerRole)
    standing: PartnerStanding = ACTIVE
    refused: frozenset[Operation] = frozenset()
    quotas: PartnersQuotas = USUAL_QUOTAS
    ends_at_us: int = 0
    addresses: tuple[IPv4Network | IPv6Network, ...] = ()
    api_version: str = ""


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

    def require_answered(self, operation: Operation) -> None:
        """Raises PermissionDenied (PARTNER_SUSPENDED, PARTNER_EXITED) for what is not answered where the partner stands."""
        if operation in self.key.refused:
            raise refusal_of(operation, self.key.standing).error()

    def refusal_without(self, role: PartnerRole) -> PermissionDenied | None:
        """Why what takes a role is refused; None: the partner has it."""
        if role in self.key.roles:
            return None
        return PermissionDenied(f"the partner's contract has not the role {role}", needed=f"role:{role}")

    def require_role(self, role: PartnerRole) -> None:
        """Raises PermissionDenied unless the partner has the role."""
        refusal = self.refusal_without(role)
        if refusal is not None:
            raise refusal
