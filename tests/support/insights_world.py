"""A coalition at random: what its services would tell, and what happened, kept as plain objects.

Wallets hold parts of lots; a sale, a burn and a lot know what became of them. Figures are counted from these objects
(insights_figures.py), and by the service from the events.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from coalition.events.v1 import members_pb2, partners_pb2, points_pb2
from google.protobuf.message import Message

from services.runtime.bus import MEMBERS, PARTNERS, POINTS, Stream
from services.runtime.clock import from_micros, to_micros
from services.runtime.ids import new_id

ZONE: Final = "America/New_York"
STARTS_AT: Final = datetime(2026, 1, 5, 5, tzinfo=UTC)
OPERATOR: Final = UUID(int=0)
_HOUR_US: Final = 3_600_000_000


@dataclass(eq=False)
class Lot:
    """Points that came to be; `kept`: less what refunds of just this earn took back."""

    seq: int
    issuer: UUID
    day: date
    issued: int
    kept: int = 0

    def __post_init__(self) -> None:
        self.kept = self.issued


@dataclass(eq=False)
class Bought:
    """A sale."""

    seq: int
    transaction_id: UUID
    member: UUID
    partner: UUID
    day: date
    gross: int
    lot: Lot | None
    refunded: int = 0
    due_back: int = 0

    @property
    def counts(self) -> bool:
        """Whether it was not refunded in whole."""
        return not self.refunded or self.refunded < self.gross


@dataclass(eq=False)
class Spent:
    """A burn; `parts` are what stays burned."""

    seq: int
    member: UUID
    partner: UUID
    day: date
    parts: list[list[Any]]


@dataclass(frozen=True)
class Change:
    """Points of a lot that came or went on a day; `kind` as figures name it."""

    day: date
    lot: Lot
    kind: str
    points: int


@dataclass(frozen=True)
class Told:
    """An event, for the log of its stream."""

    stream: Stream
    type: str
    message: Message
    at_us: int
    seq: int | None
    member_id: UUID | None
    partner_id: UUID | None


@dataclass(eq=False)
class Person:
    """What the members service knows; dates by the wall clock."""

    partner: UUID | None
    anonymous: bool
    enrolled: date
    claimed: date | None = None
    closed: date | None = None


@dataclass
class World:
    """What happened so far. `slug`, `ledger_id`: of its programme."""

    slug: str
    ledger_id: int
    rng: random.Random
    partners: list[UUID] = field(default_factory=lambda: [new_id() for _ in range(3)])
    members: list[UUID] = field(default_factory=lambda: [new_id() for _ in range(9)])
    events: list[Told] = field(default_factory=list[Told])
    sales: list[Bought] = field(default_factory=list[Bought])
    burns: list[Spent] = field(default_factory=list[Spent])
    changes: list[Change] = field(default_factory=list[Change])
    people: dict[UUID, Person] = field(default_factory=dict[UUID, Person])
    merged: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    wallets: dict[UUID, list[list[Any]]] = field(default_factory=dict[UUID, list[list[Any]]])
    debts: dict[UUID, list[list[Any]]] = field(default_factory=dict[UUID, list[list[Any]]])
    now_us: int = to_micros(STARTS_AT)
    seq: int = 0

    @classmethod
    def begin(cls, slug: str, ledger_id: int, seed: int, partners: int = 3, members: int = 9) -> World:
        """A programme whose partners and all but one of whose members are there."""
        ids = [[new_id() for _ in range(number)] for number in (partners, members)]
        world = cls(slug, ledger_id, random.Random(seed), *ids)
        registered = partners_pb2.ProgrammeRegistered(
            ledger_id=ledger_id, slug=slug, zone=ZONE, currency="USD", mode="test", starts_at_us=world.now_us
        )
        world.tell(PARTNERS, "programme.registered", registered)
        for number, partner in enumerate(world.partners):
            onboarded = partners_pb2.PartnerOnboarded(
                partner_id=partner.bytes, slug=f"shop-{number}", name=f"Shop {number}"
            )
            world.tell(PARTNERS, "partner.onboarded", onboarded, partner=partner)
        for member in world.members[:-1]:
            world.enrol(member)
        return world

    @property
    def slugs(self) -> dict[UUID, str]:
        return {partner: f"shop-{number}" for number, partner in enumerate(self.partners)}

    def who(self, member: UUID) -> UUID:
        """Whose a member's doings are now."""
        while member in self.merged:
            member = self.merged[member]
        return member

    def live(self, days: int, acts: int) -> World:
        """Lets so much happen, over so many days."""
        kinds = (
            self.sell, self.sell, self.sell, self.sell, self.burn, self.burn, self.refund, self.give_back, self.expire, self.adjust,
            self.import_, self.transfer, self.merge, self.noise, self.leave,
        )  # fmt: skip
        for _ in range(acts):
            self.now_us += self.rng.randint(1, 2 * days * 24 // acts + 1) * _HOUR_US // 2
            self.rng.choice(kinds)()
        return self

    def tell(
        self,
        stream: Stream,
        type_: str,
        message: Message,
        seq: int | None = None,
        member: UUID | None = None,
        partner: UUID | None = None,
    ) -> None:
        """Notes an event."""
        self.events.append(Told(stream, type_, message, self.now_us, seq, member, partner))

    def day(self, at_us: int | None = None) -> date:
        """The date of an instant in the programme's zone."""
        return from_micros(self.now_us if at_us is None else at_us).astimezone(ZoneInfo(ZONE)).date()

    def enrol(self, member: UUID) -> None:
        """A member joins, at a partner or by a card that nobody had enrolled."""
        anonymous = self.rng.random() < 0.3
        partner = None if anonymous else self.rng.choice(self.partners)
        self.people[member] = Person(partner, anonymous, self.day())
        enrolled = members_pb2.MemberEnrolled(
            member_id=member.bytes,
            partner_id=partner.bytes if partner else b"",
            enrolled_at_us=self.now_us,
            anonymous=anonymous,
        )
        self.tell(MEMBERS, "member.enrolled", enrolled, member=member)

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
        lot = self._issue("points.earned", message, member, partner, at_us)
        identity = UUID(bytes=message.transaction_id)
        self.sales.append(Bought(message.seq, identity, member, partner, self.day(at_us), gross, lot))
        if lot and self.rng.random() < 0.2:
            granted = points_pb2.PointsGranted(
                **self.posting(member, partner),
                original_seq=message.seq,
                points=lot.issued,
                occurred_at_us=at_us,
            )
            self._issue("points.granted", granted, member, partner, at_us)
        self._repay(member)

    def burn(self) -> None:
        """Points are spent."""
        member, partner = self._somebody(), self.rng.choice(self.partners)
        points = self._some_of(member)
        if points:
            parts = self.take(member, points, "redeemed")
            message = points_pb2.PointsRedeemed(
                **self.posting(member, partner), points=points, lots=_lots(parts), occurred_at_us=self.now_us
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
            lots=_lots(back), occurred_at_us=self.now_us,
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
                **self.posting(member, sale.partner), original_seq=sale.seq, points=taken, lots=_lots(parts),
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
                **self.posting(member), points=sum(part for _, part in parts), lots=_lots(parts)
            )
            self.tell(POINTS, "points.expired", message, message.seq, member)

    def adjust(self) -> None:
        """The operator gives points, or takes some."""
        member, points = self._somebody(), self.rng.randint(1, 30)
        if self.rng.random() < 0.5:
            message = points_pb2.PointsAdjusted(**self.posting(member), points=points, reason="goodwill")
            self._issue("points.adjusted", message, member, OPERATOR, self.now_us)
            self._repay(member)
        elif taken := min(points, self.balance(member)):
            parts = self.take(member, taken, "taken")
            message = points_pb2.PointsAdjusted(
                **self.posting(member), points=-taken, reason="fraud", lots=_lots(parts)
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
        self._issue("points.imported", message, member, issuer, self.now_us)
        self._repay(member)

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
                lots=_lots(parts),
            )
            self.tell(POINTS, "points.transferred", given, given.seq, giver, self.partners[0])
            got = points_pb2.PointsReceived(
                **self.posting(taker),
                from_member_id=giver.bytes,
                original_seq=given.seq,
                points=points,
                lots=_lots(parts),
            )
            self.tell(POINTS, "points.received", got, got.seq, taker)
            self.wallets.setdefault(taker, []).extend(parts)
            self._repay(taker)

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
            lots=_lots(parts),
        )
        self.tell(POINTS, "points.merged", message, message.seq, member)
        self.wallets.setdefault(into, []).extend(parts)
        self.debts.setdefault(into, []).extend(self.debts.pop(member, []))
        self.merged[member] = into
        self._repay(into)

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

    def balance(self, member: UUID) -> int:
        """Points in a wallet."""
        return sum(points for _, points in self.wallets.get(member, []))

    def _some_of(self, member: UUID) -> int:
        balance = self.balance(member)
        return self.rng.randint(1, balance) if balance else 0

    def posting(self, member: UUID, partner: UUID | None = None) -> dict[str, Any]:
        """What every event of the journal says; takes the next seq."""
        self.seq += 1
        fields: dict[str, Any] = {
            "transaction_id": new_id().bytes,
            "seq": self.seq,
            "member_id": member.bytes,
            "recorded_at_us": self.now_us,
        }
        return fields | ({"partner_id": partner.bytes} if partner else {})

    def _issue(self, type_: str, message: Any, member: UUID, issuer: UUID, at_us: int) -> Lot | None:
        self.tell(POINTS, type_, message, message.seq, member, issuer if issuer != OPERATOR else None)
        if not message.points:
            return None
        lot = Lot(message.seq, issuer, self.day(at_us), message.points)
        self.wallets.setdefault(member, []).append([lot, lot.issued])
        self.changes.append(Change(lot.day, lot, "issued", lot.issued))
        return lot

    def take(self, member: UUID, points: int, kind: str) -> list[list[Any]]:
        """Off the front of a wallet; `kind` empty: they go to another wallet."""
        wallet, parts = self.wallets.get(member, []), list[list[Any]]()
        while points:
            lot, there = wallet[0]
            part = min(points, there)
            parts.append([lot, part])
            points -= part
            wallet[0][1] -= part
            if not wallet[0][1]:
                del wallet[0]
        if kind:
            self.changes += [Change(self.day(), lot, kind, part) for lot, part in parts]
        return parts

    def _repay(self, member: UUID) -> None:
        debts, points = self.debts.get(member, []), 0
        paid: list[points_pb2.DebtPaid] = []
        while debts and points < self.balance(member):
            seq, sale, owed = debts[0]
            part = min(owed, self.balance(member) - points)
            paid.append(
                points_pb2.DebtPaid(
                    debt_seq=seq, original_seq=sale.seq, partner_id=sale.partner.bytes, points=part
                )
            )
            points += part
            sale.lot.kept -= part
            debts[0][2] -= part
            if not debts[0][2]:
                del debts[0]
        if points:
            parts = self.take(member, points, "reversed")
            message = points_pb2.PointsRepaid(
                **self.posting(member), points=points, debts=paid, lots=_lots(parts)
            )
            self.tell(POINTS, "points.repaid", message, message.seq, member)

    def _refunded(self, member: UUID, partner: UUID, original: UUID, amount: int) -> None:
        message = points_pb2.PointsRefunded(
            **self.posting(member, partner),
            original_id=original.bytes,
            amount=amount,
            occurred_at_us=self.now_us,
        )
        self.tell(POINTS, "points.refunded", message, message.seq, member, partner)


