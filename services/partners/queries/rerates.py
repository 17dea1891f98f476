"""Reads of re-rates: what one would make entries differ by, and those that were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.partners.domain.permissions import partner_addressed
from services.partners.domain.rates import RateVersion
from services.partners.domain.rerating import (
    Difference,
    Effect,
    Repriced,
    Rerate,
    Scope,
    effect_of,
    repriced,
)
from services.partners.storage import buy_outs, partners, rates, rating, rerating
from services.partners.storage.connection import Reads
from services.partners.storage.errors import partner_unknown
from services.runtime.database import Database
from services.runtime.errors import InvalidRequest
from services.runtime.principal import Principal


@dataclass(frozen=True, slots=True)
class Preview:
    """What a re-rate would make entries up to a seq differ by."""

    scope: Scope
    as_of_seq: int
    effect: Effect
    differences: Sequence[Difference]


async def prices_of(
    connection: Reads, ledger_id: int, scope: Scope, number: int, upto_seq: int
) -> list[Repriced]:
    """The prices that change with a re-rate of a number, of entries up to a seq. Raises InvalidRequest."""
    card = await rates.of_partner(connection, ledger_id, scope.partner_id)
    version = _version(card, scope)
    found = await rerating.groups(connection, ledger_id, scope, number, upto_seq)
    return repriced(found, version, {each.version: each.rates for each in card})


async def preview_of(connection: Reads, ledger_id: int, wanted: Scope, as_of_seq: int) -> Preview:
    """What the next re-rate would do to all that is rated up to a seq.

    Raises NotFound with PARTNER_UNKNOWN, InvalidRequest for a version that there is not, and for more than can be re-rated at once.
    """
    if await partners.by_id(connection, ledger_id, wanted.partner_id) is None:
        raise partner_unknown()
    if await buy_outs.of_partner(connection, ledger_id, wanted.partner_id) is not None:
        raise InvalidRequest(
            "the partner has left and was bought out: nothing of it is rated again", field="scope.partner_id"
        )
    card = await rates.of_partner(connection, ledger_id, wanted.partner_id)
    scope = wanted.within(_version(card, wanted))
    number = await rerating.newest_number(connection, ledger_id) + 1
    prices = await prices_of(connection, ledger_id, scope, number, as_of_seq)
    found = await rerating.folded(connection, ledger_id, scope, number, as_of_seq, prices)
    return Preview(scope, as_of_seq, effect_of(found), found)


def _version(card: Sequence[RateVersion], scope: Scope) -> RateVersion:
    version = next((each for each in card if each.version == scope.version), None)
    if version is None:
        raise InvalidRequest("the partner has no such version of its prices", field="scope.version")
    return version


class Rerates:
    """What staff and services see of all partners, and a partner of itself."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def preview(self, who: Principal, wanted: Scope) -> Preview:
        """What a re-rate would do, by what is rated now; writes nothing. Raises as preview_of."""
        who.require_internal()
        ledger_id = who.in_programme().ledger_id
        async with self._database.reader.snapshot() as connection:
            as_of_seq = (await rating.head(connection, ledger_id)).rated_seq
            return await preview_of(connection, ledger_id, wanted, as_of_seq)

    async def of_partner(self, who: Principal, partner_id: UUID | None) -> list[Rerate]:
        """All re-rates of a partner, oldest first. Raises NotFound with PARTNER_UNKNOWN."""
        wanted, ledger_id = partner_addressed(who, partner_id), who.in_programme().ledger_id
        async with self._database.reader.snapshot() as connection:
            if await partners.by_id(connection, ledger_id, wanted) is None:
                raise partner_unknown()
            return await rerating.of_programme(connection, ledger_id, wanted)
