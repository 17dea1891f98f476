"""What is wrong with floors and with sales that were parked is found in books that are made so."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import pytest

from tests.chaos.history import FloorAsked, Heard, Operation
from tests.chaos.paper import PARTNER, Paper
from tests.support.decided import Kept
from tests.support.park_model import fits


@pytest.fixture
def paper() -> Paper:
    """Four sales beyond a floor that parks: one is posted later, one taken away, one parked still; and one that was refused."""
    paper = Paper()
    paper.floor(-50, parks=True)
    for amount in (10_000, 11_000, 30_000):
        paper.earn(amount)
    paper.reverse(paper.history.operations[1])
    paper.floor(-100)
    paper.earn(10_100)
    paper.floor(-200, parks=True)
    paper.unpark()
    return paper


def rules(paper: Paper, **changes: object) -> set[str]:
    return {found.rule for found in paper.judged(**changes)}


def sale(paper: Paper, number: int) -> Operation:
    """The sale that was posted, taken away, or is parked still."""
    return paper.history.operations[number]


def test_books_that_agree_have_nothing_wrong_with_them(paper: Paper) -> None:
    kinds = ["floor", "park", "park", "park", "unpark", "floor", "floor", "earn"]
    assert [posted.kind for posted in paper.books().journal] == kinds
    assert [parked.open for parked in paper.parked] == [False, False, True]
    assert paper.judged() == []


def test_a_sale_that_was_posted_again_under_another_key_is_found(paper: Paper) -> None:
    again = deepcopy(paper.records[-1])
    moved = again.transaction
    moved.seq, moved.reference, moved.original_seq = moved.seq + 1, f"{moved.reference}+", 0
    moved.recorded_at_us, moved.transaction_id = moved.recorded_at_us + 1, bytes(16)
    again.lots_opened[0].earned_seq, again.lots_opened[0].lot_no = moved.seq, 2
    last, batch = paper.kept[-1], paper.batches[-1]
    strange = last._replace(place=(PARTNER, f"{last.place[1]}+"), seq=moved.seq)
    found = rules(
        paper,
        records=[*paper.records, again],
        kept=[*paper.kept, strange],
        batches=[*paper.batches[:-1], batch._replace(postings=2, recorded_us=batch.recorded_us + 1)],
    )
    assert {"unasked", "model"} <= found


def test_one_that_is_parked_no_more_and_was_never_posted_is_lost(paper: Paper) -> None:
    forgotten = [parked._replace(open=False) for parked in paper.parked]
    assert rules(paper, parked=forgotten) == {"lost", "model"}
    posted = [kept for kept in paper.kept if kept.place != sale(paper, 0).movements[0].place]
    assert "lost" in rules(paper, kept=posted)


def test_one_that_was_heard_to_be_parked_and_is_not_there_is_lost(paper: Paper) -> None:
    assert "lost" in rules(paper, parked=paper.parked[:-1])


def test_one_that_was_posted_and_is_parked_still_is_doubled(paper: Paper) -> None:
    found = rules(paper, parked=[parked._replace(open=True) for parked in paper.parked])
    assert found == {"doubled", "model"}
    answered = Kept(sale(paper, 2).movements[0].place, 9, 0, None, "CREDIT_LIMIT", None, tombstone=False)
    assert "doubled" in rules(paper, kept=[*paper.kept, answered])


def test_a_reversal_that_has_left_it_parked_is_found(paper: Paper) -> None:
    place = sale(paper, 1).movements[0].place
    left = [parked._replace(open=parked.open or parked.place == place) for parked in paper.parked]
    kept = [kept for kept in paper.kept if kept.place != place]
    records = [record for record in paper.records if record.transaction.seq != 5]
    assert "model" in rules(paper, parked=left, kept=kept, records=records)


@pytest.mark.parametrize("field", ["parked_points", "status", "id", "balance"])
def test_an_answer_that_says_otherwise_of_it_is_wrong(paper: Paper, field: str) -> None:
    heard = sale(paper, 2).heard
    told = {**heard[0].body, field: "otherwise"}
    if field == "status":
        heard.append(Heard(202, {**heard[0].body, "parked_points": 1}))
        assert rules(paper) == {"two answers"}
    else:
        heard[0] = Heard(202, told)
        assert rules(paper) == {"wrong answer"}


def test_the_final_answer_is_the_one_that_is_kept(paper: Paper) -> None:
    posted, taken = sale(paper, 0), sale(paper, 1)
    late = {"code": "reversed_before_arrival"}
    taken.heard.append(Heard(409, late))
    assert rules(paper) == set()
    posted.heard.append(Heard(409, late))
    assert rules(paper) == {"lost"}
    posted.heard.pop()
    taken.heard[-1] = Heard(409, {"code": "member_closed"})
    assert rules(paper) == {"wrong answer"}


def test_one_that_is_left_although_there_is_headroom_is_seen_by_the_model(paper: Paper) -> None:
    model, _ = paper.replayed()
    assert [fits(model, seq) for seq in model.parked] == [False]
    paper.floor(None)
    model, found = paper.replayed()
    assert ([fits(model, seq) for seq in model.parked], found) == ([True], [])


def test_a_refusal_tells_the_headroom_of_the_floor_that_was_in_force(paper: Paper) -> None:
    refused = next(each for each in paper.history if each.answer and each.answer.code == "credit_limit")
    assert refused.heard[0].body["headroom"] == 100
    kept = [each._replace(headroom=99) if each.headroom else each for each in paper.kept]
    assert rules(paper, kept=kept) == {"wrong answer", "model"}


def test_a_floor_that_was_acknowledged_and_is_not_there_or_another_is_found(paper: Paper) -> None:
    floors = paper.history.floors
    last = floors[-1]
    for heard, found in (
        (None, "no answer"),
        ((1, -200, 6, True), "lost"),
        ((7, -199, 6, True), "wrong answer"),
        ((7, -200, 6, False), "wrong answer"),
    ):
        floors[-1] = replace(last, heard=heard)
        assert rules(paper) == {found}
    floors.pop()
    assert rules(paper) == {"unasked"}
    floors += [last, FloorAsked(PARTNER, 0, 8, parks=True, heard=(9, 0, 8, True))]
    assert rules(paper) == {"lost"}
