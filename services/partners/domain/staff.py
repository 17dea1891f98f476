"""The operator's people: their tokens, and what changes of their roles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.partners.domain.credentials import ROLES, read_known
from services.partners.domain.text import read_name
from services.runtime.errors import InvalidRequest, PermissionDenied
from services.runtime.ids import to_text

TOKENS_LIVE_MAX: Final = 20
FIRST_LABEL: Final = "first"
# 2200-01-01: times beyond are mistakes of unit.
_TIME_US_MAX: Final = 7_258_118_400_000_000


@dataclass(frozen=True, slots=True)
class StaffToken:
    """A token without its secret. Wall-clock microseconds; 0: it never ends, it is not revoked."""

    token_id: UUID
    staff_id: UUID
    label: str
    hint: str
    issued_at_us: int
    expires_at_us: int
    revoked_at_us: int

    def live(self, now_us: int) -> bool:
        """Whether it opens anything at a wall-clock time."""
        return not self.revoked_at_us and (not self.expires_at_us or now_us < self.expires_at_us)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as the database knows him now. `staff_id` None: the host's own command line, which is no person."""

    staff_id: UUID | None
    name: str
    roles: frozenset[str]

    def require(self, *roles: str) -> None:
        """Raises PermissionDenied unless this person has one of the roles now; the host may what all may."""
        if self.staff_id is not None and not self.roles & set(roles):
            needed = " or ".join(roles)
            raise PermissionDenied(f"this needs {needed}", needed=needed)


@dataclass(frozen=True, slots=True)
class RoleChanges:
    """Roles to assign and to take away, in their fixed order."""

    assign: tuple[str, ...]
    take_away: tuple[str, ...]

    def of(self, held: Iterable[str]) -> dict[str, bool]:
        """What changes for somebody who holds roles: role to whether it is assigned from now on."""
        has = set(held)
        given = {role: True for role in self.assign if role not in has}
        return given | {role: False for role in self.take_away if role in has}


def staff_text(staff_id: UUID) -> str:
    """The public form of a person's id, `stf_…`."""
    return to_text("stf", staff_id)


def read_role_changes(assign: Sequence[str], take_away: Sequence[str]) -> RoleChanges:
    """Checks what roles shall change. Raises InvalidRequest for none, unknown ones, and one that stands in both."""
    changes = RoleChanges(read_known(assign, ROLES, "assign"), read_known(take_away, ROLES, "take_away"))
    if not (changes.assign or changes.take_away):
        raise InvalidRequest("no role was named", field="assign")
    both = set(changes.assign) & set(changes.take_away)
    if both:
        raise InvalidRequest(f"{min(both)} is to be assigned and taken away", field="take_away")
    return changes


def read_token(label: str, expires_at_us: int, now_us: int) -> tuple[str, int]:
    """A token's label, and when it ends (0: never), wall clock. Raises InvalidRequest."""
    if expires_at_us and not now_us < expires_at_us <= _TIME_US_MAX:
        raise InvalidRequest("a token ends after now and before 2200", field="expires_at_us")
    return read_name(label, "label"), expires_at_us
