"""Rate postings: turn each into entries, once, in the order of the journal."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.domain.entries import totals_of
from services.partners.domain.postings import Posting, Unrateable
from services.partners.domain.rates import RateCards
from services.partners.domain.rating import Before, creditable_of, originals_of, rate
from services.partners.queries.programmes import Programmes
from services.partners.storage import buy_outs, legal_entities, rates, rating, rerating
from services.runtime import logging
from services.runtime.database import Database

_log = logging.get(__name__)
_CARDS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Block:
    """A run of postings in order, and the clock's offset where it moved in between (None: it did not)."""

    postings: Sequence[Posting]
    clock_offset_us: int | None


class RatingStopped(Exception):
    """Rating stands still before the event at `pos`, until what is in the way has gone."""

    def __init__(self, why: str, pos: int) -> None:
        super().__init__(why)
        self.pos = pos


class RatePostings:
    """Rates blocks in the subscriber's transaction; keeps rate cards in memory from one to the next."""

    def __init__(self, database: Database, programmes: Programmes) -> None:
        self._database, self._programmes = database, programmes
        self._cards: OrderedDict[int, RateCards] = OrderedDict()

    async def __call__(self, connection: AsyncConnection, slug: str, block: Block) -> None:
        """Rates a block and moves the cursor, all or nothing. Raises RatingStopped, having noted why."""
        ledger_id = (await self._programmes.named(slug)).programme.ledger_id
        head = await rating.locked_head(connection, ledger_id)
        cards = await self._cards_of(connection, ledger_id, head.rates_generation)
        before = await self._before(connection, ledger_id, block, head.rated_seq, cards.at_redemption)
        try:
            entries = rate(block.postings, head.rated_seq, cards, before)
        except Unrateable as stop:
            raise await self.stopped(slug, stop) from None
        if entries:
            await rating.add_entries(connection, ledger_id, entries)
        offset_us = head.clock_offset_us if block.clock_offset_us is None else block.clock_offset_us
        rated_seq = head.rated_seq + len(block.postings)
        await rating.advance(connection, ledger_id, rated_seq, offset_us, totals_of(entries))

    async def _before(
        self, connection: AsyncConnection, ledger_id: int, block: Block, rated_seq: int, at_redemption: bool
    ) -> Before:
        """What the block's postings undo and use. Where nobody pays at redemption, nothing is looked up of what is used."""
        wanted = originals_of(block.postings, rated_seq, at_redemption)
        originals = await rating.entries_of(connection, ledger_id, wanted) if wanted else {}
        creditable = creditable_of(block.postings, rated_seq) if at_redemption else set[int]()
        charged = await rating.charged_of(connection, ledger_id, creditable) if creditable else {}
        return Before(originals, charged)

    async def _cards_of(self, connection: AsyncConnection, ledger_id: int, generation: int) -> RateCards:
        """The rate cards as of now. Under the head's lock no new version can come in between."""
        cards = self._cards.get(ledger_id)
        if cards is None or cards.generation != generation:
            cards = RateCards(
                generation,
                await rates.of_programme(connection, ledger_id),
                await legal_entities.of_stores(connection, ledger_id),
                await rerating.for_cards(connection, ledger_id),
                await buy_outs.for_cards(connection, ledger_id),
            )
            self._cards[ledger_id] = cards
            if len(self._cards) > _CARDS_MAX:
                self._cards.popitem(last=False)
        return cards

    async def stopped(self, slug: str, stop: Unrateable) -> RatingStopped:
        """Notes what is in the way, in a transaction of its own: the block's is about to roll back."""
        ledger_id, at = (await self._programmes.named(slug)).programme.ledger_id, stop.posting
        _log.warning("rating.stopped", programme=slug, seq=at.seq, why=str(stop))
        async with self._database.writer.transaction() as connection:
            await rating.block(connection, ledger_id, at, str(stop), stop.price_missing)
        return RatingStopped(f"seq {at.seq} of {slug} cannot be rated: {stop}", at.pos)
