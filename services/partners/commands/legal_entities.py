"""Add a company to a partner, and say which of its companies a store is of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from services.partners.commands.auditing import Change, audited
from services.partners.commands.persons import acting_now
from services.partners.domain.legal_entities import ENTITIES_MAX, LegalEntity, StoreVersion
from services.partners.domain.partner import STORES_A_CALL_MAX
from services.partners.domain.permissions import partner_addressed
from services.partners.domain.rates import TIME_US_MAX
from services.partners.domain.text import read_name
from services.partners.storage import legal_entities, rating
from services.partners.storage.errors import partner_unknown
from services.runtime.clock import from_micros
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest
from services.runtime.ids import to_text
from services.runtime.principal import Principal

_ROLES: Final = ("maker", "admin")


class AddLegalEntity:
    """Staff with role `maker` or `admin`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, who: Principal, partner_id: UUID | None, name: str) -> LegalEntity:
        """The company; the one that has this name already, so that a call may be repeated.

        Raises NotFound with PARTNER_UNKNOWN, InvalidRequest, PermissionDenied.
        """
        programme, owner, called = who.in_programme(), partner_addressed(who, partner_id), read_name(name)
        async with self._database.writer.transaction() as connection:
            (await acting_now(connection, who)).require(*_ROLES)
            # Numbers are given one after the other: two calls take turns.
            await rating.locked_head(connection, programme.ledger_id)
            there = await legal_entities.of_partner(connection, programme.ledger_id, owner)
            if not there:
                raise partner_unknown()
            for entity in there:
                if entity.name == called:
                    return entity
            if len(there) == ENTITIES_MAX:
                raise InvalidRequest(f"a partner has at most {ENTITIES_MAX:,} legal entities", field="name")
            made = LegalEntity(len(there) + 1, called)
            await legal_entities.add(connection, programme.ledger_id, owner, made, who.actor)
            after = {"name": made.name, "number": made.number}
            change = Change("legal_entity.added", to_text("ptr", owner), after=after)
            await audited(connection, who, programme.ledger_id, change)
        return made


class AssignStores:
    """Staff with role `maker` or `admin`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(
        self,
        who: Principal,
        partner_id: UUID | None,
        number: int,
        codes: Sequence[str],
        valid_from_us: int,
    ) -> dict[str, StoreVersion]:
        """Which company the stores with these codes are of from a till's time on; answers what holds, by code.

        Of postings that are rated by now nothing changes. What says the same as the newest version is not written again.
        Raises NotFound with PARTNER_UNKNOWN, InvalidRequest, PermissionDenied.
        """
        programme, owner = who.in_programme(), partner_addressed(who, partner_id)
        wanted = sorted(set(codes))
        if not 1 <= len(wanted) <= STORES_A_CALL_MAX:
            raise InvalidRequest(f"1 to {STORES_A_CALL_MAX:,} stores a call", field="store_codes")
        if not 0 <= valid_from_us <= TIME_US_MAX:
            raise InvalidRequest("a store changes hands between 1970 and 2200", field="valid_from_us")
        async with self._database.writer.transaction() as connection:
            (await acting_now(connection, who)).require(*_ROLES)
            # As for prices: rating stands still meanwhile, what comes next may be of the other company.
            head = await rating.locked_head(connection, programme.ledger_id)
            named = {
                each.number: each
                for each in await legal_entities.of_partner(connection, programme.ledger_id, owner)
            }
            if not named:
                raise partner_unknown()
            if number not in named:
                raise InvalidRequest(f"the partner has no legal entity {number}", field="legal_entity")
            newest = await legal_entities.newest_of(connection, programme.ledger_id, owner, wanted)
            for code in wanted:
                if code not in newest:
                    raise InvalidRequest(f"the partner has no store {code}", field="store_codes")
            made: dict[str, StoreVersion] = {}
            kept: dict[str, StoreVersion] = {}
            for code, (store_id, before) in newest.items():
                if before and (before.entity, before.valid_from_us) == (number, valid_from_us):
                    kept[code] = before
                else:
                    version = before.version + 1 if before else 1
                    made[code] = StoreVersion(store_id, version, number, valid_from_us, head.rated_seq + 1)
            if made:
                await legal_entities.assign(
                    connection, programme.ledger_id, owner, list(made.values()), who.actor
                )
                await rating.next_generation(connection, programme.ledger_id)
                after = {
                    "entity": number,
                    "known_from_seq": head.rated_seq + 1,
                    "stores": list(made),
                    "valid_from": from_micros(valid_from_us).isoformat(),
                }
                change = Change("stores.assigned", to_text("ptr", owner), after=after)
                await audited(connection, who, programme.ledger_id, change)
        return kept | made
