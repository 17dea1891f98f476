"""Small histories and books made by hand, for tests of what judges them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from coalition.points.v1 import journal_pb2
from coalition.points.v1 import movement_pb2 as pb

from services.operations.campaigns import OPERATOR
from services.runtime.ids import new_id
from tests.chaos import answers
from tests.chaos.books import Books, Rated
from tests.chaos.history import Asked, FloorAsked, Heard, History, Load, Operation
from tests.chaos.judging import Violation, by_group, judge
from tests.chaos.mall import PARTNERS
from tests.chaos.replaying import Replay
from tests.support.campaign_model import Deal, load, set_campaign
from tests.support.credit_model import set_floor
from tests.support.decided import Batch, Kept, Parked
from tests.support.due_model import catch_up
from tests.support.ledger_facts import Expiry
from tests.support.ledger_model import LedgerModel
from tests.support.park_model import unpark_all

PARTNER: Final = UUID(int=1)
MEMBER: Final = UUID(int=2)
CAMPAIGN: Final = UUID(int=3)
#: Of its points: the partner's share and the operator's.
FUNDERS: Final = {CAMPAIGN: {"grocer": 33, OPERATOR: 67}}
SLUGS: Final = {PARTNER: "grocer"}
START_US: Final = 1_767_000_000_000_000
#: From one operation to the next.
STEP_US: Final = 10_000_000


@dataclass
class Paper:
    """A ledger that the model keeps: what is asked is decided at once, heard, and written into the books."""

    history: History = field(default_factory=History)
    model: LedgerModel = field(
        default_factory=lambda: LedgerModel("America/New_York", Expiry("months_after_earn", 1), 400)
    )
    records: list[journal_pb2.JournalRecord] = field(default_factory=list[journal_pb2.JournalRecord])
    kept: list[Kept] = field(default_factory=list[Kept])
    batches: list[Batch] = field(default_factory=list[Batch])
    parked: list[Parked] = field(default_factory=list[Parked])
    now_us: int = START_US

    def __post_init__(self) -> None:
        _agree(self.model)

    def earn(self, amount: int = 10_000, heard: bool = True) -> Operation:
        """A sale, answered or not."""
        key = new_id().hex
        asked = Asked("earn", PARTNER, f"k:{key}", MEMBER, key, self.now_us, amount)
        return self._done("earn", key, asked, heard)

    def redeem(self, points: int, heard: bool = True) -> Operation:
        """Points spent."""
        key = new_id().hex
        asked = Asked("redeem", PARTNER, f"k:{key}", MEMBER, key, self.now_us, points)
        return self._done("redemption", key, asked, heard)

    def hold(self, points: int, seconds: int) -> UUID:
        """Points set aside; the transaction that did."""
        key = new_id().hex
        asked = Asked("hold", PARTNER, f"k:{key}", MEMBER, key, self.now_us, points, seconds)
        self._done("hold", key, asked, heard=True)
        return UUID(bytes=self.records[-1].transaction.transaction_id)

    def load(self, points: int) -> Load:
        """Points for the budget of CAMPAIGN, which doubles what is earned."""
        wanted, first = self.history.load(CAMPAIGN, points), len(self.model.journal)
        load(self.model, CAMPAIGN, points, self.now_us)
        seq = len(self.model.journal)
        self.kept.append(Kept(wanted.place, len(self.batches) + 1, 0, seq, "", None, tombstone=False))
        self._write_batch(first)
        wanted.seqs.add(seq)
        return wanted

    def floor(self, floor: int | None, *, parks: bool = False) -> FloorAsked:
        """How far the partner may issue from now on."""
        first = len(self.model.journal)
        wanted = self.history.floor(FloorAsked(PARTNER, floor, first, parks))
        set_floor(self.model, PARTNER, floor, first, parks, self.now_us)
        self._write_batch(first)
        wanted.heard = first + 1, floor, first, parks
        return wanted

    def reverse(self, operation: Operation) -> Operation:
        """A request undone by its key; here one that is parked, or was never posted."""
        key, target = new_id().hex, operation.movements[0].key
        asked = Asked("reverse", PARTNER, f"k:{key}", UUID(int=0), "", self.now_us, 0, target=target)
        parked = [each for each in self.parked if each.place == (PARTNER, target) and each.open]
        batch_no = len(self.batches) + 1
        done = self._done("reversal", key, asked, heard=True)
        for each in parked:
            self.parked[self.parked.index(each)] = each._replace(open=False)
            late = "REVERSED_BEFORE_ARRIVAL"
            self.kept.append(Kept(each.place, batch_no, 0, None, late, None, tombstone=False))
        return done

    def unpark(self) -> None:
        """The job posts what fits."""
        first, batch_no, before = len(self.model.journal), len(self.batches) + 1, dict(self.model.parked)
        unpark_all(self.model, self.now_us)
        for number, seq in enumerate(before.keys() - self.model.parked.keys()):
            place = before[seq].partner, before[seq].key
            posted = self.model.by_key[place][1].posted
            self.parked = [each._replace(open=each.open and each.seq != seq) for each in self.parked]
            self.kept.append(
                Kept(place, batch_no, number, posted.seq if posted else None, "", None, tombstone=False)
            )
        self._write_batch(first)

    def job(self) -> None:
        """The job ends what is over in the wallet, in a batch of its own."""
        first = len(self.model.journal)
        catch_up(self.model, MEMBER, self.now_us)
        self._write_batch(first)

    def books(self, **changes: Any) -> Books:
        """The books as they stand, but for `changes`."""
        parts: dict[str, Any] = {
            "records": self.records, "kept": self.kept, "batches": self.batches, "rated": self.rated(), "parked": self.parked,
        }  # fmt: skip
        return Books(**{**parts, **changes})

    def judged(self, **changes: Any) -> list[Violation]:
        """What is found in the books."""
        return self.replayed(**changes)[1]

    def replayed(self, **changes: Any) -> tuple[LedgerModel, list[Violation]]:
        """The model to the end of the books, and what is found in them."""
        books = self.books(**changes)
        model = LedgerModel("America/New_York", Expiry("months_after_earn", 1), 400)
        _agree(model)
        replay = Replay(model, books, books.journal, by_group(self.history), self.history.loads)
        replay.run()
        return model, judge(self.history, books, replay, model.journal)

    def rated(self) -> list[Rated]:
        """What clearing makes of it."""
        terms = PARTNERS["grocer"]
        found: list[Rated] = []
        for record in self.records:
            moved = record.transaction
            if moved.kind == pb.MOVEMENT_KIND_EARN:
                micros = moved.points * terms.issue_micros
                found.append(Rated(moved.seq, "issued", PARTNER, PARTNER, moved.points, micros, "base"))
            elif moved.kind == pb.MOVEMENT_KIND_GRANT:
                # (10,335 micros times 33 per cent.)
                micros = 3_411 * moved.points
                found.append(Rated(moved.seq, "issued", PARTNER, PARTNER, moved.points, micros, "bonus"))
            elif moved.kind == pb.MOVEMENT_KIND_REDEEM:
                burned: dict[str, int] = {}
                for use in record.lot_uses:
                    burned[use.point_type] = burned.get(use.point_type, 0) + use.points
                for point_type, points in burned.items():
                    micros = -points * terms.reimbursement_micros
                    found.append(Rated(moved.seq, "burned", PARTNER, PARTNER, points, micros, point_type))
            else:
                found.append(Rated(moved.seq, "nothing", None, None, 0, 0, None))
        return found

    def _done(self, kind: str, key: str, asked: Asked, heard: bool) -> Operation:
        first = len(self.model.journal)
        operation = self.history.begin(kind, "grocer", f"/v1/{kind}s", key, {}, asked)
        verdict = self.model.post(asked.ask(0, 0), self.now_us)
        seq = verdict.posted.seq if verdict.posted else None
        if verdict.outcome == "parked" and seq is not None:
            self.parked.append(Parked(asked.place, seq, open=True))
        else:
            self.kept.append(
                Kept(
                    asked.place, len(self.batches) + 1, 0, seq, verdict.reason, verdict.available, tombstone=False,
                    headroom=verdict.headroom,
                )
            )  # fmt: skip
        self._write_batch(first)
        if not heard:
            operation.given_up = True
        elif verdict.outcome == "parked" and seq is not None:
            told = answers.of_parked(kind, self.records[seq - 1].transaction, None)
            operation.heard.append(Heard(202, dict(told)))
        elif seq is not None:
            told = answers.of_operation(kind, [self.records[seq - 1].transaction])
            operation.heard.append(Heard(201, dict(told)))
        else:
            figures = {"available": verdict.available, "headroom": verdict.headroom}
            operation.heard.append(Heard(409, {"code": verdict.reason.lower(), **figures}))
        return operation

    def _write_batch(self, first: int) -> None:
        posted = self.model.journal[first:]
        recorded_us = self.now_us + max(0, len(posted) - 1)
        self.batches.append(Batch(len(self.batches) + 1, first + 1, len(posted), recorded_us))
        for place, each in enumerate(posted):
            moved = pb.Transaction(
                transaction_id=new_id().bytes, seq=each.seq, kind=_KINDS[each.kind], member_id=b"" if each.kind in ("load", "floor") else MEMBER.bytes,
                partner_id=PARTNER.bytes if each.partner else b"", reference=each.reference, points=each.points,
                balance_after=each.balance_after, occurred_at_us=self.now_us, recorded_at_us=self.now_us + place,
                expires_at_us=each.expires_us, held=each.held, original_seq=each.original_seq,
            )  # fmt: skip
            if each.hold_seq:
                moved.hold_id = self.records[each.hold_seq - 1].transaction.transaction_id
            if each.floor:
                floor, basis_seq, parks = each.floor
                moved.credit_floor.CopyFrom(pb.CreditFloor(floor=floor, basis_seq=basis_seq, parks=parks))
            if each.kind == "park":
                points = self.model.parked[each.seq].amount // 100
                moved.parked.CopyFrom(pb.ParkedPoints(points=points, open=True))
            if each.campaign:
                campaign_id, version, points = each.campaign
                told = pb.CampaignPoints(campaign_id=campaign_id.bytes, version=version, points=points)
                moved.campaign.CopyFrom(told)
                if each.kind == "grant":
                    earn = self.records[each.original_seq - 1].transaction
                    earn.bonuses.add(
                        campaign_id=campaign_id.bytes, version=version, points=points, balance_after=each.balance_after
                    )  # fmt: skip
                    earn.bonus_points += points
            record = journal_pb2.JournalRecord(transaction=moved)
            if each.kind == "load":
                record.entries.add(account_kind="funding", amount=-moved.campaign.points)
                record.entries.add(
                    account_kind="budget", owner_id=CAMPAIGN.bytes, amount=moved.campaign.points
                )
            elif each.kind == "grant":
                record.entries.add(account_kind="wallet", owner_id=MEMBER.bytes, amount=each.points)
                record.entries.add(account_kind="budget", owner_id=CAMPAIGN.bytes, amount=-each.points)
            elif each.points:
                other = {"earn": "issuance", "redeem": "redemption", "expire": "expiry"}[each.kind]
                owner = b"" if other == "expiry" else PARTNER.bytes
                record.entries.add(account_kind="wallet", owner_id=MEMBER.bytes, amount=each.points)
                record.entries.add(account_kind=other, owner_id=owner, amount=-each.points)
            if each.lot_no:
                record.lots_opened.add(
                    lot_no=each.lot_no, issuer_id=PARTNER.bytes, points=each.points,
                    point_type="bonus" if each.kind == "grant" else "base",
                    expires_at_us=each.expires_us, earned_at_us=self.now_us, earned_seq=each.seq,
                )  # fmt: skip
            for part in each.taken:
                opened = (lot for record in self.records for lot in record.lots_opened)
                point_type = next(lot.point_type for lot in opened if lot.lot_no == part.lot_no)
                record.lot_uses.add(
                    lot_no=part.lot_no, issuer_id=part.issuer.bytes, points=part.points, point_type=point_type
                )
            self.records.append(record)
        self.now_us += STEP_US


_KINDS: Final = {
    "earn": pb.MOVEMENT_KIND_EARN,
    "redeem": pb.MOVEMENT_KIND_REDEEM,
    "hold": pb.MOVEMENT_KIND_HOLD,
    "lapse": pb.MOVEMENT_KIND_LAPSE,
    "expire": pb.MOVEMENT_KIND_EXPIRE,
    "grant": pb.MOVEMENT_KIND_GRANT,
    "load": pb.MOVEMENT_KIND_LOAD,
    "floor": pb.MOVEMENT_KIND_FLOOR,
    "park": pb.MOVEMENT_KIND_PARK,
    "unpark": pb.MOVEMENT_KIND_UNPARK,
}


def _agree(model: LedgerModel) -> None:
    model.set_rate(PARTNER, 1, 1, 100)
    set_campaign(model, CAMPAIGN, Deal(START_US, percent=200))
