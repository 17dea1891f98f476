"""What tills asked for, decided again by the model in the order that the ledger took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from uuid import UUID

from tests.chaos.books import Books
from tests.chaos.history import Asked, Load
from tests.support import replaying
from tests.support.campaign_model import load
from tests.support.decided import Place
from tests.support.ledger_facts import Ask, Posted
from tests.support.ledger_model import LedgerModel


class Replay(replaying.Replay):
    """One replay of a run."""

    def __init__(
        self, model: LedgerModel, books: Books, journal: Sequence[Posted], asked: Mapping[Place, Sequence[Asked]],
        loads: Mapping[Place, Load] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        """`asked`: by key, the movements that stand or fall together with the one that has it, in their order."""
        seqs = {
            UUID(bytes=record.transaction.transaction_id): record.transaction.seq for record in books.records
        }

        def asks(place: Place) -> Sequence[Ask] | None:
            group = asked.get(place)
            return None if group is None else [_ask(each, seqs) for each in group]

        acts = {place: partial(load, model, each.campaign_id, each.points) for place, each in loads.items()}
        super().__init__(model, books, journal, asks, acts)


def _ask(asked: Asked, seqs: Mapping[UUID, int]) -> Ask:
    hold = seqs.get(asked.hold, 0) if asked.hold else 0
    original = seqs.get(asked.original, 0) if asked.original else 0
    return asked.ask(hold, original)
