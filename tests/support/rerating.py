"""Programmes whose journals come from paper: rated, re-rated and folded by the real service on a real database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Final
from uuid import UUID

from services.partners.commands.rate_postings import Block
from services.partners.domain.drafts import Draft
from services.partners.domain.entries import Entry
from services.partners.domain.gate import Exposure
from services.partners.domain.netting import Fold, KindTotal
from services.partners.domain.postings import Posting
from services.partners.domain.rates import RateCards, Rates, RateVersion
from services.partners.domain.rating import rate
from services.partners.domain.rerating import Scope
from services.partners.domain.windows import Window, WindowState
from services.partners.storage import billing, exposure, rates, rating, rerating
from services.runtime.principal import Principal, Programme, Verifier
from tests.support.partners_office import Office, Person

_NUMBERS: Final = count(20_000)
# A window around a whole journal, of which nothing but the range counts.
WHOLE: Final = Window(1, 0, 1, 1, 2**40, WindowState.OPEN)


@dataclass(frozen=True)
class Clearing:
    """The partners service and the two people that a re-rate takes."""

    office: Office
    pricing: Person
    checker: Person

    async def programme(self, partners: Sequence[UUID]) -> PaperProgramme:
        """A new test programme with partners of these ids."""
        number = next(_NUMBERS)
        facts = Programme(number, f"paper-{number}", "UTC", "EUR", is_test=True)
        takes = [
            f"INSERT INTO partner VALUES ({number}, '{each}', 'p{each.int}', 'P', 'active', now(), 'test', 1)"
            for each in partners
        ]
        await self.office.house.as_superuser(
            f"INSERT INTO programme VALUES ({number}, '{facts.slug}', 'Paper', 'UTC', 'EUR', true, '2017-01-01Z', "
            "'months_after_earn', 24, NULL, NULL, 30, now(), 'test')",
            f"INSERT INTO rating_head (ledger_id) VALUES ({number})",
            f"INSERT INTO window_head (ledger_id) VALUES ({number})",
            f"INSERT INTO audit_head VALUES ({number}, 0, decode(repeat('00', 32), 'hex'))",
            *takes,
        )
        return PaperProgramme(self, facts)


@dataclass(frozen=True)
class PaperProgramme:
    """A programme and what is done in it."""

    clearing: Clearing
    facts: Programme

    def by(self, person: Person) -> Principal:
        return Verifier(self.clearing.office.house.public_keys).verify(person.on(self.facts))

    async def rate(self, postings: Sequence[Posting]) -> None:
        """The next postings."""
        app = self.clearing.office.house.app
        async with app.database.writer.transaction() as connection:
            await app.rate_postings(connection, self.facts.slug, Block(postings, None))

    async def set_rates(self, wanted: Rates) -> RateVersion:
        return await self.clearing.office.house.app.set_rates(self.by(self.clearing.pricing), wanted)

    async def propose(self, scope: Scope) -> Draft:
        app = self.clearing.office.house.app
        return await app.propose_rerate(self.by(self.clearing.pricing), scope, "as agreed")

    async def approve(self, draft: Draft) -> Draft:
        app = self.clearing.office.house.app
        return await app.drafts.approve(self.by(self.clearing.checker), draft.draft_id, draft.sha256, "")

    async def folds(self) -> tuple[list[Fold], list[KindTotal]]:
        """All that is rated and booked."""
        async with self.clearing.office.house.app.database.reader.snapshot() as connection:
            ledger_id = self.facts.ledger_id
            booked = (await billing.folds_between(connection, ledger_id, 1, 1)).get(1, ([], []))
            return (
                [*await rating.folds(connection, ledger_id, WHOLE), *booked[0]],
                [*await rating.kind_totals(connection, ledger_id, WHOLE), *booked[1]],
            )

    async def exposure(self, partner_id: UUID, seq: int) -> Exposure:
        """What the gate would count of a partner from nothing, before any window is stated."""
        async with self.clearing.office.house.app.database.reader.snapshot() as connection:
            ledger_id = self.facts.ledger_id
            number = await rerating.newest_number(connection, ledger_id, seq)
            nothing = exposure.Standing(partner_id)
            return await exposure.since(connection, ledger_id, nothing, seq, 0, number)

    async def from_scratch(self, journal: Sequence[Posting]) -> list[Entry]:
        """The entries of the journal, had every version that was re-rated been known from its beginning."""
        async with self.clearing.office.house.app.database.reader.snapshot() as connection:
            versions = await rates.of_programme(connection, self.facts.ledger_id)
            made = await rerating.of_programme(connection, self.facts.ledger_id)
        known = {(each.rates.partner_id, each.version): each.rates for each in versions}
        again = [
            RateVersion(
                replace(
                    known[scope.partner_id, scope.version],
                    valid_from_us=scope.from_us,
                    valid_to_us=scope.to_us,
                ),
                scope.version,
                1,
            )
            for scope in (each.wanted.scope for each in made)
        ]
        return rate(journal, 0, RateCards(1, [*versions, *again]))
