"""Traffic at random on a ledger of two replicas: tills that sell, spend, refund and reverse, an operator who moves credit floors."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from coalition.points.v1 import movement_pb2 as pb
from coalition.points.v1 import points_pb2

from tests.support.decided import Place
from tests.support.ledger_facts import Ask
from tests.support.ledger_replay import ask_of
from tests.support.points import PointsHouse, Till
from tests.support.points_wire import capture, earn, hold, redemption, refund, reversal, void
from tests.support.wallet_wire import transfer


@dataclass(frozen=True)
class _Parked:
    """A sale that was heard to be parked: its item, with the burn that it is linked with, and what parked it."""

    items: Sequence[pb.Item]
    transaction: pb.Transaction


class Traffic:
    """Asks at random at two replicas, any task resolving and refunding what any other has opened and sold.

    `parking`: by partner with a credit floor, whether what goes beyond is parked. The first till takes points by a rule, one of
    them for a minor unit.
    """

    def __init__(
        self, houses: tuple[PointsHouse, PointsHouse], tills: list[Till], members: list[UUID], parking: Mapping[UUID, bool]
    ) -> None:  # fmt: skip
        self.houses, self.tills, self.members, self.parking = houses, tills, members, parking
        self.by_rule = tills[0]
        self.rng = random.Random(20_170_101)
        self.asked: list[Ask] = []
        self.calls: list[tuple[Till, list[pb.Item]]] = []
        self.answers: dict[Place, pb.Result] = {}
        self.again: list[tuple[Place, pb.Result]] = []
        self.floors: list[points_pb2.SetFloorResponse] = []
        self.known: dict[bytes, tuple[int, UUID]] = {}
        self.holds: dict[UUID, list[bytes]] = {till.partner_id: [] for till in tills}
        self.sales: dict[UUID, list[bytes]] = {till.partner_id: [] for till in tills}
        self.parked: dict[UUID, list[_Parked]] = {till.partner_id: [] for till in tills}

    async def work(self, rounds: int = 8) -> None:
        """One task."""
        rng = self.rng
        kinds = (
            self._plain, self._plain, self._hold, self._resolve, self._resolve, self._sale, self._refund, self._refund, self._transfer,
            self._of_parked, self._of_parked,
        )  # fmt: skip
        for _ in range(rounds):
            till, member = rng.choice(self.tills), rng.choice(self.members)
            await self.post(till, rng.choice(kinds)(till, member))

    async def operate(self, rounds: int) -> None:
        """Moves floors, as the partners service would: so much more than what it has seen of the journal; and lets the job run."""
        rng = self.rng
        for _ in range(rounds):
            partner = rng.choice(list(self.parking))
            house = rng.choice(self.houses)
            seen = await house.floors(partner)
            room = rng.choice((None, -10, 0, 0, 15, 60))
            floor = None if room is None else sum(each.balance for each in seen.floors) - room
            parks = floor is not None and self.parking[partner] != (rng.random() < 0.1)
            self.floors.append(await house.set_floor(partner, floor, seen.as_of_seq, parks=parks))
            if rng.random() < 0.7:
                await rng.choice(self.houses).unpark()

    async def post(self, till: Till, items: list[pb.Item]) -> list[pb.Result]:
        """One call at either replica; none where there is nothing to ask."""
        if not items:
            return []
        new = [item for item in items if (till.partner_id, item.key) not in self.answers]
        self.asked.extend(ask_of(item, till.partner_id, self.known) for item in new)
        results = await till.at(self.rng.choice(self.houses)).post(*items)
        if new:
            self.calls.append((till, items))
        for item, result in zip(items, results, strict=True):
            place = (till.partner_id, item.key)
            if place in self.answers:
                self.again.append((place, result))
                continue
            self.answers[place] = result
            if result.HasField("transaction"):
                self._learn(till.partner_id, result.transaction)
        if new and results[0].outcome == pb.OUTCOME_PARKED:
            self.parked[till.partner_id].append(_Parked(items, results[0].transaction))
        return results

    async def ask_again(self) -> dict[Place, pb.Result]:
        """Everything that was decided, once more; what is heard of each key now."""
        found: dict[Place, pb.Result] = {}
        for till, items in self.calls:
            places = [(till.partner_id, item.key) for item in items]
            if any(self.answers[place].outcome == pb.OUTCOME_TURNED_AWAY for place in places):
                continue
            results = await till.at(self.rng.choice(self.houses)).post(*items)
            found |= dict(zip(places, results, strict=True))
        return found

    def _learn(self, partner: UUID, moved: pb.Transaction) -> None:
        self.known[moved.transaction_id] = (moved.seq, UUID(bytes=moved.member_id))
        if moved.kind == pb.MOVEMENT_KIND_HOLD:
            self.holds[partner].append(moved.transaction_id)
        elif moved.kind in (pb.MOVEMENT_KIND_EARN, pb.MOVEMENT_KIND_REDEEM) and not moved.original_id:
            self.sales[partner].append(moved.transaction_id)

    def _plain(self, till: Till, member: UUID) -> list[pb.Item]:
        rng = self.rng
        if till.partner_id in self.parking and rng.random() < 0.5:
            return [earn(member, rng.randint(0, 3_000))]
        return [
            earn(member, rng.randint(0, 3_000)) if rng.random() < 0.5 else redemption(member, rng.randint(1, 25))
            for _ in range(rng.randint(1, 4))
        ]  # fmt: skip

    def _hold(self, _: Till, member: UUID) -> list[pb.Item]:
        return [hold(member, self.rng.randint(1, 25))]

    def _transfer(self, _: Till, member: UUID) -> list[pb.Item]:
        other = self.rng.choice([each for each in self.members if each != member])
        return [transfer(member, other, self.rng.randint(1, 12))]

    def _resolve(self, till: Till, member: UUID) -> list[pb.Item]:
        mine, rng = self.holds[till.partner_id], self.rng
        if not mine:
            return self._hold(till, member)
        hold_id = rng.choice(mine)
        return [capture(hold_id, rng.choice((0, 1, 7, 40))) if rng.random() < 0.7 else void(hold_id)]

    def _sale(self, till: Till, member: UUID) -> list[pb.Item]:
        amount, points = self.rng.randint(1_000, 3_000), self.rng.randint(1, 30)
        in_points = points if till is self.by_rule else self.rng.randint(0, 900)
        tenders = [pb.Tender(kind="points", amount_minor=in_points)]
        return [earn(member, amount, linked=True, tenders=tenders), redemption(member, points)]

    def _refund(self, till: Till, member: UUID) -> list[pb.Item]:
        mine, rng = self.sales[till.partner_id], self.rng
        if not mine:
            return self._plain(till, member)
        original = rng.choice(mine)
        kind = next(
            result.transaction.kind
            for result in self.answers.values()
            if result.transaction.transaction_id == original
        )
        if kind == pb.MOVEMENT_KIND_EARN:
            return [refund(original, rng.choice((0, 100, 700)))]
        return [refund(original, points=rng.choice((0, 1, 6)))]

    def _of_parked(self, till: Till, member: UUID) -> list[pb.Item]:
        """A sale that was parked, and may be no more: asked for again, refunded by its reference or by its id, or reversed."""
        rng = self.rng
        if not self.parked[till.partner_id]:
            return self._plain(till, member)
        parked = rng.choice(self.parked[till.partner_id][-8:])
        choice, amount = rng.random(), rng.choice((0, 100, 700))
        if choice < 0.35:
            return list(parked.items)
        if choice < 0.5:
            return [refund(parked.transaction.transaction_id, amount)]
        if choice < 0.75:
            return [refund(parked.transaction.reference, amount)]
        return [reversal(rng.choice(parked.items).key)]
