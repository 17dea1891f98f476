"""What is lost, doubled, answered otherwise or never asked for is found in books that are made so."""

from __future__ import annotations

from copy import deepcopy
from uuid import UUID

import pytest

from tests.chaos.books import Rated
from tests.chaos.history import Asked, Heard
from tests.chaos.judging import asked_again
from tests.chaos.paper import FUNDERS, PARTNER, SLUGS, START_US, STEP_US, Paper
from tests.chaos.rating import rated_otherwise
from tests.support.decided import Kept, Waited
from tests.support.ledger_facts import DAY_US


@pytest.fixture
def paper() -> Paper:
    """An earn, one without an answer, a burn, a refusal, and a hold that the job ends."""
    paper = Paper()
    paper.earn()
    paper.earn(heard=False)
    paper.redeem(150)
    paper.redeem(51)
    paper.hold(20, 5)
    paper.job()
    paper.redeem(50)
    return paper


def rules(paper: Paper, **changes: object) -> set[str]:
    return {found.rule for found in paper.judged(**changes)}


def test_books_that_agree_have_nothing_wrong_with_them(paper: Paper) -> None:
    assert paper.judged() == []
    assert rated_otherwise(paper.records, paper.rated(), SLUGS) == []


@pytest.mark.parametrize("batch_seconds", [0, 60])
def test_what_the_job_has_ended_is_replayed_where_it_did(batch_seconds: int) -> None:
    paper = Paper()
    paper.earn()
    paper.hold(100, 5)
    paper.now_us += batch_seconds * STEP_US
    paper.job()
    paper.redeem(100)
    assert [record.transaction.kind for record in paper.records] == [1, 4, 7, 2]
    assert paper.judged() == []


def test_what_was_acknowledged_and_is_not_there_is_lost(paper: Paper) -> None:
    for place, operation in enumerate(paper.history.operations):
        without = [kept for kept in paper.kept if kept.place != operation.movements[0].place]
        found = [each for each in paper.judged(kept=without) if each.rule == "lost"]
        assert len(found) == (0 if operation.given_up else 1), place


def test_an_answer_that_was_kept_twice_and_a_posting_that_was_made_twice_are_doubled(paper: Paper) -> None:
    assert "doubled" in rules(paper, kept=[*paper.kept, paper.kept[0]])
    again = deepcopy(paper.records[0])
    again.transaction.seq = len(paper.records) + 1
    again.transaction.recorded_at_us = paper.now_us
    for lot in again.lots_opened:
        lot.earned_seq = again.transaction.seq
    found = rules(paper, records=[*paper.records, again])
    assert {"doubled", "model"} <= found


def test_what_nobody_asked_for_is_found(paper: Paper) -> None:
    strange = paper.kept[0]._replace(place=(PARTNER, "k:nobody's"))
    assert "unasked" in rules(paper, kept=[*paper.kept, strange])
    late = strange._replace(seq=None, refusal="REVERSED_BEFORE_ARRIVAL", tombstone=True)
    assert "unasked" in rules(paper, kept=[*paper.kept, late])


@pytest.mark.parametrize("field", ["points", "balance", "id", "recorded_at"])
def test_an_answer_that_says_otherwise_than_the_books_is_wrong(paper: Paper, field: str) -> None:
    operation = paper.history.operations[0]
    told = dict(operation.heard[0].body)
    operation.heard[0] = Heard(201, {**told, field: "otherwise"})
    assert rules(paper) == {"wrong answer"}


def test_a_refusal_that_says_otherwise_than_the_books_is_wrong(paper: Paper) -> None:
    refused = paper.history.operations[3]
    assert refused.heard[0].code == "insufficient_points"
    for body in (
        {"code": "insufficient_points", "available": 49},
        {"code": "hold_resolved", "available": 50},
    ):
        refused.heard[0] = Heard(409, body)
        assert rules(paper) == {"wrong answer"}
    refused.heard[0] = Heard(404, {"code": "store_unknown"})
    assert rules(paper) == {"wrong answer"}


def test_two_answers_to_one_request_are_found_and_a_request_id_makes_no_difference(paper: Paper) -> None:
    operation = paper.history.operations[0]
    told = operation.heard[0].body
    operation.heard.append(Heard(201, {**told, "request_id": "req_2"}, replayed=True))
    assert rules(paper) == set()
    operation.heard.append(Heard(201, {**told, "receipt": None}))
    assert rules(paper) == {"two answers"}


def test_no_answer_at_all_and_a_fault_are_found(paper: Paper) -> None:
    silent = paper.history.operations[1]
    silent.given_up = False
    assert rules(paper) == {"no answer"}
    silent.given_up = True
    silent.heard.append(Heard(500, {"code": "internal"}))
    assert rules(paper) == {"fault"}


def test_a_journal_that_the_model_would_not_have_decided_so_is_found(paper: Paper) -> None:
    records = deepcopy(paper.records)
    records[2].lot_uses[0].points -= 1
    found = paper.judged(records=records)
    assert {each.rule for each in found} == {"model"}
    refused = [kept._replace(available=kept.available + 1 if kept.available else None) for kept in paper.kept]
    assert "model" in rules(paper, kept=refused)


def test_a_gap_and_a_time_that_does_not_rise_are_found(paper: Paper) -> None:
    records = deepcopy(paper.records)
    records[3].transaction.recorded_at_us = records[2].transaction.recorded_at_us
    assert "journal" in rules(paper, records=records)


def test_what_is_done_anew_when_all_is_asked_again_is_found(paper: Paper) -> None:
    before = paper.books(records=list(paper.records), kept=list(paper.kept))
    assert list(asked_again(paper.history, before, paper.books())) == []
    paper.earn()
    found = list(asked_again(paper.history, before, paper.books()))
    assert [each.rule for each in found] == ["asked again", "asked again"]


