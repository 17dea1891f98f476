"""Disputes of statement lines: what partners say, who decides, what is given back, and that nobody else notices."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from coalition.partners.v1 import approvals_pb2, settlement_pb2
from coalition.partners.v1 import disputes_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.partners.domain.documents.canonical import read_document_body
from services.partners.domain.statement import LineKind
from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from tests.support.disputing import Disputing, claim, disputing_of
from tests.support.ledger import Burn, Earn
from tests.support.partners_office import Office
from tests.support.settling import Settling, settling_of

WITHHELD = pb.DISPUTE_MODE_WITHHELD
STATE, LATE = Reason.REASON_DISPUTE_STATE, Reason.REASON_DISPUTE_LATE


@pytest.fixture
async def desk(office: Office) -> Settling:
    return await settling_of(office)


@pytest.fixture
async def disputing(desk: Settling) -> Disputing:
    """A grocer that owes 100.00 for points, a cinema that is owed 30.00 for points burned there: one stated week."""
    grocer = await desk.partner("grocer")
    cinema = await desk.partner("cinema", (11_500, 7_500), method="invoice")
    await desk.week(1, Earn(grocer, 10_000), Burn(cinema, [(grocer, 4_000)]))
    return disputing_of(desk)


async def quiet_week(desk: Settling, number: int) -> None:
    await desk.week(number, Earn(desk.partners["grocer"], 1_000))


async def checked(desk: Settling) -> None:
    """All that clearing can prove of the programme."""
    for finding in (await desk.house.findings(desk.programme)).values():
        assert not finding.breaches, finding


async def test_what_is_accepted_of_a_line_that_was_paid_comes_back_with_a_credit_note(
    desk: Settling, disputing: Disputing
) -> None:
    await desk.settled()
    opened = await disputing.open("grocer", 2_500)
    assert (opened.number, opened.line_kind, opened.tax_basis_points, opened.withheld_minor) == (
        1, "issued", 2_000, 0,
    )  # fmt: skip
    decided = await disputing.decide(opened, 1_000)
    assert (decided.state, decided.accepted_minor) == (pb.DISPUTE_STATE_ACCEPTED, 1_000)
    assert decided.events[-1].window == 2

    await quiet_week(desk, 2)
    run = await desk.settled()

    lines = (await disputing.statements("grocer"))[0].lines
    assert [line.amount_micros for line in lines if line.kind >= 20] == [-10_000_000]
    assert desk.dues(run) == {"grocer": 1_200 - 1_200, "cinema": 0}
    credit = next(each for each in run.documents if each.type == 381)
    kept = await desk.host(
        desk.settlement.GetDocument, settlement_pb2.GetDocumentRequest(number=credit.number)
    )
    document = read_document_body(kept.body)
    assert (document.net_minor, document.tax_minor, document.due_minor) == (1_000, 200, -1_200)
    assert [line.text for line in document.lines] == ["Points, given back after a dispute"]
    await desk.accounts()
    await checked(desk)


async def test_what_is_withheld_lowers_just_that_partners_next_payment_and_comes_back_when_it_is_rejected(
    desk: Settling, disputing: Disputing
) -> None:
    opened = await disputing.open("grocer", 2_500, WITHHELD)
    assert opened.withheld_minor == 3_000
    assert await disputing.held() == {"grocer": 3_000}

    first = await desk.settled()
    assert desk.dues(first) == {"grocer": 12_000 - 3_000, "cinema": -3_600}
    rejected = await disputing.decide(opened, 0)
    assert rejected.state == pb.DISPUTE_STATE_REJECTED
    assert await disputing.held() == {"grocer": 3_000}
    assert await disputing.follow() == []

    await disputing.passing(14, rejected.escalate_until_us - 14 * 86_400_000_000)
    [closed] = await disputing.follow()
    assert closed.state == pb.DISPUTE_STATE_CLOSED
    assert closed.events[-1].at_us == rejected.escalate_until_us
    assert await disputing.held() == {}
    await quiet_week(desk, 4)
    assert desk.dues(await desk.settled())["grocer"] == 1_200 + 3_000
    await checked(desk)


async def test_what_is_withheld_and_accepted_is_never_asked_for_in_between(
    desk: Settling, disputing: Disputing
) -> None:
    """Until the credit note is there, it stays withheld: a run before that leaves it alone."""
    opened = await disputing.open("grocer", 2_500, WITHHELD)
    accepted = await disputing.decide(opened, 2_500)
    assert accepted.state == pb.DISPUTE_STATE_CLOSED
    assert await disputing.held() == {"grocer": 3_000}
    assert desk.dues(await desk.settled())["grocer"] == 9_000
    await quiet_week(desk, 2)
    assert await disputing.held() == {}
    assert desk.dues(await desk.settled())["grocer"] == 1_200 - 3_000 + 3_000
    held = await desk.accounts()
    assert held["points", ""] == -(10_000 + 1_000 - 2_500)
    await checked(desk)


async def test_what_is_withheld_after_the_run_was_instructed_lowers_the_next_one(
    desk: Settling, disputing: Disputing
) -> None:
    await desk.settled()
    await disputing.open("grocer", 1_000, WITHHELD)
    await quiet_week(desk, 2)
    assert desk.dues(await desk.settled())["grocer"] == 1_200 - 1_200


async def test_a_reimbursement_is_disputed_and_more_of_it_is_self_billed(
    desk: Settling, disputing: Disputing
) -> None:
    statement_id, line = await disputing.line("cinema", LineKind.BURNED)
    refused = await disputing.refused(
        disputing.stub.OpenDispute, claim(statement_id, line, 500, WITHHELD), disputing.partner("cinema")
    )
    assert refused.metadata["field"] == "mode"
    opened = await disputing.open("cinema", 500, kind=LineKind.BURNED)
    await disputing.decide(opened, 500)
    await desk.settled()
    await quiet_week(desk, 2)
    run = await desk.settled()
    assert desk.dues(run)["cinema"] == -600
    assert [each.type for each in run.documents if desk.slug_of(each.partner_id) == "cinema"] == [389]
    await desk.accounts()


async def test_rejected_escalated_and_accepted_by_another_person(
    desk: Settling, disputing: Disputing
) -> None:
    opened = await disputing.open("grocer", 2_500, WITHHELD)
    both = await desk.office.person("maker", "checker")
    part = await disputing.decide(opened, 500, both)
    assert part.state == pb.DISPUTE_STATE_ACCEPTED
    escalated = await disputing.escalate("grocer", part)
    assert escalated.state == pb.DISPUTE_STATE_ESCALATED
    again = pb.DecideDisputeRequest(dispute_id=opened.dispute_id, accepted_minor=2_000, text="well")
    for person, reason in (
        (both, Reason.REASON_DECIDED_BEFORE),
        (await desk.office.another_token(both), Reason.REASON_DECIDED_BEFORE),
        (desk.maker, Reason.REASON_PERMISSION_DENIED),
    ):
        error = await disputing.refused(disputing.stub.DecideDispute, again, person.on(desk.programme))
        assert error.reason == reason
    host = desk.house.as_host(desk.programme)
    error = await disputing.refused(disputing.stub.DecideDispute, again, host)
    assert error.reason == Reason.REASON_PERSON_NEEDED
    with pytest.raises(CoalitionError, match="2,000 minor units are left"):
        await disputing.decide(opened, 2_001, desk.checker)

    done = await disputing.decide(opened, 2_000, desk.checker)

    assert (done.state, done.accepted_minor) == (pb.DISPUTE_STATE_CLOSED, 2_500)
    assert [each.kind for each in done.events] == [
        "opened", "accepted", "escalated", "accepted", "closed",
    ]  # fmt: skip
    error = await disputing.refused(
        disputing.stub.DecideDispute, again, (await desk.office.person("checker")).on(desk.programme)
    )
    assert (error.reason, error.metadata["state"]) == (STATE, "closed")
    escalate = pb.EscalateDisputeRequest(dispute_id=opened.dispute_id, text="more")
    error = await disputing.refused(disputing.stub.EscalateDispute, escalate, disputing.partner("grocer"))
    assert error.reason == STATE
    assert await disputing.held() == {"grocer": 3_000}
    await quiet_week(desk, 2)
    assert await disputing.held() == {}
    await checked(desk)


async def test_evidence_is_waited_for_and_a_decision_that_is_due_is_told_and_not_made(
    desk: Settling, disputing: Disputing
) -> None:
    opened = await disputing.open("grocer", 2_500)
    asked = await disputing.ask(opened)
    assert asked.evidence_until_us == asked.events[-1].at_us + 14 * 86_400_000_000
    assert asked.decide_until_us == asked.evidence_until_us + 30 * 86_400_000_000
    reject = pb.DecideDisputeRequest(dispute_id=opened.dispute_id, text="no")
    error = await disputing.refused(disputing.stub.DecideDispute, reject, desk.maker.on(desk.programme))
    assert error.reason == Reason.REASON_EVIDENCE_AWAITED
    answered = await disputing.evidence("grocer", opened)
    assert (answered.state, answered.evidence_until_us) == (pb.DISPUTE_STATE_OPENED, 0)
    assert list(answered.events[-1].references) == ["seq 1", "R-17"]
    assert len((await disputing.evidence("grocer", opened)).events) == 3
    error = await disputing.refused(
        disputing.stub.AskForEvidence,
        pb.AskForEvidenceRequest(dispute_id=opened.dispute_id, text="more?"),
        desk.maker.on(desk.programme),
    )
    assert error.reason == STATE

    await desk.now(asked.decide_until_us)
    assert (await disputing.one(opened)).is_overdue
    [told] = await disputing.follow()
    assert (told.state, told.events[-1].kind) == (pb.DISPUTE_STATE_OPENED, "overdue")
    assert told.events[-1].at_us == asked.decide_until_us
    assert await disputing.follow() == []
    assert (await disputing.decide(opened, 0)).state == pb.DISPUTE_STATE_REJECTED


async def test_without_evidence_in_time_it_is_decided_without(desk: Settling, disputing: Disputing) -> None:
    asked = await disputing.ask(await disputing.open("grocer", 2_500))
    await desk.now(asked.evidence_until_us)
    assert (await disputing.decide(asked, 0)).state == pb.DISPUTE_STATE_REJECTED


async def test_nobody_objects_or_escalates_once_the_days_are_over_whether_the_job_ran_or_not(
    desk: Settling, disputing: Disputing
) -> None:
    rejected = await disputing.decide(await disputing.open("grocer", 2_500), 0)
    statement_id, line = await disputing.line("cinema", LineKind.BURNED)
    await desk.now(rejected.escalate_until_us)
    error = await disputing.refused(
        disputing.stub.EscalateDispute,
        pb.EscalateDisputeRequest(dispute_id=rejected.dispute_id, text="look again"),
        disputing.partner("grocer"),
    )
    assert error.reason == LATE
    error = await disputing.refused(
        disputing.stub.OpenDispute, claim(statement_id, line, 5), disputing.partner("cinema")
    )
    assert error.reason == LATE


async def test_a_line_is_disputed_once_and_the_same_again_is_the_same(
    desk: Settling, disputing: Disputing
) -> None:
    several = await asyncio.gather(*(disputing.open("grocer", 2_500, WITHHELD) for _ in range(4)))
    assert {each.number for each in several} == {1}
    assert await disputing.held() == {"grocer": 3_000}
    statement_id, line = await disputing.line("grocer", LineKind.ISSUED)
    error = await disputing.refused(
        disputing.stub.OpenDispute, claim(statement_id, line, 1), disputing.partner("grocer")
    )
    assert (error.reason, error.metadata["dispute"]) == (Reason.REASON_LINE_DISPUTED, "1")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"claimed_minor": 10_001}, "claimed_amount"),
        ({"claimed_minor": 0}, "claimed_amount"),
        ({"claimed_minor": -1}, "claimed_amount"),
        ({"line": 99}, "line"),
        ({"line": 0}, "line"),
        ({"line": 2}, "line"),
        ({"ground": 0}, "ground"),
        ({"mode": 0}, "mode"),
        ({"text": " "}, "text"),
        ({"text": "x" * 4_001}, "text"),
        ({"text": "a\x00b"}, "text"),
    ],
)
async def test_what_cannot_be_disputed_is_refused_with_its_place(
    disputing: Disputing, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(CoalitionError) as refused:
        await disputing.open("grocer", 2_500, **changes)
    assert refused.value.metadata["field"] == field
    assert await disputing.held() == {}


async def test_of_two_who_decide_at_once_one_does(desk: Settling, disputing: Disputing) -> None:
    opened = await disputing.open("grocer", 2_500, WITHHELD)
    answers = await asyncio.gather(
        disputing.decide(opened, 2_500),
        disputing.decide(opened, 0, desk.checker),
        return_exceptions=True,
    )
    [refused] = [each for each in answers if isinstance(each, CoalitionError)]
    assert refused.reason == STATE
    await quiet_week(desk, 2)
    await desk.accounts()
    await checked(desk)


async def test_a_run_that_is_drafted_is_stale_once_something_is_withheld_and_not_otherwise(
    desk: Settling, disputing: Disputing
) -> None:
    drafted = await desk.drafted()
    await disputing.open("cinema", 100, kind=LineKind.BURNED)
    await desk.approved(drafted)
    again = await desk.drafted()
    await disputing.open("grocer", 2_500, WITHHELD)
    approve = approvals_pb2.ApproveDraftRequest(
        draft_id=again.draft.draft_id, sha256=again.draft.sha256, why="seen"
    )
    error = await disputing.refused(
        desk.office.approvals.ApproveDraft, approve, desk.checker.on(desk.programme)
    )
    assert error.reason == Reason.REASON_RUN_STALE
    with pytest.raises(CoalitionError) as refused:
        await desk.instruct(drafted.run.number)
    assert refused.value.reason == Reason.REASON_RUN_STALE


async def test_a_partner_sees_and_touches_only_its_own(desk: Settling, disputing: Disputing) -> None:
    opened = await disputing.open("grocer", 2_500)
    cinema, stub, of = disputing.partner("cinema"), disputing.stub, opened.dispute_id
    for method, request in (
        (stub.GetDispute, pb.GetDisputeRequest(dispute_id=of)),
        (stub.GetDispute, pb.GetDisputeRequest(number=1)),
        (stub.AddEvidence, pb.AddEvidenceRequest(dispute_id=of, text="mine")),
        (stub.EscalateDispute, pb.EscalateDisputeRequest(dispute_id=of, text="mine")),
        (stub.OpenDispute, claim(opened.statement_id, 1, 5)),
    ):
        assert (await disputing.refused(method, request, cinema)).reason == Reason.REASON_NOT_FOUND
    for method, request in (
        (stub.DecideDispute, pb.DecideDisputeRequest(dispute_id=of, text="mine")),
        (stub.AskForEvidence, pb.AskForEvidenceRequest(dispute_id=of, text="mine")),
        (stub.FollowDisputes, pb.FollowDisputesRequest()),
    ):
        assert (await disputing.refused(method, request, disputing.partner("grocer"))).reason in (
            Reason.REASON_PERSON_NEEDED,
            Reason.REASON_PERMISSION_DENIED,
        )
    everybody = pb.ListDisputesRequest(partner_id=desk.partners["grocer"].bytes)
    assert not (await grpc_client.call(stub.ListDisputes, everybody, cinema, 60)).disputes
    [mine] = (await grpc_client.call(stub.ListDisputes, everybody, disputing.partner("grocer"), 60)).disputes
    assert mine.number == 1
    other = await desk.house.programme()
    found = await grpc_client.call(stub.ListDisputes, pb.ListDisputesRequest(), desk.house.as_host(other), 60)
    assert not found.disputes
