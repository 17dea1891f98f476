"""Issue and revoke tokens of people: a person may have several, one a machine."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from services.partners.commands.auditing import HOST_CHAIN, Change, audited
from services.partners.commands.persons import acting_on
from services.partners.domain.credentials import new_staff_secret
from services.partners.domain.staff import TOKENS_LIVE_MAX, StaffToken, read_token, staff_text
from services.partners.storage import staff
from services.runtime.clock import from_micros, wall_now_us
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest, NotFound
from services.runtime.ids import new_id, to_text
from services.runtime.principal import Principal


def issued(token: StaffToken) -> Change:
    """What the audit log says of a new token."""
    ends = from_micros(token.expires_at_us).isoformat() if token.expires_at_us else None
    after = {
        "expires_at": ends,
        "hint": token.hint,
        "label": token.label,
        "staff_id": staff_text(token.staff_id),
    }
    return Change("token.issued", to_text("tok", token.token_id), after=after)


class IssueStaffToken:
    """Staff with role `admin`, or the host's own command line."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(
        self, who: Principal, staff_id: UUID, label: str, expires_at_us: int
    ) -> tuple[StaffToken, str]:
        """A new token and its secret, told this once; `expires_at_us`: wall clock, 0: never.

        Raises NotFound, InvalidRequest (also for more than 20 live ones), PermissionDenied.
        """
        secret, now_us = new_staff_secret(), wall_now_us()
        label, expires_at_us = read_token(label, expires_at_us, now_us)
        made = StaffToken(new_id(), staff_id, label, secret.hint, now_us, expires_at_us, 0)
        async with self._database.writer.transaction() as connection:
            (await acting_on(connection, who, staff_id)).require("admin")
            if await staff.by_id(connection, staff_id) is None:
                raise NotFound("there is no such person")
            live = [token for token in await staff.tokens_of(connection, staff_id) if token.live(now_us)]
            if len(live) >= TOKENS_LIVE_MAX:
                raise InvalidRequest(
                    f"a person has at most {TOKENS_LIVE_MAX} tokens: revoke one", field="staff_id"
                )
            await staff.add_token(connection, made, secret.digest, who.actor)
            await audited(connection, who, HOST_CHAIN, issued(made))
        return made, secret.text


class RevokeStaffToken:
    """Staff with role `admin`, the host's own command line, and each person its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, who: Principal, token_id: UUID) -> StaffToken:
        """The token, dead from now on, or since it was revoked before. Raises NotFound, PermissionDenied."""
        now_us = wall_now_us()
        async with self._database.writer.transaction() as connection:
            found = await staff.token(connection, token_id)
            actor = await acting_on(connection, who, found.staff_id if found else token_id)
            if found is None or actor.staff_id != found.staff_id:
                actor.require("admin")
            if found is None:
                raise NotFound("there is no such token")
            if await staff.revoke_token(connection, token_id, now_us, who.actor):
                before = {"label": found.label, "staff_id": staff_text(found.staff_id)}
                revoked = Change("token.revoked", to_text("tok", token_id), before=before)
                await audited(connection, who, HOST_CHAIN, revoked)
                return replace(found, revoked_at_us=now_us)
            return await staff.token(connection, token_id) or found