def test_what_clearing_has_rated_otherwise_twice_or_not_is_found(paper: Paper) -> None:
    rated = paper.rated()
    strange = Rated(99, "issued", PARTNER, PARTNER, 1, 1, "base")
    for wrong in (
        rated[1:],
        [*rated, rated[0]],
        [*rated, strange],
        [rated[0]._replace(amount_micros=0), *rated[1:]],
        [rated[0]._replace(issuer=UUID(int=9)), *rated[1:]],
    ):
        assert len(rated_otherwise(paper.records, wrong, SLUGS)) == 1


@pytest.fixture
def granted() -> Paper:
    """A load, a sale that brings a bonus, another load, and a burn."""
    paper = Paper()
    paper.load(150)
    paper.earn()
    paper.load(20)
    paper.redeem(180)
    return paper


def test_loads_and_bonuses_that_agree_have_nothing_wrong_with_them(granted: Paper) -> None:
    assert [record.transaction.kind for record in granted.records] == [22, 1, 21, 22, 2]
    assert granted.judged() == []
    assert rated_otherwise(granted.records, granted.rated(), SLUGS, FUNDERS) == []


def test_a_load_that_was_acknowledged_and_is_not_there_or_another_is_found(granted: Paper) -> None:
    first, second = granted.history.loads.values()
    without = [kept for kept in granted.kept if kept.place != first.place]
    assert "lost" in rules(granted, kept=without)
    first.seqs.add(4)
    assert rules(granted) == {"lost"}
    first.seqs.remove(4)
    second.points += 1
    assert rules(granted) == {"wrong answer", "model"}
    second.points -= 1
    second.seqs.clear()
    assert rules(granted) == {"no answer"}
    del granted.history.loads[second.place]
    assert "unasked" in rules(granted)


def test_a_bonus_that_is_not_there_or_other_than_its_campaign_gives_is_found(granted: Paper) -> None:
    records = deepcopy(granted.records)
    records[2].transaction.campaign.points = 99
    assert rules(granted, records=records) == {"model", "journal"}
    for version in (0, 2):
        records = deepcopy(granted.records)
        records[2].transaction.campaign.version = version
        assert rules(granted, records=records) == {"model", "journal"}


def test_a_bonus_that_the_ledger_posts_and_does_not_tell_is_found(granted: Paper) -> None:
    for change in ("bonuses", "bonus_points"):
        records = deepcopy(granted.records)
        records[1].transaction.ClearField(change)
        assert "journal" in rules(granted, records=records)
    operation = granted.history.operations[0]
    for field, value in (("bonus", list[str]()), ("bonus_points", 0), ("balance", 100)):
        heard = operation.heard[0]
        operation.heard[0] = Heard(heard.status, {**heard.body, field: value})
        assert rules(granted) == {"wrong answer"}
        operation.heard[0] = heard


def test_a_bonus_is_paid_by_its_funders_share_by_share(granted: Paper) -> None:
    rated = granted.rated()
    grant = next(entry for entry in rated if entry.seq == 3)
    assert grant.amount_micros == 3_411 * 100
    for wrong in (
        grant._replace(amount_micros=10_335 * 100),
        grant._replace(kind="nothing"),
        grant._replace(point_type="base"),
        None,
    ):
        others = [entry for entry in rated if entry is not grant]
        found = rated_otherwise(granted.records, [*others, *([wrong] if wrong else [])], SLUGS, FUNDERS)
        assert len(found) == 1
        assert found[0].startswith("seq 3")


def test_a_refund_that_was_heard_to_wait_waits_or_was_decided(paper: Paper) -> None:
    asked = Asked("refund", PARTNER, "k:early", UUID(int=0), "R", START_US, 0, original_reference="none")
    operation = paper.history.begin("refund", "grocer", "/v1/refunds", "early", {}, asked)
    operation.heard.append(Heard(202, {"status": "waiting"}))
    assert rules(paper) == {"lost"}
    waits = Waited(asked.place, len(paper.batches), 9, open=True)
    assert rules(paper, waited=[waits]) == set()
    given_up = Kept(asked.place, len(paper.batches), 0, None, "ORIGINAL_UNKNOWN", None, tombstone=False)
    last = paper.batches[-1]
    for days, found in ((401, set[str]()), (399, {"model"})):
        late = last._replace(batch_no=last.batch_no + 1, first_seq=last.last_seq + 1, postings=0)
        late = late._replace(recorded_us=last.recorded_us + days * DAY_US)
        over = given_up._replace(batch_no=late.batch_no)
        books = {"kept": [*paper.kept, over], "batches": [*paper.batches, late]}
        assert rules(paper, waited=[waits._replace(open=False)], **books) == found
    other = waits._replace(place=(PARTNER, "k:other"))
    assert rules(paper, waited=[waits, other]) == {"unasked", "model"}


def test_a_refund_is_not_given_up_whose_sale_was_there(paper: Paper) -> None:
    sale = paper.history.operations[0].movements[0]
    asked = Asked(
        "refund", PARTNER, "k:late", UUID(int=0), "R", START_US, 0, original_reference=sale.reference
    )
    operation = paper.history.begin("refund", "grocer", "/v1/refunds", "late", {}, asked)
    operation.heard.append(Heard(409, {"code": "original_unknown"}))
    given_up = Kept(asked.place, len(paper.batches), 0, None, "ORIGINAL_UNKNOWN", None, tombstone=False)
    assert "model" in rules(paper, kept=[*paper.kept, given_up])
