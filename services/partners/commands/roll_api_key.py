"""Roll an API key: another one with the same scopes and addresses, beside which it works on for a while."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from services.partners.commands.api_keys import key_document, key_unknown, require_keys_given
from services.partners.commands.auditing import Change, audited
from services.partners.commands.persons import acting_now
from services.partners.domain.credentials import ApiKey, new_api_secret, read_overlap
from services.partners.domain.text import read_name
from services.partners.storage import credentials
from services.runtime.clock import MICROS_PER_SECOND, from_micros, wall_now_us
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest
from services.runtime.ids import new_id, to_text
from services.runtime.principal import Principal


class Rolled(NamedTuple):
    """The new key, its secret, and the old key with its end."""

    made: ApiKey
    secret: str
    old: ApiKey


class RollApiKey:
    """Staff with role `maker` or `admin`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, who: Principal, key_id: UUID, label: str, overlap_seconds: int) -> Rolled:
        """Both keys; `label` empty: as the old one; the old one ends `overlap_seconds` from now, by the wall clock.

        The addresses go along: a list that a new key lost would be no list. Raises NotFound, InvalidRequest (also for a key that
        is dead or was rolled before), PARTNER_EXITED, PermissionDenied.
        """
        programme = who.in_programme()
        overlap_us = read_overlap(overlap_seconds) * MICROS_PER_SECOND
        async with self._database.writer.transaction() as connection:
            (await acting_now(connection, who)).require("maker", "admin")
            old = await credentials.locked_key(connection, programme.ledger_id, key_id)
            if old is None:
                raise key_unknown()
            await require_keys_given(connection, programme.ledger_id, old.partner_id)
            now_us = wall_now_us()
            _check_rollable(old, now_us)
            secret = new_api_secret(programme.is_test, old.scopes)
            made = replace(
                old,
                key_id=new_id(),
                label=read_name(label or old.label, "label"),
                hint=secret.hint,
                issued_at_us=now_us,
            )
            ended = replace(old, ends_at_us=now_us + overlap_us, next_key_id=made.key_id)
            await credentials.add_key(connection, programme.ledger_id, made, secret.digest, who.actor)
            await credentials.add_roll(connection, programme.ledger_id, ended, made.key_id, now_us, who.actor)
            for change in _changes(old, ended, made):
                await audited(connection, who, programme.ledger_id, change)
        return Rolled(made, secret.text, ended)


def _check_rollable(old: ApiKey, now_us: int) -> None:
    if old.next_key_id is not None:
        after = to_text("key", old.next_key_id)
        raise InvalidRequest(f"this API key was rolled before, to {after}: roll that one", field="key_id")
    if not old.live(now_us):
        raise InvalidRequest("this API key is revoked: issue another one", field="key_id")


def _changes(old: ApiKey, ended: ApiKey, made: ApiKey) -> tuple[Change, Change]:
    told = {
        "addresses": list(made.addresses),
        "ends_at": from_micros(ended.ends_at_us).isoformat(),
        "next": to_text("key", made.key_id),
    }
    return (
        Change("key.issued", to_text("key", made.key_id), after=key_document(made)),
        Change("key.rolled", to_text("key", old.key_id), before=key_document(old), after=told),
    )
