"""A stand-in for the points service: real gRPC, a real event log in its database, a real relay, and no rules.

Tests say what was posted; it answers GetHead, CutAt, ReadBatches and ReadEvents as the contract says.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import grpc.aio
from coalition.events.v1 import points_pb2 as told
from coalition.points.v1 import points_pb2 as pb
from coalition.points.v1.journal_pb2 import Batch
from coalition.points.v1.points_pb2_grpc import PointsServiceServicer, add_PointsServiceServicer_to_server
from coalition.type.v1.reason_pb2 import Reason
from google.protobuf.message import Message
from sqlalchemy import MetaData

from services.runtime.clock import wall_now_us
from services.runtime.database import Database
from services.runtime.errors import Refused
from services.runtime.event_log import EventLog, NewEvent, event_tables, payload_of
from services.runtime.grpc_server import GrpcServer
from services.runtime.ids import new_id
from services.runtime.principal import Programme, Verifier, acting

TABLES: Final = event_tables(MetaData())


# Who issued points of a lot, how many, and where it matters the seq of their earn.
Lot = tuple[UUID, int] | tuple[UUID, int, int]


@dataclass(frozen=True)
class Earn:
    """Points earned at a partner; `at_us` is the till's clock (None: programme time)."""

    partner: UUID
    points: int
    at_us: int | None = None
    store: UUID | None = None


@dataclass(frozen=True)
class Burn:
    """Points redeemed at a partner, from lots of issuers."""

    partner: UUID
    lots: Sequence[Lot]
    at_us: int | None = None
    store: UUID | None = None


@dataclass(frozen=True)
class Expiry:
    """Points of a lot that passed their expiry."""

    issuer: UUID
    points: int
    earned_seq: int = 0


@dataclass(frozen=True)
class Return:
    """Points of a burn that a refund gave back, by who had issued them."""

    partner: UUID
    original_seq: int
    lots: Sequence[Lot]
    at_us: int | None = None


@dataclass(frozen=True)
class ClawBack:
    """Points of an earn that a refund took back; `lots`: whose points the wallet gave for them (None: the partner's)."""

    partner: UUID
    original_seq: int
    points: int
    lots: Sequence[Lot] | None = None
    at_us: int | None = None


@dataclass(frozen=True)
class Owe:
    """Points of an earn that a refund could not take back: the member owes them."""

    partner: UUID
    original_seq: int
    points: int


@dataclass(frozen=True)
class Repay:
    """Debts that were paid: seq of the debt, seq of the earn, its partner, points."""

    debts: Sequence[tuple[int, int, UUID, int]]
    lots: Sequence[Lot] = ()


@dataclass(frozen=True)
class Refund:
    """The end of a refund, whose parts were posted before it."""

    partner: UUID


Movement = Earn | Burn | Expiry | Return | ClawBack | Owe | Repay | Refund


@dataclass
class Book:
    """What the ledger of one programme knows."""

    offset_us: int = 0
    recorded_us: list[int] = field(default_factory=list[int])
    cuts: dict[int, int] = field(default_factory=dict[int, int])
    batches: list[Batch] = field(default_factory=list[Batch])
    balances: dict[UUID, int] = field(default_factory=dict[UUID, int])
    # Whether the floor that was told last parks, by partner.
    parks: dict[UUID, bool] = field(default_factory=dict[UUID, bool])
    floors: dict[UUID, list[tuple[int | None, int]]] = field(
        default_factory=dict[UUID, list[tuple[int | None, int]]]
    )

    @property
    def now_us(self) -> int:
        return wall_now_us() + self.offset_us


