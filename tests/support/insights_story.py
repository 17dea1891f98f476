"""What happens in a coalition at random, one act after the other."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from coalition.events.v1 import members_pb2, points_pb2

from services.runtime.bus import MEMBERS, POINTS
from services.runtime.ids import new_id
from tests.support.insights_world import OPERATOR, Bought, Change, Spent, World, lots

_HOUR_US: Final = 3_600_000_000


class Story(World):
    """A world in which things happen."""

    def live(self, days: int, acts: int) -> Story:
        """Lets so much happen, over so many days."""
        kinds = (
            self.sell, self.sell, self.sell, self.sell, self.burn, self.burn, self.refund, self.give_back, self.expire, self.adjust,
            self.import_, self.transfer, self.merge, self.noise, self.leave,
        )  # fmt: skip
        for _ in range(acts):
            self.now_us += self.rng.randint(1, 2 * days * 24 // acts + 1) * _HOUR_US // 2
            self.rng.choice(kinds)()
        return self

    def leave(self) -> None:
        """Somebody is claimed, or leaves for good."""
        member = self.rng.choice(sorted(self.people))
        person = self.people[member]
        if person.anonymous and person.claimed is None:
            person.claimed = self.day()
            claimed = members_pb2.MemberClaimed(member_id=member.bytes, claimed_at_us=self.now_us)
            self.tell(MEMBERS, "member.claimed", claimed, member=member)
        elif person.closed is None and self.rng.random() < 0.2:
            person.closed = self.day()
            closed = members_pb2.MemberClosed(member_id=member.bytes, closed_at_us=self.now_us)
            self.tell(MEMBERS, "member.closed", closed, member=member)

    def sell(self) -> None:
        """A sale, now and then of nothing, late, or with points of a campaign; debts are paid of its points."""
        member, partner, gross = (
            self._somebody(),
            self.rng.choice(self.partners),
            self.rng.choice((0, 60, 100, 250, 990, 4_000)),
        )
        at_us = self.now_us - self.rng.choice((0, 0, 0, 30)) * _HOUR_US
        message = points_pb2.PointsEarned(
            **self.posting(member, partner), purchase_id=new_id().bytes, gross_minor=gross, eligible_minor=gross,
            points=gross // 100, occurred_at_us=at_us, channel="pos", store_id=b"",
        )  # fmt: skip
        lot = self.issue("points.earned", message, member, partner, at_us)
        identity = UUID(bytes=message.transaction_id)
        self.sales.append(Bought(message.seq, identity, member, partner, self.day(at_us), gross, lot))
        if lot and self.rng.random() < 0.2:
            granted = points_pb2.PointsGranted(
                **self.posting(member, partner),
                original_seq=message.seq,
                points=lot.issued,
                occurred_at_us=at_us,
            )
            self.issue("points.granted", granted, member, partner, at_us)
        self.repay(member)

    def burn(self) -> None:
        """Points are spent."""
        member, partner = self._somebody(), self.rng.choice(self.partners)
        points = self._some_of(member)
        if points:
            parts = self.take(member, points, "redeemed")
            message = points_pb2.PointsRedeemed(
                **self.posting(member, partner), points=points, lots=lots(parts), occurred_at_us=self.now_us
            )
            self.tell(POINTS, "points.redeemed", message, message.seq, member, partner)
            self.burns.append(Spent(message.seq, member, partner, self.day(), parts))

    def give_back(self) -> None:
        """A burn is refunded in part or in whole, from its last lot backwards; it is of no sale."""
        burns = [each for each in self.burns if each.parts]
        if not burns:
            return
        burn = self.rng.choice(burns)
        back: list[list[Any]] = []
        for _ in range(self.rng.randint(1, len(burn.parts))):
            lot, there = burn.parts.pop()
            part = self.rng.choice((there, max(1, there // 2)))
            if part < there:
                burn.parts.append([lot, there - part])
            back.append([lot, part])
        member = self.who(burn.member)
        message = points_pb2.PointsReturned(
            **self.posting(member, burn.partner), original_seq=burn.seq, points=sum(part for _, part in back),
            lots=lots(back), occurred_at_us=self.now_us,
        )  # fmt: skip
        self.tell(POINTS, "points.returned", message, message.seq, member, burn.partner)
        self.wallets.setdefault(member, []).extend([lot, part] for lot, part in back)
        self.changes += [Change(self.day(), lot, "redeemed", -part) for lot, part in back]
        self._refunded(member, burn.partner, new_id(), message.points)

    def refund(self) -> None:
        """A sale is refunded; what the wallet has not got is owed, or written off."""
        sales = [each for each in self.sales if each.refunded < each.gross]
        if not sales:
            return
        sale = self.rng.choice(sales)
        left = sale.gross - sale.refunded
        given = self.rng.choice((left, max(1, left // 3)))
        sale.refunded += given
        member, due = self.who(sale.member), 0
        if sale.lot:
            wanted = sale.lot.issued * sale.refunded // sale.gross
            due, sale.due_back = wanted - sale.due_back, wanted
        taken = min(due, self.balance(member))
        if taken and sale.lot:
            parts = self.take(member, taken, "reversed")
            sale.lot.kept -= taken
            message = points_pb2.PointsClawedBack(
                **self.posting(member, sale.partner), original_seq=sale.seq, points=taken, lots=lots(parts),
                occurred_at_us=self.now_us,
            )  # fmt: skip
            self.tell(POINTS, "points.clawed_back", message, message.seq, member, sale.partner)
        if due > taken and sale.lot and self.rng.random() < 0.7:
            owed = points_pb2.PointsOwed(
                **self.posting(member, sale.partner), original_seq=sale.seq, points=due - taken
            )
            self.tell(POINTS, "points.owed", owed, owed.seq, member, sale.partner)
            self.debts.setdefault(member, []).append([owed.seq, sale, due - taken])
        self._refunded(member, sale.partner, sale.transaction_id, given)

    def expire(self) -> None:
        """The first lot of a wallet expires."""
        member = self._somebody()
        wallet = self.wallets.get(member, [])
        if wallet:
            parts = self.take(member, wallet[0][1], "expired")
            message = points_pb2.PointsExpired(
                **self.posting(member), points=sum(part for _, part in parts), lots=lots(parts)
            )
            self.tell(POINTS, "points.expired", message, message.seq, member)

    def adjust(self) -> None:
        """The operator gives points, or takes some."""
        member, points = self._somebody(), self.rng.randint(1, 30)
        if self.rng.random() < 0.5:
            message = points_pb2.PointsAdjusted(**self.posting(member), points=points, reason="goodwill")
            self.issue("points.adjusted", message, member, OPERATOR, self.now_us)
            self.repay(member)
        elif taken := min(points, self.balance(member)):
            parts = self.take(member, taken, "taken")
            message = points_pb2.PointsAdjusted(
                **self.posting(member), points=-taken, reason="fraud", lots=lots(parts)
            )
            self.tell(POINTS, "points.adjusted", message, message.seq, member)

    def import_(self) -> None:
        """Points come out of earlier books, some of them the operator's."""
        member, issuer = self._somebody(), self.rng.choice((*self.partners, OPERATOR))
        message = points_pb2.PointsImported(
            **self.posting(member),
            issuer_id=issuer.bytes,
            points=self.rng.randint(1, 40),
            earned_at_us=self.now_us - 10**12,
        )
        self.issue("points.imported", message, member, issuer, self.now_us)
        self.repay(member)

    def transfer(self) -> None:
        """A member gives points to another: they stay what they are."""
        giver, taker = self._somebody(), self._somebody()
        points = self._some_of(giver)
        if points and giver != taker:
            parts = self.take(giver, points, "")
            given = points_pb2.PointsTransferred(
                **self.posting(giver, self.partners[0]),
                to_member_id=taker.bytes,
                points=points,
                lots=lots(parts),
            )
            self.tell(POINTS, "points.transferred", given, given.seq, giver, self.partners[0])
            got = points_pb2.PointsReceived(
                **self.posting(taker),
                from_member_id=giver.bytes,
                original_seq=given.seq,
                points=points,
                lots=lots(parts),
            )
            self.tell(POINTS, "points.received", got, got.seq, taker)
            self.wallets.setdefault(taker, []).extend(parts)
            self.repay(taker)

    def merge(self) -> None:
        """A wallet is given up for another's, seldom."""
        member, into = self._somebody(), self._somebody()
        if member == into or self.rng.random() < 0.6 or len(self.members) - len(self.merged) < 4:
            return
        parts = self.take(member, self.balance(member), "")
        message = points_pb2.PointsMerged(
            **self.posting(member),
            into_member_id=into.bytes,
            points=sum(part for _, part in parts),
            lots=lots(parts),
        )
        self.tell(POINTS, "points.merged", message, message.seq, member)
        self.wallets.setdefault(into, []).extend(parts)
        self.debts.setdefault(into, []).extend(self.debts.pop(member, []))
        self.merged[member] = into
        self.repay(into)

    def noise(self) -> None:
        """What figures need nothing of: a hold, a sale that is parked, a notice."""
        member, partner = self._somebody(), self.rng.choice(self.partners)
        held = points_pb2.PointsHeld(**self.posting(member, partner), points=1)
        parked = points_pb2.PointsParked(**self.posting(member, partner), gross_minor=500, points=5)
        for type_, message in (("points.held", held), ("points.parked", parked)):
            self.tell(POINTS, type_, message, message.seq, member, partner)
        expiring = points_pb2.PointsExpiring(member_id=member.bytes, points=1)
        self.tell(POINTS, "points.expiring", expiring, None, member)

    def _somebody(self) -> UUID:
        return self.rng.choice([member for member in self.members if member not in self.merged])

    def _some_of(self, member: UUID) -> int:
        balance = self.balance(member)
        return self.rng.randint(1, balance) if balance else 0

    def _refunded(self, member: UUID, partner: UUID, original: UUID, amount: int) -> None:
        message = points_pb2.PointsRefunded(
            **self.posting(member, partner),
            original_id=original.bytes,
            amount=amount,
            occurred_at_us=self.now_us,
        )
        self.tell(POINTS, "points.refunded", message, message.seq, member, partner)
