"""Balances, movements, the head and the event log's records, as the service's callers may see them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final
from uuid import UUID

from services.points.domain.burning import RuleVersion
from services.points.domain.campaigns import Standing
from services.points.domain.earning import EarnRate
from services.points.domain.expiry import PolicyVersion
from services.points.domain.movements import MovementKind, ParkedEarn, Purchase, Transaction
from services.points.domain.opened import FloorInForce
from services.points.domain.refunding import RefundRule
from services.points.domain.terms import Limits
from services.points.storage import (
    balances,
    batches,
    burn_rules,
    campaigns,
    floors,
    journal,
    ledgers,
    limits,
    parks,
    policies,
    proposals,
    records,
)
from services.points.storage.balances import Balance, Expiration
from services.points.storage.batches import BatchRow
from services.points.storage.journal import Filter
from services.points.storage.ledgers import Head
from services.points.storage.parks import Parked
from services.points.storage.proposals import Page
from services.points.storage.records import PostingDetail
from services.runtime.clock import MICROS_MAX
from services.runtime.database import ReadDatabase
from services.runtime.errors import InvalidRequest, NotFound

BLOCK_MAX: Final = 500
PAGE_MAX: Final = 100
PARTNERS_MAX: Final = 1_000
PAGE_DEFAULT: Final = 20
# What is the operator's business alone.
_OF_NO_MEMBER: Final = frozenset({MovementKind.FLOOR, MovementKind.LOAD})


class Reads:
    """All reads of the ledger but the proofs."""

    def __init__(self, database: ReadDatabase) -> None:
        self._database = database

    async def balance(self, ledger_id: int, member_id: UUID) -> Balance:
        """A member's balance now; zeros for one who has never moved a point."""
        async with self._database.snapshot() as connection:
            return await balances.balance(await connection.driver(), ledger_id, member_id)

    async def expirations(
        self, ledger_id: int, member_id: UUID, after_us: int, before_us: int, limit: int
    ) -> tuple[Sequence[Expiration], bool]:
        """When which points of a member expire, soonest first, after or before a time (0: no bound); limit 0 is 20.

        Raises InvalidRequest for a limit over 100 or a time that is not on the calendar.
        """
        if not 0 <= limit <= PAGE_MAX:
            raise InvalidRequest(f"limit must be 1 to {PAGE_MAX}", field="limit")
        for field, bound_us in (("after_us", after_us), ("before_us", before_us)):
            if not 0 <= bound_us <= MICROS_MAX:
                raise InvalidRequest("a time of the calendar is needed", field=field)
        async with self._database.snapshot() as connection:
            return await balances.expirations(
                await connection.driver(), ledger_id, member_id, after_us, before_us, limit or PAGE_DEFAULT
            )

    async def transaction(self, ledger_id: int, transaction_id: UUID, partner_id: UUID | None) -> Transaction:
        """One movement. Raises NotFound where there is none, or it is not the given partner's."""
        async with self._database.snapshot() as connection:
            found = await journal.by_id(await connection.driver(), ledger_id, transaction_id)
        if found is None or found.kind in _OF_NO_MEMBER:
            raise NotFound("no transaction has this id")
        if partner_id is not None and found.partner_id != partner_id:
            raise NotFound("no transaction has this id")
        return found

    async def transactions(
        self, ledger_id: int, wanted: Filter, limit: int
    ) -> tuple[list[Transaction], bool]:
        """A page of movements, newest first; limit 0 is 20.

        Raises InvalidRequest for a limit over 100 or a time that is not on the calendar.
        """
        if not 0 <= limit <= PAGE_MAX:
            raise InvalidRequest(f"limit must be 1 to {PAGE_MAX}", field="limit")
        if not 0 <= wanted.recorded_from_us <= MICROS_MAX:
            raise InvalidRequest("a time of the calendar is needed", field="recorded_from_us")
        async with self._database.snapshot() as connection:
            return await journal.page(await connection.driver(), ledger_id, wanted, limit or PAGE_DEFAULT)

    async def earn_rates(self, ledger_id: int, partner_id: UUID | None) -> list[tuple[UUID, EarnRate]]:
        """Earn rates by partner and start."""
        async with self._database.snapshot() as connection:
            return await ledgers.list_rates(await connection.driver(), ledger_id, partner_id)

    async def burn_rules(self, ledger_id: int, partner_id: UUID | None) -> list[RuleVersion]:
        """The burn rules of a partner, or of all, by partner and start; of one start the newest."""
        async with self._database.snapshot() as connection:
            found = await burn_rules.versions(await connection.driver(), ledger_id, partner_id)
        return list({(each.partner_id, each.rule.valid_from_us): each for each in found}.values())

    async def refund_rules(self, ledger_id: int, partner_id: UUID | None) -> list[tuple[UUID, RefundRule]]:
        """Refund rules of partners that have one of their own."""
        async with self._database.snapshot() as connection:
            return await ledgers.list_refund_rules(await connection.driver(), ledger_id, partner_id)

    async def expiry_policies(self, ledger_id: int) -> list[PolicyVersion]:
        """The versions of the expiry policy, oldest first."""
        async with self._database.snapshot() as connection:
            return await policies.listed(await connection.driver(), ledger_id)

    async def floors(
        self, ledger_id: int, partner_id: UUID | None, partner_ids: Sequence[UUID] = ()
    ) -> tuple[list[FloorInForce], int]:
        """The credit floors in force, or those of named partners, set or not; and the seq that they are as of.

        Raises InvalidRequest for more than 1,000 partners.
        """
        if len(partner_ids) > PARTNERS_MAX:
            raise InvalidRequest(f"at most {PARTNERS_MAX:,} partners a call", field="partner_ids")
        async with self._database.snapshot() as connection:
            driver = await connection.driver()
            found = await ledgers.head(driver, ledger_id)
            as_of_seq = found.last_seq if found else 0
            if partner_ids:
                return await floors.of_partners(driver, ledger_id, partner_ids), as_of_seq
            return await floors.in_force(driver, ledger_id, partner_id), as_of_seq

    async def parked(
        self, ledger_id: int, partner_id: UUID | None, after_seq: int, limit: int
    ) -> tuple[list[ParkedEarn], bool, list[Parked]]:
        """A page of earns that are parked, oldest first, and whether there are more; and how many of which partners.

        limit 0 is 20. Raises InvalidRequest for a limit over 100.
        """
        if not 0 <= limit <= PAGE_MAX:
            raise InvalidRequest(f"limit must be 1 to {PAGE_MAX}", field="limit")
        limit = limit or PAGE_DEFAULT
        async with self._database.snapshot() as connection:
            driver = await connection.driver()
            found = await parks.of_partner(driver, ledger_id, partner_id, after_seq, limit + 1)
            partners = await parks.partners(driver, ledger_id)
        wanted = [of for of in partners if partner_id in (None, of.partner_id)]
        return found[:limit], len(found) > limit, wanted

    async def limits(self, ledger_id: int) -> Limits:
        """The limits of adjustments and transfers."""
        async with self._database.snapshot() as connection:
            return await limits.read(await connection.driver(), ledger_id)

    async def proposals(self, ledger_id: int, open_only: bool, before: UUID | None, limit: int) -> Page:
        """A page of proposed adjustments, newest first; limit 0 is 20. Raises InvalidRequest for a limit over 100."""
        if not 0 <= limit <= PAGE_MAX:
            raise InvalidRequest(f"limit must be 1 to {PAGE_MAX}", field="limit")
        async with self._database.snapshot() as connection:
            driver = await connection.driver()
            return await proposals.page(driver, ledger_id, open_only, before, limit or PAGE_DEFAULT)

    async def campaigns(self, ledger_id: int, after_no: int, limit: int) -> tuple[list[Standing], bool]:
        """A page of campaigns in the order of their creation, and whether there are more; limit 0 is 20.

        Raises InvalidRequest for a limit over 100.
        """
        if not 0 <= limit <= PAGE_MAX:
            raise InvalidRequest(f"limit must be 1 to {PAGE_MAX}", field="limit")
        limit = limit or PAGE_DEFAULT
        async with self._database.snapshot() as connection:
            driver = await connection.driver()
            found = await campaigns.standing(driver, ledger_id, None, after_no, limit + 1)
        return found[:limit], len(found) > limit

    async def head(self, ledger_id: int) -> Head:
        """The ledger's head. Raises NotFound where nothing was asked of the ledger yet."""
        async with self._database.snapshot() as connection:
            found = await ledgers.head(await connection.driver(), ledger_id)
        if found is None:
            raise NotFound("the ledger is not open")
        return found

    async def cut(self, ledger_id: int, boundary_us: int) -> int | None:
        """The last seq before a boundary that was cut at; None where it was not. Raises InvalidRequest for no time."""
        if not 0 < boundary_us <= MICROS_MAX:
            raise InvalidRequest("a time of the calendar is needed", field="boundary_us")
        async with self._database.snapshot() as connection:
            return await ledgers.known_cut(await connection.driver(), ledger_id, boundary_us)

    async def journal(
        self, ledger_id: int, from_seq: int, to_seq: int
    ) -> AsyncIterator[Sequence[PostingDetail]]:
        """The journal in blocks of up to 500, in order, to `to_seq` or to where it ends now (0)."""
        async for first, last in self._blocks(ledger_id, from_seq, to_seq):
            async with self._database.snapshot() as connection:
                yield await records.details(await connection.driver(), ledger_id, first, last)

    async def purchases(
        self, ledger_id: int, from_seq: int, to_seq: int
    ) -> AsyncIterator[Sequence[tuple[Transaction, Purchase]]]:
        """Purchases in blocks of up to 500 seqs, in order."""
        async for first, last in self._blocks(ledger_id, from_seq, to_seq):
            async with self._database.snapshot() as connection:
                found = await journal.purchases(await connection.driver(), ledger_id, first, last)
            if found:
                yield found

    async def batches(self, ledger_id: int, from_no: int, limit: int) -> AsyncIterator[Sequence[BatchRow]]:
        """Batches in blocks of up to 500, in order: at most `limit`, or to the last that there is now (0)."""
        end = (await self.head(ledger_id)).last_batch_no
        first = max(1, from_no)
        end = min(end, first + limit - 1) if limit > 0 else end
        for block in range(first, end + 1, BLOCK_MAX):
            async with self._database.snapshot() as connection:
                yield await batches.batches(
                    await connection.driver(), ledger_id, block, min(block + BLOCK_MAX - 1, end)
                )

    async def _blocks(self, ledger_id: int, from_seq: int, to_seq: int) -> AsyncIterator[tuple[int, int]]:
        """Ranges of seq; what was posted is never changed, so each may be read in a moment of its own."""
        end = (await self.head(ledger_id)).last_seq
        end = min(end, to_seq) if to_seq else end
        for first in range(max(1, from_seq), end + 1, BLOCK_MAX):
            yield first, min(first + BLOCK_MAX - 1, end)
