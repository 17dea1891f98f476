"""What a partner may do by its contract: let members earn, let them burn, pay for what campaigns give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from services.partners.domain.drafts import parse_body
from services.partners.domain.rates import TIME_US_MAX
from services.runtime.clock import from_micros, to_micros
from services.runtime.errors import InvalidRequest
from services.runtime.ids import from_text, to_text

ROLES_KIND: Final = "partner_roles"


class PartnerRole(StrEnum):
    """A part in the coalition, in the order that they are listed in."""

    EARN = "earn"
    """Sales earn points. What was sold before can always be refunded."""
    BURN = "burn"
    """Members spend points. What was spent before can always be given back, and what is held be captured."""
    FUND = "fund"
    """It may pay for points that campaigns give."""


# Without a version a partner has all of them.
ALL_ROLES: Final = tuple(PartnerRole)


@dataclass(frozen=True, slots=True)
class RoleTerms:
    """The roles that a partner has from a programme time on, microseconds; none: it takes no part any more."""

    partner_id: UUID
    roles: tuple[PartnerRole, ...]
    valid_from_us: int

    def checked(self) -> RoleTerms:
        """The same terms. Raises InvalidRequest where the time is out of its range."""
        if not 0 <= self.valid_from_us <= TIME_US_MAX:
            raise InvalidRequest("roles start between 1970 and 2200", field="valid_from_us")
        return self


@dataclass(frozen=True, slots=True)
class RoleVersion:
    """Roles in the books: version from 1 per partner. `draft_id`: what two people made it by; None: set in a test programme."""

    terms: RoleTerms
    version: int
    draft_id: UUID | None = None


def roles_at(versions: Iterable[RoleVersion], now_us: int) -> tuple[PartnerRole, ...]:
    """The roles of a partner at a programme time: those of its highest version in force, or all."""
    in_force = [each for each in versions if each.terms.valid_from_us <= now_us]
    return max(in_force, key=lambda each: each.version).terms.roles if in_force else ALL_ROLES


def read_partner_roles(asked: Sequence[PartnerRole]) -> tuple[PartnerRole, ...]:
    """The roles asked for in their order, without doubles."""
    return tuple(role for role in PartnerRole if role in asked)


def roles_document(terms: RoleTerms) -> dict[str, Any]:
    """What a draft and the audit log say of roles."""
    return {
        "partner_id": to_text("ptr", terms.partner_id),
        "roles": [role.value for role in terms.roles],
        "valid_from": from_micros(terms.valid_from_us).isoformat(),
    }


def parse_roles(body: bytes) -> RoleTerms:
    """Reads the body of a draft of roles. Raises Fault for one that `roles_document` has not made."""
    return parse_body(ROLES_KIND, body, _roles, roles_document)


def _roles(said: Mapping[str, Any]) -> RoleTerms:
    roles = read_partner_roles([PartnerRole(role) for role in said["roles"]])
    return RoleTerms(
        from_text("ptr", said["partner_id"]), roles, to_micros(datetime.fromisoformat(said["valid_from"]))
    ).checked()
