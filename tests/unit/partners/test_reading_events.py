"""What rating makes of the events of the points service."""

from __future__ import annotations

from uuid import UUID

import pytest
from coalition.events.v1 import points_pb2 as pb
from coalition.type.v1.event_record_pb2 import EventRecord
from google.protobuf.message import Message

from services.partners.domain.entries import EntryKind
from services.partners.domain.postings import LotTaken, Posting, Undone, Unrateable
from services.partners.domain.rates import RateCards
from services.partners.domain.rating import rate
from services.partners.events.consume import read

PARTNER, ISSUER, HOLD = UUID(int=1).bytes, UUID(int=2).bytes, UUID(int=3).bytes


def _record(pos: int, kind: str, payload: Message, seq: int) -> EventRecord:
    return EventRecord(pos=pos, type=kind, seq=seq, partner_id=PARTNER, payload=payload.SerializeToString())


def test_points_set_aside_and_freed_keep_their_place_and_cost_nobody_anything() -> None:
    held = pb.PointsHeld(seq=1, partner_id=PARTNER, points=9, occurred_at_us=5, recorded_at_us=7)
    freed = pb.PointsReleased(seq=2, partner_id=PARTNER, points=9, hold_id=HOLD, recorded_at_us=8)
    block = read([_record(11, "points.held", held, 1), _record(12, "points.released", freed, 2)])
    assert block.postings == [Posting(11, 1, PARTNER, 7), Posting(12, 2, PARTNER, 8)]
    entries = rate(block.postings, 0, RateCards(1, []))
    assert [(entry.seq, entry.kind, entry.partner_id, entry.amount_micros) for entry in entries] == [
        (1, EntryKind.NOTHING, None, 0),
        (2, EntryKind.NOTHING, None, 0),
    ]


def test_a_captured_hold_is_a_burn_at_the_time_of_its_capture() -> None:
    lot = pb.LotTaken(lot_no=4, issuer_id=ISSUER, point_type="base", points=6, earned_seq=1)
    captured = pb.PointsRedeemed(
        seq=3, partner_id=PARTNER, points=6, lots=[lot], occurred_at_us=20, recorded_at_us=21, hold_id=HOLD
    )
    block = read([_record(13, "points.redeemed", captured, 3)])
    assert block.postings == [Posting(13, 3, PARTNER, 20, 6, 0, [LotTaken(ISSUER, "base", 6, 1)])]


def test_a_debt_and_the_end_of_a_refund_keep_their_place_and_cost_nobody_anything() -> None:
    owed = pb.PointsOwed(seq=1, partner_id=PARTNER, original_seq=9, points=6, recorded_at_us=7)
    end = pb.PointsRefunded(seq=2, partner_id=PARTNER, owed=6, amount=900, occurred_at_us=5, recorded_at_us=8)
    block = read([_record(11, "points.owed", owed, 1), _record(12, "points.refunded", end, 2)])
    assert block.postings == [Posting(11, 1, PARTNER, 7), Posting(12, 2, PARTNER, 8)]


def test_points_returned_undo_a_burn_by_the_lots_they_had_been_taken_from() -> None:
    lots = [pb.LotTaken(lot_no=4, issuer_id=ISSUER, point_type="bonus", points=6)]
    told = pb.PointsReturned(
        seq=3, partner_id=PARTNER, original_seq=2, points=6, lots=lots, occurred_at_us=20, recorded_at_us=21
    )
    undone = Undone(EntryKind.RETURNED, 2, PARTNER, [LotTaken(ISSUER, "bonus", 6)])
    assert read([_record(13, "points.returned", told, 3)]).postings == [
        Posting(13, 3, PARTNER, 20, undoes=(undone,))
    ]


def test_points_clawed_back_undo_an_earn_of_their_partner_whoever_issued_the_lots_they_came_from() -> None:
    lots = [pb.LotTaken(lot_no=4, issuer_id=ISSUER, point_type="bonus", points=6, earned_seq=1)]
    told = pb.PointsClawedBack(
        seq=3, partner_id=PARTNER, original_seq=2, points=6, lots=lots, occurred_at_us=20, recorded_at_us=21
    )
    used = [LotTaken(ISSUER, "bonus", 6, 1)]
    undone = Undone(EntryKind.REVERSED, 2, PARTNER, (LotTaken(PARTNER, "base", 6),), used)
    assert read([_record(13, "points.clawed_back", told, 3)]).postings == [
        Posting(13, 3, PARTNER, 20, undoes=(undone,))
    ]


def test_a_repayment_undoes_the_earn_behind_each_debt() -> None:
    debts = [
        pb.DebtPaid(debt_seq=5, original_seq=2, partner_id=PARTNER, points=6),
        pb.DebtPaid(debt_seq=7, original_seq=1, partner_id=ISSUER, points=4),
    ]
    lots = [
        pb.LotTaken(lot_no=4, issuer_id=ISSUER, point_type="bonus", points=7, earned_seq=3),
        pb.LotTaken(lot_no=8, issuer_id=PARTNER, point_type="base", points=3, earned_seq=8),
    ]
    told = pb.PointsRepaid(seq=9, points=10, debts=debts, lots=lots, recorded_at_us=21)
    bonus, base = LotTaken(ISSUER, "bonus", 6, 3), LotTaken(PARTNER, "base", 3, 8)
    undoes = [
        Undone(EntryKind.REVERSED, 2, PARTNER, (LotTaken(PARTNER, "base", 6),), [bonus]),
        Undone(
            EntryKind.REVERSED, 1, ISSUER, (LotTaken(ISSUER, "base", 4),), [bonus._replace(points=1), base]
        ),
    ]
    assert read([_record(13, "points.repaid", told, 9)]).postings == [Posting(13, 9, b"", 21, undoes=undoes)]


def test_an_event_of_a_posting_that_is_not_known_stops_rating_and_a_notice_does_not() -> None:
    with pytest.raises(Unrateable, match=r"points\.lent"):
        read([_record(14, "points.lent", pb.PointsHeld(), 4)])
    assert read([_record(14, "points.noticed", pb.PointsHeld(), 0)]).postings == []
