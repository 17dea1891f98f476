"""Issue and revoke a partner's API keys."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change, audited
from services.partners.commands.persons import acting_now
from services.partners.commands.telling import Tell
from services.partners.domain.credentials import ApiKey, new_api_secret, read_scopes
from services.partners.domain.events import KeyRevoked
from services.partners.domain.permissions import partner_addressed
from services.partners.domain.standing.terms import standing_now
from services.partners.domain.text import read_name
from services.partners.storage import credentials, standings
from services.partners.storage.programme_time import programme_now_us
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.errors import CoalitionError, NotFound
from services.runtime.ids import new_id, to_text
from services.runtime.partner_standing import Operation, refusal_of
from services.runtime.principal import Principal


def key_unknown() -> CoalitionError:
    """No key has this id in the programme."""
    return NotFound("there is no such API key")


async def require_keys_given(connection: AsyncConnection, ledger_id: int, partner_id: UUID) -> None:
    """Raises PermissionDenied with PARTNER_EXITED for a partner that has left, and gets no new keys."""
    stands = await standings.of_partner(connection, ledger_id, partner_id)
    now = standing_now(stands, await programme_now_us(connection, ledger_id))
    if Operation.ISSUE_KEY in now.refused:
        raise refusal_of(Operation.ISSUE_KEY, now.standing).error()


class IssueApiKey:
    """Staff with role `maker` or `admin`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(
        self, who: Principal, partner_id: UUID | None, label: str, scopes: Sequence[str]
    ) -> tuple[ApiKey, str]:
        """A new key and its secret, told this once.

        Raises NotFound with PARTNER_UNKNOWN, InvalidRequest, PARTNER_EXITED for a partner that has left.
        """
        programme = who.in_programme()
        allowed = read_scopes(scopes)
        secret = new_api_secret(programme.is_test, allowed)
        made = ApiKey(
            new_id(),
            partner_addressed(who, partner_id),
            read_name(label, "label"),
            secret.hint,
            allowed,
            wall_now_us(),
            0,
        )
        async with self._database.writer.transaction() as connection:
            (await acting_now(connection, who)).require("maker", "admin")
            await require_keys_given(connection, programme.ledger_id, made.partner_id)
            await credentials.add_key(connection, programme.ledger_id, made, secret.digest, who.actor)
            change = Change("key.issued", to_text("key", made.key_id), after=key_document(made))
            await audited(connection, who, programme.ledger_id, change)
        return made, secret.text


class RevokeApiKey:
    """Staff with role `maker` or `admin`."""

    def __init__(self, database: Database, tell: Tell) -> None:
        self._database, self._tell = database, tell

    async def __call__(self, who: Principal, key_id: UUID) -> ApiKey:
        """The key, dead from now on, or since it was revoked before. Raises NotFound."""
        programme = who.in_programme()
        async with self._database.writer.transaction() as connection:
            (await acting_now(connection, who)).require("maker", "admin")
            key, was_live = await credentials.revoke_key(
                connection, programme.ledger_id, key_id, wall_now_us(), who.actor
            )
            if key is None:
                raise key_unknown()
            if was_live:
                now_us = await programme_now_us(connection, programme.ledger_id)
                await self._tell(connection, programme, now_us, [KeyRevoked(key.partner_id, key_id)])
                change = Change("key.revoked", to_text("key", key_id), before=key_document(key))
                await audited(connection, who, programme.ledger_id, change)
        return key


def key_document(key: ApiKey) -> dict[str, object]:
    """What the audit log says of a key, never its secret."""
    return {
        "hint": key.hint,
        "label": key.label,
        "partner_id": to_text("ptr", key.partner_id),
        "scopes": list(key.scopes),
    }