class LedgerDouble(PointsServiceServicer):
    """The points service as clearing sees it."""

    def __init__(self, database: Database) -> None:
        self.database, self.log = database, EventLog(TABLES)
        self.books: dict[str, Book] = {}
        self.cuts_asked = 0

    def book(self, programme: Programme) -> Book:
        return self.books.setdefault(programme.slug, Book())

    async def post(self, programme: Programme, *movements: Movement) -> int:
        """Posts movements in one transaction; answers the last seq."""
        book = self.book(programme)
        now_us = max(book.now_us, book.recorded_us[-1] + 1 if book.recorded_us else 0)
        events = [
            self._event(book, now_us + place, len(book.recorded_us) + place + 1, movement)
            for place, movement in enumerate(movements)
        ]
        async with self.database.writer.transaction() as connection:
            await self.log.append(connection, programme.ledger_id, programme.slug, events)
        number, first = len(book.batches) + 1, len(book.recorded_us) + 1
        book.recorded_us += [event.recorded_at_us for event in events]
        chain = sha256(f"{programme.slug} {number}".encode()).digest()
        book.batches.append(
            Batch(
                batch_no=number,
                first_seq=first,
                postings=len(events),
                recorded_at_us=now_us,
                chain_hash=chain,
            )
        )
        for movement in movements:
            if isinstance(movement, Earn | ClawBack):
                change = movement.points if isinstance(movement, ClawBack) else -movement.points
                book.balances[movement.partner] = book.balances.get(movement.partner, 0) + change
        return len(book.recorded_us)

    async def tell(self, programme: Programme, type_: str, message: Message, seq: int | None = None) -> None:
        """Tells anything at all."""
        event = NewEvent(type_, payload_of(message), self.book(programme).now_us, seq=seq)
        async with self.database.writer.transaction() as connection:
            await self.log.append(connection, programme.ledger_id, programme.slug, [event])

    async def move_clock(self, programme: Programme, now_us: int) -> None:
        """Moves programme time, and tells of it."""
        book = self.book(programme)
        book.offset_us = now_us - wall_now_us()
        moved = told.ProgrammeClockMoved(offset_us=book.offset_us, now_us=now_us)
        await self.tell(programme, "programme.clock_moved", moved)

    def _event(self, book: Book, recorded_us: int, seq: int, movement: Movement) -> NewEvent:
        member, transaction = new_id(), new_id()
        common: dict[str, Any] = {
            "transaction_id": transaction.bytes,
            "seq": seq,
            "member_id": member.bytes,
            "recorded_at_us": recorded_us,
        }
        partner: UUID | None = None if isinstance(movement, Expiry | Repay) else movement.partner
        if partner is not None:
            common["partner_id"] = partner.bytes
        if isinstance(movement, Earn | Burn | Return | ClawBack):
            common["occurred_at_us"] = movement.at_us or recorded_us
        if isinstance(movement, Earn | Burn) and movement.store is not None:
            common["store_id"] = movement.store.bytes
        name, message = _told(movement, common)
        return NewEvent(name, payload_of(message), recorded_us, member, partner, seq)

    async def GetHead(self, request: Any, context: Any) -> pb.GetHeadResponse:
        programme = acting().in_programme()
        book = self.book(programme)
        async with self.database.reader.snapshot() as connection:
            last_pos, relayed_pos = await self.log.positions(connection, programme.ledger_id)
        return pb.GetHeadResponse(
            now_us=book.now_us,
            offset_us=book.offset_us,
            last_seq=len(book.recorded_us),
            last_pos=last_pos,
            relayed_pos=relayed_pos,
            last_batch_no=len(book.batches),
            chain_hash=book.batches[-1].chain_hash if book.batches else b"",
        )

    async def ReadBatches(
        self, request: pb.ReadBatchesRequest, context: Any
    ) -> AsyncIterator[pb.ReadBatchesResponse]:
        book, first = self.book(acting().in_programme()), request.from_batch_no - 1
        last = first + request.limit if request.limit else None
        yield pb.ReadBatchesResponse(batches=book.batches[first:last])

    async def CutAt(self, request: pb.CutAtRequest, context: Any) -> pb.CutAtResponse:
        self.cuts_asked += 1
        book = self.book(acting().in_programme())
        if request.boundary_us > book.now_us:
            raise Refused(
                Reason.REASON_BOUNDARY_IN_FUTURE, "not yet", now=book.now_us, boundary=request.boundary_us
            )
        before = sum(recorded < request.boundary_us for recorded in book.recorded_us)
        return pb.CutAtResponse(last_seq=book.cuts.setdefault(request.boundary_us, before))

    async def ListFloors(self, request: Any, context: Any) -> pb.ListFloorsResponse:
        book = self.book(acting().in_programme())
        floors = [
            pb.StandingFloor(floor=pb.Floor(partner_id=each), balance=book.balances.get(UUID(bytes=each), 0))
            for each in request.partner_ids
        ]
        return pb.ListFloorsResponse(floors=floors, as_of_seq=len(book.recorded_us))

    async def SetFloor(self, request: pb.SetFloorRequest, context: Any) -> pb.SetFloorResponse:
        """Remembers every floor that it was told, and the seq it was counted to."""
        assert acting().issuer == "partners"
        floor = request.floor
        told_of = floor.floor if floor.HasField("floor") else None
        book = self.book(acting().in_programme())
        book.parks[UUID(bytes=floor.partner_id)] = floor.parks
        book.floors.setdefault(UUID(bytes=floor.partner_id), []).append((told_of, floor.basis_seq))
        return pb.SetFloorResponse(floor=floor, applied=True)

    async def ReadEvents(
        self, request: pb.ReadEventsRequest, context: Any
    ) -> AsyncIterator[pb.ReadEventsResponse]:
        ledger_id = acting().in_programme().ledger_id
        async for block in self.log.read(self.database.reader, ledger_id, request.from_pos, request.limit):
            yield pb.ReadEventsResponse(events=block)

    def server(self, verifier: Verifier) -> GrpcServer:
        """A gRPC server over this, not started yet."""

        def register(server: grpc.aio.Server) -> None:
            add_PointsServiceServicer_to_server(self, server)

        return GrpcServer("127.0.0.1:0", verifier, [], register)