def _lots(parts: Sequence[Sequence[Any]]) -> list[points_pb2.LotTaken]:
    return [
        points_pb2.LotTaken(
            lot_no=lot.seq, issuer_id=lot.issuer.bytes, point_type="base", points=part, earned_seq=lot.seq
        )
        for lot, part in parts
    ]


def earned(world: World, member: UUID, partner: UUID, gross: int, points: int) -> tuple[int, UUID]:
    """Tells of a sale now, and of nothing else; answers its seq and id."""
    message = points_pb2.PointsEarned(
        **world.posting(member, partner),
        gross_minor=gross,
        eligible_minor=gross,
        points=points,
        occurred_at_us=world.now_us,
        channel="pos",
    )
    world.tell(POINTS, "points.earned", message, message.seq, member, partner)
    return message.seq, UUID(bytes=message.transaction_id)


def redeemed(world: World, member: UUID, partner: UUID, parts: Sequence[Sequence[Any]]) -> int:
    """Tells of a burn now; answers its seq."""
    message = points_pb2.PointsRedeemed(
        **world.posting(member, partner),
        points=sum(part for _, part in parts),
        lots=_lots(parts),
        occurred_at_us=world.now_us,
    )
    world.tell(POINTS, "points.redeemed", message, message.seq, member, partner)
    return message.seq
