"""What was asked, decided again by the model in the order that the ledger took."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

from tests.support.credit_model import headroom, set_floor
from tests.support.decided import Batch, Decided, Kept, Place
from tests.support.due_model import catch_up, repay
from tests.support.ledger_facts import DAY_US, FUTURE_TOLERANCE_US, Ask, Posted, Verdict
from tests.support.ledger_model import LedgerModel
from tests.support.park_model import unpark

#: What the ledger does by itself, when somebody comes to a wallet or when the job does.
OWN_ACTS: Final = frozenset({"mature", "lapse", "expire", "repay"})
_NEVER_CAME: Final = "ORIGINAL_UNKNOWN"
_NEVER: Final = Verdict("refused", _NEVER_CAME)


class _Waiting(NamedTuple):
    """A refund that waits for a sale of a partner by its reference."""

    ask: Ask
    sale: tuple[UUID, str]
    arrived_us: int


class Replay:
    """One replay. `first` is what the model says to each key when it is asked for the first time; of what is parked, or waits, that.

    `wrong`: what the ledger has done by itself, or left undone, and the model would not have.
    """

    def __init__(
        self, model: LedgerModel, decided: Decided, journal: Sequence[Posted],
        asks: Callable[[Place], Sequence[Ask] | None],
        acts: Mapping[Place, Callable[[int], object]] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        """`asks`: the movements that stand or fall together with the one under a key, in their order; None: nobody asked for it.

        `acts`: what staff did under a key, at a time.
        """
        self.first: dict[Place, Verdict] = {}
        self.wrong: list[str] = []
        self._model, self._decided, self._journal = model, decided, journal
        self._asks, self._acts = asks, acts
        earns = [posted for posted in journal if posted.kind == "earn"]
        self._earns = {(posted.partner, posted.reference): posted.seq for posted in earns}
        self._became = {posted.original_seq: posted.seq for posted in earns if posted.original_seq}
        self._waiting: dict[Place, _Waiting] = {}

    def run(self) -> None:
        """Decides everything once more."""
        rows: dict[int, list[Kept]] = {}
        arrived = [
            Kept(each.place, each.batch_no, each.item_no, None, "", None, tombstone=False)
            for each in self._decided.waited
        ]
        # (What has arrived is an item of its own.)
        for kept in sorted([*arrived, *self._decided.kept], key=lambda each: (each.batch_no, each.item_no)):
            rows.setdefault(kept.batch_no, []).append(kept)
        for batch in self._decided.batches:
            self._batch(batch, rows.get(batch.batch_no, []))
        self._left()

    @property
    def verdicts(self) -> dict[Place, Verdict]:
        """What the model says to each key in the end."""
        return {place: self._now(place, verdict) for place, verdict in self.first.items()}

    def asked_again(self) -> dict[Place, Verdict]:
        """What the model says when everything is asked once more."""
        found: dict[Place, Verdict] = {}
        now_us = self._decided.batches[-1].decided_us if self._decided.batches else 0
        for place in self.first:
            group = [self._resolved(ask) for ask in self._asks(place) or ()]
            if place in self._waiting:
                found[place] = Verdict("waiting", replayed=True)
            elif len(group) == 1:
                found[place] = self._model.seen(group[0]) or self.first[place]
            else:
                verdicts = self._model.post_all(group, now_us)
                found |= {
                    (ask.partner, ask.key): verdict for ask, verdict in zip(group, verdicts, strict=True)
                }
        return found

    def _now(self, place: Place, first: Verdict) -> Verdict:
        passing = first.outcome in ("parked", "waiting")
        return self._model.by_key.get(place, (None, first))[1] if passing else first

    def _batch(self, batch: Batch, rows: Sequence[Kept]) -> None:
        fed: set[Place] = set()
        for number, kept in enumerate(rows):
            self._by_itself(batch, rows[number:], fed)
            self._row(kept, batch, fed)
        self._by_itself(batch, (), fed)
        for kept in rows:
            if kept.refusal == _NEVER_CAME:
                self._never_came(kept, batch.decided_us)

    def _row(self, kept: Kept, batch: Batch, fed: set[Place]) -> None:
        place = kept.place
        first = self.first.get(place)
        if place in self._acts:
            self._acts[place](batch.decided_us)
            self.first[place] = Verdict("accepted", posted=self._model.journal[-1])
        elif first is not None and first.outcome == "parked" and first.posted is not None:
            # (What takes one away has a row of its own, unless that is its member's end.)
            ends = kept.seq is not None or kept.refusal == "MEMBER_CLOSED"
            if ends and first.posted.seq in self._model.parked:
                before = len(self._model.journal)
                unpark(self._model, first.posted.seq, batch.decided_us)
                self._follow(before)
        elif kept.tombstone or place in fed or kept.refusal == _NEVER_CAME:
            return
        elif kept.seq is None and not kept.refusal:
            self._arrives(place, batch.decided_us)
        else:
            self._feed(place, batch.decided_us, fed)

    def _feed(self, place: Place, now_us: int, fed: set[Place]) -> None:
        group = self._asks(place)
        if group is None:
            return
        before = len(self._model.journal)
        verdicts = self._model.post_all([self._resolved(ask) for ask in group], now_us)
        for ask, verdict in zip(group, verdicts, strict=True):
            fed.add((ask.partner, ask.key))
            self.first.setdefault((ask.partner, ask.key), verdict)
            self._waiting.pop((ask.partner, ask.key), None)
        self._follow(before)

    def _resolved(self, ask: Ask) -> Ask:
        """With the sale that a refund means by now."""
        if ask.kind != "refund":
            return ask
        seq = ask.original_seq
        if ask.original_reference:
            seq = self._earns.get((ask.partner, ask.original_reference), 0)
        return replace(ask, original_seq=self._became.get(seq, seq))

    def _arrives(self, place: Place, now_us: int) -> None:
        """A refund waits, by the reference of a sale or by the id of what parked it."""
        group = self._asks(place)
        if group is None:
            return
        (ask,) = group
        parked = self._model.parked.get(ask.original_seq)
        reference = parked.reference if parked is not None else ask.original_reference
        known = self._model.by_reference.get((ask.partner, "earn", reference))
        if not reference or (known is not None and known[1].outcome != "parked"):
            self.wrong.append(
                f"the refund {place} waits, and the model has its sale, or never parked it: {ask}"
            )
            return
        self._waiting[place] = _Waiting(ask, (ask.partner, reference), now_us)
        self.first[place] = Verdict("waiting")

    def _follow(self, before: int) -> None:
        """What waits for a sale that was taken away is refused along with it."""
        for posted in self._model.journal[before:]:
            if posted.kind == "unpark":
                sale = posted.partner, posted.reference
                for place in [place for place, each in self._waiting.items() if each.sale == sale]:
                    self._refuse(place)

    def _refuse(self, place: Place) -> None:
        waiting = self._waiting.pop(place)
        self._model.by_key[place] = (waiting.ask.content, _NEVER)

    def _never_came(self, kept: Kept, now_us: int) -> None:
        """A refund is given up when its sale is taken away, or when it could not be posted any more and is not parked."""
        waiting = self._waiting.get(kept.place)
        if waiting is None:
            return
        known = self._model.by_reference.get((waiting.sale[0], "earn", waiting.sale[1]))
        patience_us = self._model.backdate_days * DAY_US + FUTURE_TOLERANCE_US
        if known is None and now_us - waiting.arrived_us >= patience_us:
            self._refuse(kept.place)
        else:
            self.wrong.append(f"the refund {kept.place} was given up too early, or its sale is parked")

    def _by_itself(self, batch: Batch, rows: Sequence[Kept], fed: set[Place]) -> None:
        """What is in the journal before the next item is decided, and has no row: the job's acts, floors, and what is parked.

        (Whoever comes to a wallet does the same to it as the job.)
        """
        model = self._model
        while len(model.journal) < min(batch.last_seq, len(self._journal)):
            before = len(model.journal)
            posted = self._journal[before]
            if posted.kind in OWN_ACTS:
                catch_up(model, posted.member, batch.decided_us)
                repay(model, posted.member, batch.decided_us)
            elif posted.kind == "floor" and posted.floor and posted.partner and not self._later(posted, rows):
                set_floor(model, posted.partner, *posted.floor, batch.decided_us)
            elif posted.kind == "park":
                self._park(posted.seq, batch, rows, fed)
            if len(model.journal) == before:
                return

    def _park(self, seq: int, batch: Batch, rows: Sequence[Kept], fed: set[Place]) -> None:
        """What was parked has no row. It changes nothing that a refusal tells; but what was burned with it does, and that has one."""
        parked = self._decided.parked_by_seq.get(seq)
        group = self._asks(parked.place) if parked is not None else None
        if parked is None or group is None:
            return
        burned = {(ask.partner, ask.key) for ask in group[1:]}
        if not burned or not rows or rows[0].place in burned:
            self._feed(parked.place, batch.decided_us, fed)

    def _later(self, floor: Posted, rows: Sequence[Kept]) -> bool:
        """Whether a sale was refused in the batch before a floor was set: by one that refuses, with the headroom of then."""
        for kept in rows:
            if kept.seq is not None and kept.seq > floor.seq:
                break
            partner = kept.place[0]
            if kept.refusal == "CREDIT_LIMIT" and partner == floor.partner:
                _, _, parks = self._model.floors.get(partner, (None, 0, False))
                return not parks and kept.headroom == headroom(self._model, partner)
        return False

    def _left(self) -> None:
        """What is parked, and what waits, in the end."""
        still = {parked.seq for parked in self._decided.parked if parked.open}
        if still != self._model.parked.keys():
            self.wrong.append(
                f"the ledger has parked {sorted(still)}, the model {sorted(self._model.parked)}"
            )
        if self._waiting.keys() != self._decided.waiting:
            odd = self._waiting.keys() ^ self._decided.waiting
            self.wrong.append(f"these refunds wait in the ledger or in the model alone: {sorted(odd)[:5]}")
        for place, waiting in self._waiting.items():
            known = self._model.by_reference.get((waiting.sale[0], "earn", waiting.sale[1]))
            if known is not None and known[1].outcome == "accepted":
                self.wrong.append(f"the refund {place} waits, and its sale was posted")
