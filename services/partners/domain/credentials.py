"""Secrets that this service hands out once and keeps only as SHA-256."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

from services.runtime.errors import InvalidRequest

# In the order that they are listed in.
SCOPES: Final = (
    "members:read",
    "members:write",
    "members:app",
    "points:earn",
    "points:redeem",
    "points:transfer",
    "points:read",
    "statements:read",
    "statements:accept",
)
# Of a key without a choice. Who makes what shows a member's will is to be told apart from who takes it: a till that could make tokens
# for itself would need no member.
_USUAL_SCOPES: Final = tuple(scope for scope in SCOPES if scope != "members:app")
ROLES: Final = ("admin", "pricing", "maker", "checker", "service_desk", "auditor")
HINT_CHARACTERS: Final = 12
DIGEST_BYTES: Final = 32
OVERLAP_SECONDS_MAX: Final = 30 * 24 * 3_600
# 40 characters of 62 are 238 bits.
_RANDOM_CHARACTERS: Final = 40
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Secret:
    """A new secret: `text` is told once, only `digest` is kept."""

    text: str

    @property
    def digest(self) -> bytes:
        """SHA-256. A plain hash is enough: nobody can guess 238 random bits."""
        return sha256(self.text.encode()).digest()

    @property
    def hint(self) -> str:
        """The first characters, enough to recognise it by."""
        return self.text[:HINT_CHARACTERS]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key without its secret. Times are wall-clock; `revoked_at_us` 0: it is not revoked.

    `ends_at_us`: from when on it does not work since it was rolled to `next_key_id`; 0: it has no end. `addresses`: networks that it
    is taken from; none: from everywhere.
    """

    key_id: UUID
    partner_id: UUID
    label: str
    hint: str
    scopes: tuple[str, ...]
    issued_at_us: int
    revoked_at_us: int
    ends_at_us: int = 0
    next_key_id: UUID | None = None
    addresses: tuple[str, ...] = ()

    def live(self, now_us: int) -> bool:
        """Whether it opens anything at a wall-clock time."""
        return not self.revoked_at_us and (not self.ends_at_us or now_us < self.ends_at_us)


@dataclass(frozen=True, slots=True)
class Staff:
    """A person of the operator's staff, with the roles that are assigned now."""

    staff_id: UUID
    name: str
    roles: tuple[str, ...]


def new_api_secret(is_test: bool, scopes: Sequence[str]) -> Secret:
    """A secret of an API key: `sk_live_…` or `sk_test_…`; `rk_…` of one that may less than a key usually may.

    Nothing goes by the first letters: they tell whoever finds a key in a till's settings what it is.
    """
    kind = "sk" if set(_USUAL_SCOPES).issubset(scopes) else "rk"
    return Secret(f"{kind}_{'test' if is_test else 'live'}_{_random()}")


def new_staff_secret() -> Secret:
    """A staff person's token: `st_…`."""
    return Secret(f"st_{_random()}")


def read_overlap(seconds: int) -> int:
    """How long a key that is rolled works on, 0 to 30 days. Raises InvalidRequest."""
    if not 0 <= seconds <= OVERLAP_SECONDS_MAX:
        raise InvalidRequest(
            f"a key that is rolled works on for 0 to {OVERLAP_SECONDS_MAX:,} seconds (30 days)",
            field="overlap_seconds",
        )
    return seconds


def read_scopes(asked: Sequence[str]) -> tuple[str, ...]:
    """The scopes asked for in their fixed order, without doubles; all but `members:app` where none is. Raises InvalidRequest."""
    return read_known(asked, SCOPES, "scopes") or _USUAL_SCOPES


def read_roles(asked: Sequence[str]) -> tuple[str, ...]:
    """The roles asked for in their fixed order, without doubles; at least one. Raises InvalidRequest."""
    roles = read_known(asked, ROLES, "roles")
    if not roles:
        raise InvalidRequest(f"at least one role is needed, of {', '.join(ROLES)}", field="roles")
    return roles


def read_known(asked: Sequence[str], known: tuple[str, ...], field: str) -> tuple[str, ...]:
    """The names asked for in their fixed order, without doubles. Raises InvalidRequest for one that is not known."""
    unknown = sorted(set(asked).difference(known))
    if unknown:
        raise InvalidRequest(f"{unknown[0][:64]!r} is not one of {', '.join(known)}", field=field)
    return tuple(name for name in known if name in asked)


def _random() -> str:
    return "".join(secrets.choice(_BASE62) for _ in range(_RANDOM_CHARACTERS))