def _told(movement: Movement, common: dict[str, Any]) -> tuple[str, Message]:
    """The type and the message of a movement's event; `common` is what most of them say."""
    match movement:
        case Earn(points=points):
            lot_no = common["seq"] if points else 0
            return "points.earned", told.PointsEarned(**common, points=points, lot_no=lot_no)
        case Burn(lots=lots):
            return "points.redeemed", told.PointsRedeemed(**common, points=_sum(lots), lots=_lots(lots))
        case Expiry(issuer, points, earned_seq):
            return "points.expired", told.PointsExpired(
                **common, points=points, lots=_lots([(issuer, points, earned_seq)])
            )
        case Return(original_seq=original, lots=lots):
            return "points.returned", told.PointsReturned(
                **common, original_seq=original, points=_sum(lots), lots=_lots(lots)
            )
        case ClawBack(partner, original, points, lots):
            return "points.clawed_back", told.PointsClawedBack(
                **common, original_seq=original, points=points, lots=_lots(lots or [(partner, points)])
            )
        case Owe(original_seq=original, points=points):
            return "points.owed", told.PointsOwed(**common, original_seq=original, points=points)
        case Repay(debts, lots):
            paid = [
                told.DebtPaid(debt_seq=debt, original_seq=original, partner_id=partner.bytes, points=points)
                for debt, original, partner, points in debts
            ]
            return "points.repaid", told.PointsRepaid(
                **common, points=sum(debt.points for debt in paid), debts=paid, lots=_lots(lots)
            )
        case Refund():
            return "points.refunded", told.PointsRefunded(**common)


def _sum(lots: Sequence[Lot]) -> int:
    return sum(points for _, points, *_ in lots)


def _lots(lots: Sequence[Lot]) -> list[told.LotTaken]:
    return [
        told.LotTaken(
            lot_no=place,
            issuer_id=issuer.bytes,
            point_type="base",
            points=points,
            earned_seq=earned[0] if earned else 0,
        )
        for place, (issuer, points, *earned) in enumerate(lots, start=1)
    ]
