"""Quotes: what movements would come to, from one moment of the ledger that is read without its lock."""

from __future__ import annotations

from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.points.commands.known_to_all import Known
from services.points.commands.open_ledger import Doors
from services.points.commands.referents import Asked as Item
from services.points.commands.referents import Referents
from services.points.domain.accounts import PROGRAMME, AccountNumbers
from services.points.domain.answers import Refused, TurnedAway
from services.points.domain.burning import Basket
from services.points.domain.deciding.await_original import patience_us
from services.points.domain.movements import Earn, Redemption, Refund
from services.points.domain.opened import LedgerRules
from services.points.domain.quoting import Asked, Quote, Quoting
from services.points.domain.telling import Telling
from services.points.domain.terms import Terms
from services.points.storage import flags, ledgers
from services.points.storage.door import needs_more, peek_ledger
from services.points.storage.words import ReferenceMac
from services.runtime.database import ReadDatabase
from services.runtime.errors import CoalitionError, NotFound
from services.runtime.principal import Programme

# Of a sale that its earn is turned away with: then nothing is quoted of it at all. Other reasons are part of the quote.
_OF_REQUEST: Final = frozenset(
    {
        Reason.REASON_INVALID_REQUEST,
        Reason.REASON_OCCURRED_IN_FUTURE,
        Reason.REASON_OCCURRED_TOO_LONG_AGO,
    }
)


class QuoteMovements:
    """The use case behind Quote. It writes nothing, and promises nothing."""

    def __init__(
        self, doors: Doors, known: Known, reader: ReadDatabase, telling: Telling, mac: ReferenceMac
    ) -> None:
        self._doors, self._known, self._reader = doors, known, reader
        self._telling, self._mac = telling, mac
        self._referents = Referents(reader)
        self._terms: dict[int, Terms] = {}

    async def __call__(self, programme: Programme, earn: Earn | None, refund: Refund | None) -> Quote:
        """Quotes a sale, a refund, or with both an exchange. Keys and references of theirs must be ones that nobody has.

        Raises the error that a refund would be answered with, and what is wrong with a sale itself; Unavailable.
        """
        door = await self._doors.to(programme)
        items: list[Item] = [item for item in (refund, earn) if item is not None]
        found = await self._referents.find(programme.ledger_id, items)
        asked = _asked(await self._known.checked(programme, door.numbers, found))
        quote = await self._quoted(programme, door.rules, asked)
        for decision in (quote.refund, quote.earn if asked.refund is not None else None):
            if (
                isinstance(decision, Refused | TurnedAway)
                and decision.reason != Reason.REASON_LINKED_ITEM_FAILED
            ):
                raise _error(decision)
        if isinstance(quote.earn, TurnedAway) and quote.earn.reason in _OF_REQUEST:
            raise _error(quote.earn)
        return quote

    async def _quoted(self, programme: Programme, rules: LedgerRules, asked: Asked) -> Quote:
        ledger_id, terms = programme.ledger_id, self._terms.get(programme.ledger_id)
        async with self._reader.snapshot() as connection:
            driver = await connection.driver()
            while True:
                known = terms
                opened, version = await peek_ledger(
                    driver, ledger_id, asked.items, AccountNumbers(1), known, patience_us(rules), self._mac
                )
                if terms is None or terms.version != version:
                    terms = self._terms[ledger_id] = await ledgers.terms(driver, ledger_id, version)
                if not needs_more(asked.items, known, terms):
                    break
            await flags.read_counts(driver, ledger_id, opened, asked.items, terms, rules.zone)
        return Quoting(opened, rules, terms, self._telling, programme.currency).quote(asked)


def _asked(items: list[Item]) -> Asked:
    """What is quoted, with the least burn for a sale that is no exchange. Raises why one of the items is turned away."""
    earn: Earn | None = None
    refund: Refund | None = None
    for item in items:
        if isinstance(item, TurnedAway):
            raise _error(item)
        if isinstance(item, Refund):
            refund = item
        elif isinstance(item, Earn):
            earn = item
    if refund is not None and (refund.sale is None or refund.member_id == PROGRAMME):
        raise NotFound("the sale has not arrived", Reason.REASON_ORIGINAL_UNKNOWN, field="original")
    burn = _least_burn(earn) if earn is not None and refund is None else None
    return Asked(earn, burn, refund)


def _least_burn(earn: Earn) -> Redemption:
    """A burn for the basket of a sale, before points are taken off."""
    sale = earn.purchase
    return Redemption(
        f"{earn.key}b", earn.partner_id, earn.member_id, earn.reference, b"", earn.occurred_at_us, 1, sale.store_id,
        sale.channel, "", 0, basket=Basket(sale.amount_minor, sale.lines_json, sale.tenders_json),
    )  # fmt: skip


def _error(why: Refused | TurnedAway) -> CoalitionError:
    return CoalitionError(why.reason, why.message, **why.metadata)
