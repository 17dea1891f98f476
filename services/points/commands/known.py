"""Members and stores that exist, as far as this process knows; the others are asked for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from uuid import UUID

from services.points.clients.members import Members, Standing
from services.points.clients.partners import Partners
from services.points.domain.accounts import AccountKey, AccountKind, AccountNumbers
from services.points.storage import ledgers
from services.points.storage.bars import FIRST_SIGHT_US, Bar, set_bars
from services.runtime.clock import wall_now_us
from services.runtime.database import ReadDatabase, WriteDatabase
from services.runtime.errors import NotFound
from services.runtime.principal import Programme

_ASK_MEMBERS_MAX = 1_000
_STORES_FRESH_SECONDS = 2.0
_MEMBERS_KEPT_MAX = 100_000


class KnownMembers:
    """Members that exist: those with a wallet, and those that the members service was asked for on first sight."""

    def __init__(self, members: Members, reader: ReadDatabase, writer: WriteDatabase) -> None:
        self._members, self._reader, self._writer = members, reader, writer
        self._without_wallet: dict[int, set[UUID]] = {}

    async def unknown_of(
        self, programme: Programme, numbers: AccountNumbers, wanted: Iterable[UUID]
    ) -> set[UUID]:
        """Those of the members that do not exist; learns the wallets of those that have one.

        Raises Unavailable where that can't be found out.
        """
        wallets = numbers.wallet
        unseen = {member for member in wanted if member not in wallets}
        if unseen:
            unseen -= self._without_wallet.setdefault(programme.ledger_id, set())
        if not unseen:
            return unseen
        async with self._reader.snapshot() as connection:
            held = await ledgers.wallets_of(await connection.driver(), programme.ledger_id, list(unseen))
        for member, number in held:
            numbers.learn(AccountKey(AccountKind.WALLET, member), number)
            unseen.discard(member)
        return await self._ask(programme, sorted(unseen)) if unseen else unseen

    async def _ask(self, programme: Programme, members: Sequence[UUID]) -> set[UUID]:
        unknown: set[UUID] = set()
        for start in range(0, len(members), _ASK_MEMBERS_MAX):
            asked = members[start : start + _ASK_MEMBERS_MAX]
            told = await self._members.standings(programme, asked)
            closed = [
                member for member in asked if member in told and told[member].standing is Standing.CLOSED
            ]
            bars = [
                Bar(member, place, True, FIRST_SIGHT_US)
                for member in asked
                if member in told
                for place in told[member].barred
            ]
            if closed or bars:
                async with self._writer.dedicated() as connection:
                    now_us = wall_now_us()
                    noted = [(member, now_us) for member in closed]
                    await ledgers.close_members(connection, programme.ledger_id, noted)
                    # An event that has come since says more.
                    await set_bars(connection, programme.ledger_id, bars)
            here = {
                member for member in asked if member in told and told[member].standing is not Standing.UNKNOWN
            }
            known = self._without_wallet[programme.ledger_id]
            if len(known) > _MEMBERS_KEPT_MAX:
                known.clear()
            known |= here
            unknown |= set(asked) - here
        return unknown


class KnownIssuers:
    """Partners that exist, as far as opening balances name them."""

    def __init__(self, partners: Partners) -> None:
        self._partners = partners
        self._known: set[tuple[int, UUID]] = set()

    async def has(self, programme: Programme, partner_id: UUID) -> bool:
        """Whether the partner is one of the programme's. Raises Unavailable where that can't be found out."""
        place = (programme.ledger_id, partner_id)
        if place not in self._known:
            try:
                # Only a partner that exists has stores to tell of, be they none.
                await self._partners.stores(programme, partner_id)
            except NotFound:
                return False
            self._known.add(place)
        return True


class KnownStores:
    """Stores by partner: asked of the partners service when a new one turns up, every 2 seconds at most."""

    def __init__(self, partners: Partners) -> None:
        self._partners = partners
        self._known: dict[tuple[int, UUID], tuple[frozenset[UUID], float]] = {}

    def knows(self, programme: Programme, partner_id: UUID, store_id: UUID) -> bool:
        """Whether a store is known to be the partner's; no says nothing yet."""
        known = self._known.get((programme.ledger_id, partner_id))
        return known is not None and store_id in known[0]

    async def has(self, programme: Programme, partner_id: UUID, store_id: UUID) -> bool:
        """Whether a store is the partner's. Raises Unavailable where that can't be found out."""
        place = (programme.ledger_id, partner_id)
        stores, asked_at = self._known.get(place) or (frozenset[UUID](), -_STORES_FRESH_SECONDS)
        if store_id in stores:
            return True
        if time.monotonic() - asked_at < _STORES_FRESH_SECONDS:
            return False
        try:
            stores = await self._partners.stores(programme, partner_id)
        except NotFound:
            stores = frozenset[UUID]()
        self._known[place] = (stores, time.monotonic())
        return store_id in stores
