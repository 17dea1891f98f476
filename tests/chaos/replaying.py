"""What was asked, decided again by the model in the order that the ledger took, and compared with what it did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final
from uuid import UUID

from tests.chaos.books import Books, Kept, Place
from tests.chaos.history import Asked, Load
from tests.support.campaign_model import load
from tests.support.due_model import catch_up, repay
from tests.support.ledger_facts import Ask, Posted, Verdict
from tests.support.ledger_model import LedgerModel

#: What the ledger does by itself, when somebody comes to a wallet or when the job does.
OWN_ACTS: Final = frozenset({"mature", "lapse", "expire", "repay"})
#: A refund whose original did not come in the time in which it could be posted.
_GIVEN_UP: Final = "ORIGINAL_UNKNOWN"


class Replay:
    """One replay; `verdicts` is what the model says to each key that the ledger keeps something under."""

    def __init__(
        self, model: LedgerModel, books: Books, journal: Sequence[Posted], asked: Mapping[Place, Sequence[Asked]],
        loads: Mapping[Place, Load] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        """`asked`: by key, the movements that stand or fall together with the one that has it, in their order."""
        self.verdicts: dict[Place, Verdict] = {}
        self._model, self._books, self._journal, self._asked = model, books, journal, asked
        self._loads = loads
        self._seqs = {
            UUID(bytes=record.transaction.transaction_id): record.transaction.seq for record in books.records
        }
        self._by_place = books.by_place
        self._earns = {
            (posted.partner, posted.reference): posted.seq for posted in journal if posted.kind == "earn"
        }

    def run(self) -> None:
        """Decides everything once more."""
        rows = self._rows_by_batch()
        for batch in self._books.batches:
            fed: set[Place] = set()
            last = batch.first_seq + batch.postings - 1
            for kept in rows.get(batch.batch_no, ()):
                if kept.place in self._loads:
                    self._load(self._loads[kept.place], last, batch.decided_us)
                    continue
                group = self._asked.get(kept.place)
                if group is None or kept.tombstone or kept.place in fed:
                    continue
                if kept.refusal == _GIVEN_UP and not self._there(group[0], batch.first_seq):
                    # The ledger's own act, at a time that is its own: the model knows of no refund that waits.
                    self.verdicts[kept.place] = Verdict("refused", kept.refusal)
                    continue
                asks = [self._ask(asked) for asked in group]
                self._own_acts(last, batch.decided_us)
                verdicts = self._model.post_all(asks, batch.decided_us)
                for asked, verdict in zip(group, verdicts, strict=True):
                    fed.add(asked.place)
                    self.verdicts.setdefault(asked.place, verdict)
            self._own_acts(last, batch.decided_us)

    def _load(self, wanted: Load, last: int, now_us: int) -> None:
        self._own_acts(last, now_us)
        load(self._model, wanted.campaign_id, wanted.points, now_us)
        self.verdicts[wanted.place] = Verdict("accepted", posted=self._model.journal[-1])

    def _rows_by_batch(self) -> dict[int, list[Kept]]:
        rows: dict[int, list[Kept]] = {}
        for kept in self._books.kept:
            rows.setdefault(kept.batch_no, []).append(kept)
        return rows

    def _there(self, asked: Asked, seq: int) -> bool:
        """Whether the earn that a refund names had been posted before a seq."""
        return 0 < self._earns.get((asked.partner, asked.original_reference), 0) < seq

    def _ask(self, asked: Asked) -> Ask:
        hold = self._seqs.get(asked.hold, 0) if asked.hold else 0
        original = self._seqs.get(asked.original, 0) if asked.original else 0
        if asked.original_reference:
            original = self._earns.get((asked.partner, asked.original_reference), 0)
        return asked.ask(hold, original)

    def _own_acts(self, last: int, now_us: int) -> None:
        """What the job did to wallets before the next item is decided; whoever comes to a wallet would do the same to it."""
        while True:
            run = list(self._next_acts(last))
            if not run:
                return
            before = len(self._model.journal)
            catch_up(self._model, run[0].member, now_us)
            repay(self._model, run[0].member, now_us)
            if len(self._model.journal) == before:
                return

    def _next_acts(self, last: int) -> Iterator[Posted]:
        """Acts of the ledger's own that follow in its journal, of one member, up to the end of the batch."""
        start = len(self._model.journal)
        member = None
        for posted in self._journal[start:last]:
            if posted.kind not in OWN_ACTS or member not in (None, posted.member):
                return
            member = posted.member
            yield posted
