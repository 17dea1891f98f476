"""Say from where an API key is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from services.partners.commands.api_keys import key_unknown
from services.partners.commands.auditing import Change, audited
from services.partners.commands.persons import acting_now
from services.partners.domain.credentials import ApiKey
from services.partners.domain.key_addresses import read_addresses
from services.partners.storage import credentials
from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest
from services.runtime.ids import to_text
from services.runtime.principal import Principal

VERSIONS_MAX: Final = 1_000


class SetKeyAddresses:
    """Staff with role `maker` or `admin`: it has to be quick where a key has leaked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, who: Principal, key_id: UUID, asked: Sequence[str]) -> ApiKey:
        """The key as it is now; where it says the same already nothing is written, so that a call may be repeated.

        A gateway goes by it once it looks the key up again. Raises NotFound, InvalidRequest, PermissionDenied.
        """
        programme, wanted = who.in_programme(), read_addresses(asked)
        async with self._database.writer.transaction() as connection:
            (await acting_now(connection, who)).require("maker", "admin")
            key = await credentials.locked_key(connection, programme.ledger_id, key_id)
            if key is None:
                raise key_unknown()
            if key.addresses == wanted:
                return key
            version = 1 + await credentials.addresses_version(connection, programme.ledger_id, key_id)
            if version > VERSIONS_MAX:
                raise InvalidRequest(
                    f"a key's addresses change at most {VERSIONS_MAX:,} times: roll it", field="key_id"
                )
            await credentials.add_addresses(
                connection, programme.ledger_id, key_id, version, wanted, wall_now_us(), who.actor
            )
            change = Change(
                "key.addresses_set",
                to_text("key", key_id),
                before={"addresses": list(key.addresses)},
                after={"addresses": list(wanted)},
            )
            await audited(connection, who, programme.ledger_id, change)
        return replace(key, addresses=wanted)
