"""Tokens of a member's app, as they are before they are enciphered."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final
from uuid import UUID

NONCE_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class AppToken:
    """What a token says. `nonce`: 16 random bytes, its name; `expires_at_us`: wall-clock time from which on it is too old."""

    nonce: bytes
    member_id: UUID
    expires_at_us: int


@dataclass(frozen=True, slots=True)
class TokenReplay:
    """A token that was used at `used_by` and shown again at `partner_id`. Times are wall-clock microseconds."""

    member_id: UUID
    used_by: UUID
    partner_id: UUID
    used_at_us: int
    replayed_at_us: int


def new_token(member_id: UUID, expires_at_us: int) -> AppToken:
    """A token that no other is like."""
    return AppToken(os.urandom(NONCE_BYTES), member_id, expires_at_us)
