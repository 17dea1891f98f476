"""A batch is replayed as it was decided, wherever in it the job ended what was over."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import product
from typing import Final
from uuid import UUID

import pytest
from coalition.points.v1 import journal_pb2
from coalition.points.v1 import movement_pb2 as pb

from tests.chaos.books import Books
from tests.chaos.history import Asked
from tests.chaos.replaying import Replay
from tests.support.credit_model import set_floor
from tests.support.decided import Batch, Kept, Parked, Place
from tests.support.due_model import catch_up, repay
from tests.support.ledger_facts import SECOND_US, Expiry, Verdict
from tests.support.ledger_model import LedgerModel

PARTNER: Final = UUID(int=1)
MEMBER: Final = UUID(int=2)
START_US: Final = 1_767_000_000_000_000
#: In a batch: the job comes to the wallet.
JOB: Final = "job"


@dataclass(frozen=True)
class Floor:
    """In a batch: how far the partner may issue from here on, and whether what is beyond is parked."""

    floor: int | None
    parks: bool = False


def new_model() -> LedgerModel:
    model = LedgerModel("America/New_York", Expiry("months_after_earn", 0), 400)
    model.set_rate(PARTNER, 1, 1, 100)
    return model


def transaction_id(seq: int) -> UUID:
    return UUID(int=seq)


@dataclass
class Live:
    """A ledger that decides batches, kept by a model of its own."""

    model: LedgerModel = field(default_factory=new_model)
    asked: dict[Place, tuple[Asked, ...]] = field(default_factory=dict[Place, tuple[Asked, ...]])
    kept: list[Kept] = field(default_factory=list[Kept])
    parked: list[Parked] = field(default_factory=list[Parked])
    batches: list[Batch] = field(default_factory=list[Batch])
    now_us: int = START_US

    def batch(self, *items: Asked | str | Floor | tuple[Asked, Asked]) -> None:
        """Decides items at one moment."""
        first = len(self.model.journal)
        for number, item in enumerate(items):
            if isinstance(item, str):
                catch_up(self.model, MEMBER, self.now_us)
                repay(self.model, MEMBER, self.now_us)
                continue
            if isinstance(item, Floor):
                floor, basis_seq = item.floor, len(self.model.journal)
                set_floor(self.model, PARTNER, floor, basis_seq, item.parks, self.now_us)
                continue
            group = item if isinstance(item, tuple) else (item,)
            asks = [each.ask(0, each.original.int if each.original else 0) for each in group]
            verdicts = self.model.post_all(asks, self.now_us)
            # (Far enough apart for a pair's two.)
            for place, (asked, verdict) in enumerate(zip(group, verdicts, strict=True), 2 * number):
                self.asked[asked.place] = group
                self.keep(asked.place, place, verdict)
        postings = len(self.model.journal) - first
        recorded_us = self.now_us + max(0, postings - 1)
        self.batches.append(Batch(len(self.batches) + 1, first + 1, postings, recorded_us))
        self.now_us += 10 * SECOND_US

    def keep(self, place: Place, number: int, verdict: Verdict) -> None:
        """As the ledger keeps what became of an item."""
        seq = verdict.posted.seq if verdict.posted else None
        if verdict.outcome == "parked" and seq is not None:
            self.parked.append(Parked(place, seq, open=True))
            return
        batch_no = len(self.batches) + 1
        kept = Kept(place, batch_no, number, seq, verdict.reason, verdict.available, tombstone=False)
        self.kept.append(kept._replace(headroom=verdict.headroom))

    def replayed(self) -> tuple[LedgerModel, Replay]:
        records = [
            journal_pb2.JournalRecord(
                transaction=pb.Transaction(transaction_id=transaction_id(posted.seq).bytes, seq=posted.seq)
            )
            for posted in self.model.journal
        ]
        books, model = Books(self.kept, self.batches, self.parked, records=records), new_model()
        replay = Replay(model, books, self.model.journal, self.asked)
        replay.run()
        return model, replay


def earn(amount: int, key: str = "e") -> Asked:
    return Asked("earn", PARTNER, key, MEMBER, key, START_US, amount)


def redeem(points: int, key: str = "r") -> Asked:
    return Asked("redeem", PARTNER, key, MEMBER, key, START_US, points)


def owing() -> Live:
    """A member who owes 100 points, while a hold has 80 set aside for five seconds more."""
    live = Live()
    live.batch(earn(10_000, "sold"))
    live.batch(
        Asked("hold", PARTNER, "h", MEMBER, "h", START_US, 80, seconds=15),
        redeem(20, "spent"),
        Asked("refund", PARTNER, "back", UUID(int=0), "back", START_US, 0, original=transaction_id(1)),
    )
    assert [debt.left for debt in live.model.debts] == [100]
    return live


ITEMS: Final[dict[str, Asked | str]] = {"job": JOB, "earn": earn(1_000), "redeem": redeem(500)}


@pytest.mark.parametrize(
    "names", [*product(ITEMS, repeat=1), *product(ITEMS, repeat=2), ("redeem", "job", "earn")]
)
def test_what_was_over_is_ended_where_the_ledger_ended_it(names: tuple[str, ...]) -> None:
    live = owing()
    live.now_us += 10 * SECOND_US
    live.batch(*(ITEMS[name] for name in dict.fromkeys(names)))
    live.batch(earn(20_000, "later"))
    model, replay = live.replayed()
    assert model.journal == live.model.journal
    assert {place: (verdict.outcome, verdict.available) for place, verdict in replay.verdicts.items()} == {
        kept.place: ("accepted" if kept.seq else "refused", kept.available) for kept in live.kept
    }
    assert sum(posted.kind == "lapse" for posted in model.journal) == 1


FLOORS: Final = (Floor(-100), Floor(-100, parks=True), Floor(-120), Floor(-200, parks=True), Floor(None))


@pytest.mark.parametrize(("first", "second"), list(product(FLOORS, repeat=2)))
@pytest.mark.parametrize("places", [(0, 1), (0, 2), (1, 2), (0, 3), (2, 2), (3, 3)])
def test_a_floor_is_set_where_it_was_though_refusals_of_its_batch_have_no_place_in_the_journal(
    first: Floor, second: Floor, places: tuple[int, int]
) -> None:
    live = Live()
    live.batch(Floor(-50), earn(4_000, "before"))
    items: list[Asked | str | Floor] = [earn(6_000 + 500 * number, f"e{number}") for number in range(3)]
    for place, floor in reversed(list(zip(places, (first, second), strict=True))):
        items.insert(place, floor)
    live.batch(*items)
    live.batch(redeem(1), earn(100, "later"))
    model, replay = live.replayed()
    assert model.journal == live.model.journal
    assert replay.wrong == []
    assert {place: replay.verdicts[place].headroom for place in live.asked} == {
        place: live.model.by_key[place][1].headroom for place in live.asked
    }
    assert {place: verdict.outcome for place, verdict in replay.verdicts.items()} == {
        place: live.model.by_key[place][1].outcome for place in live.asked
    }


@pytest.mark.parametrize("place", range(3))
def test_what_was_burned_with_a_parked_sale_is_so_after_what_was_refused_before_it(place: int) -> None:
    live = Live()
    live.batch(earn(10_000, "before"))
    items: list[Asked | str | Floor | tuple[Asked, Asked]] = [
        redeem(200, f"too much {number}") for number in range(2)
    ]
    items.insert(place, (replace(earn(1_000, "sale"), linked=True), redeem(30, "burn")))
    live.batch(Floor(-100, parks=True))
    live.batch(*items)
    model, replay = live.replayed()
    assert [posted.kind for posted in model.journal] == ["earn", "floor", "park", "redeem"]
    assert model.journal == live.model.journal
    told = [replay.verdicts[PARTNER, f"too much {number}"].available for number in range(2)]
    assert told == [kept.available for kept in live.kept if kept.refusal]
    assert told == [100] * place + [70] * (2 - place)
