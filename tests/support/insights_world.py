"""A coalition at random: what its services would tell, and what happened, kept as plain objects.

Wallets hold parts of lots; a sale, a burn and a lot know what became of them. Figures are counted from these objects
(insights_figures.py), and by the service from the events.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final, Self
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
    def begin(cls, slug: str, ledger_id: int, seed: int, partners: int = 3, members: int = 9) -> Self:
        """A programme whose partners and all but one of whose members are there."""
        shops, people = [new_id() for _ in range(partners)], [new_id() for _ in range(members)]
        world = cls(slug, ledger_id, random.Random(seed), partners=shops, members=people)
        registered = partners_pb2.ProgrammeRegistered(
            ledger_id=ledger_id, slug=slug, zone=ZONE, currency="USD", mode="test", starts_at_us=world.now_us
        )
        world.tell(PARTNERS, "programme.registered", registered)
        for number, partner in enumerate(world.partners):
            onboarded = partners_pb2.PartnerOnboarded(
                partner_id=partner.bytes, slug=f"shop-{number}", name=f"Shop {number}"
            )
            world.tell(PARTNERS, "partner.onboarded", onboarded, partner=partner)
        closed = partners_pb2.WindowClosed(number=1, first_seq=1, last_seq=0, ends_at_us=world.now_us)
        world.tell(PARTNERS, "window.closed", closed)
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

    def balance(self, member: UUID) -> int:
        """Points in a wallet."""
        return sum(points for _, points in self.wallets.get(member, []))

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

    def issue(self, type_: str, message: Any, member: UUID, issuer: UUID, at_us: int) -> Lot | None:
        """Points come to be."""
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

    def repay(self, member: UUID) -> None:
        """What is in a wallet pays what its member owes."""
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
                **self.posting(member), points=points, debts=paid, lots=lots(parts)
            )
            self.tell(POINTS, "points.repaid", message, message.seq, member)


def lots(parts: Sequence[Sequence[Any]]) -> list[points_pb2.LotTaken]:
    """As events name them."""
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
        lots=lots(parts),
        occurred_at_us=world.now_us,
    )
    world.tell(POINTS, "points.redeemed", message, message.seq, member, partner)
    return message.seq
