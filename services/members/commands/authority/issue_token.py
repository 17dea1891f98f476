"""IssueAppToken: a token for the member's app to show."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from services.members.domain.authority.access import require_issuer
from services.members.domain.authority.refusals import member_closed, member_unknown
from services.members.domain.authority.tokens import new_token
from services.members.storage.authority.known import known_member
from services.members.storage.authority.token_seal import TokenSeal
from services.runtime.clock import MICROS_PER_SECOND, wall_now_us
from services.runtime.database import ReadDatabase
from services.runtime.errors import PermissionDenied
from services.runtime.principal import Principal


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token as the app shows it; `expires_at_us` is wall-clock time."""

    text: str = field(repr=False)
    expires_at_us: int


class IssueAppToken:
    """Makes tokens. Nothing is stored: a token carries all that is to be known of it."""

    def __init__(self, database: ReadDatabase, seal: TokenSeal, life_seconds: int) -> None:
        self._database, self._seal, self._life_seconds = database, seal, life_seconds

    async def __call__(self, principal: Principal, member_id: UUID) -> IssuedToken:
        """A new token each time. Raises NotFound, PermissionDenied and Refused (MEMBER_CLOSED)."""
        partner_id = require_issuer(principal)
        ledger_id = principal.in_programme().ledger_id
        async with self._database.snapshot() as connection:
            known = await known_member(connection, ledger_id, member_id, partner_id)
        if known is None:
            raise member_unknown()
        if partner_id is not None and not known.is_known_to(partner_id):
            raise PermissionDenied(
                "only a partner that enrolled a member, or knows it by number, may do this"
            )
        if known.is_closed:
            raise member_closed()
        expires_at_us = wall_now_us() + self._life_seconds * MICROS_PER_SECOND
        return IssuedToken(self._seal.write(ledger_id, new_token(member_id, expires_at_us)), expires_at_us)
