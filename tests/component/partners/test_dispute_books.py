"""Disputes in the database: what it refuses, what proofs notice, and the days that they take."""

from __future__ import annotations

import asyncpg
import pytest
from coalition.partners.v1 import approvals_pb2
from coalition.partners.v1 import disputes_pb2 as pb
from coalition.partners.v1.disputes_pb2_grpc import DisputeServiceStub
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.grpc_client import open_channel
from tests.support.disputing import Disputing, disputing_of, uuid_of
from tests.support.ledger import Burn, Earn
from tests.support.partners_office import Office, refusal
from tests.support.settling import Settling, settling_of

WITHHELD = pb.DISPUTE_MODE_WITHHELD


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


async def test_a_booking_that_is_not_what_was_decided_shows(desk: Settling, disputing: Disputing) -> None:
    await disputing.decide(await disputing.open("grocer", 2_500), 1_000)
    await quiet_week(desk, 2)
    await checked(desk)
    ledger = desk.programme.ledger_id
    await desk.house.as_superuser(
        f"UPDATE booking SET amount_micros = -1, price_micros = -1 WHERE ledger_id = {ledger} AND dispute_id IS NOT NULL"
    )
    breaches = (await desk.house.findings(desk.programme))[9].breaches
    assert "dispute 1: decision 2 is not booked in window 2 as it was made" in breaches


async def test_a_journal_of_a_dispute_that_was_lost_shows(desk: Settling, disputing: Disputing) -> None:
    await disputing.open("grocer", 2_500, WITHHELD)
    ledger = desk.programme.ledger_id
    await desk.house.as_superuser(f"DELETE FROM money_entry WHERE ledger_id = {ledger}")
    with pytest.raises(AssertionError):
        await desk.accounts()


@pytest.mark.parametrize(
    "event",
    [
        "2, 'escalated', 'escalated', 'opened', now(), 'x', NULL, '', '{}', 0, NULL",
        "2, 'closed', 'closed', 'opened', now(), 'x', NULL, '', '{}', 0, NULL",
        "2, 'accepted', 'accepted', 'opened', now(), 'x', NULL, '', '{}', 5, 2",
        "2, 'accepted', 'accepted', 'opened', now(), 'x', gen_random_uuid(), '', '{}', 5, NULL",
        "2, 'accepted', 'accepted', 'opened', now(), 'x', gen_random_uuid(), '', '{}', 2501, 2",
        "2, 'rejected', 'rejected', 'evidence', now(), 'x', gen_random_uuid(), '', '{}', 0, NULL",
        "2, 'overdue', 'closed', 'opened', now(), 'x', NULL, '', '{}', 0, NULL",
        "3, 'overdue', 'opened', 'opened', now(), 'x', NULL, '', '{}', 0, NULL",
        "2, 'opened', 'opened', 'opened', now(), 'x', NULL, '', '{}', 0, NULL",
    ],
)
async def test_the_database_takes_no_step_that_cannot_follow(
    desk: Settling, disputing: Disputing, event: str
) -> None:
    opened = await disputing.open("grocer", 2_500)
    connection = await asyncpg.connect(desk.house.database.admin_url)
    try:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await connection.execute(
                "INSERT INTO dispute_event (ledger_id, dispute_id, event, kind, state, prior_state, at, by, person, said, refs, "
                f"accepted_minor, window_number) VALUES ({desk.programme.ledger_id}, $1, {event})",
                uuid_of(opened),
            )
    finally:
        await connection.close()


async def test_the_days_of_a_live_programme_take_two_people(office: Office) -> None:
    programme, _, pricing, checker = await office.live_desk()
    stub = DisputeServiceStub(open_channel(office.house.target))
    terms = pb.DisputeTerms(valid_from_us=0, evidence_days=3, decision_days=4, escalation_days=5)
    error = await refusal(stub.SetDisputeTerms, pb.SetDisputeTermsRequest(terms=terms), pricing.on(programme))
    assert error.reason == Reason.REASON_DRAFT_NEEDED
    wanted = pb.ProposeDisputeTermsRequest(terms=terms, why="as agreed")
    draft = (await grpc_client.call(stub.ProposeDisputeTerms, wanted, pricing.on(programme), 60)).draft
    approve = approvals_pb2.ApproveDraftRequest(draft_id=draft.draft_id, sha256=draft.sha256, why="seen")
    await grpc_client.call(office.approvals.ApproveDraft, approve, checker.on(programme), 60)
    listed = await grpc_client.call(
        stub.ListDisputeTerms, pb.ListDisputeTermsRequest(), office.house.as_host(programme), 60
    )
    [version] = listed.versions
    assert (version.terms, version.version, version.draft_id) == (terms, 1, draft.draft_id)


async def test_a_dispute_keeps_the_days_of_when_it_was_opened(desk: Settling, disputing: Disputing) -> None:
    terms = pb.DisputeTerms(valid_from_us=0, evidence_days=3, decision_days=4, escalation_days=5)
    request = pb.SetDisputeTermsRequest(terms=terms)
    for _ in range(2):
        assert (await desk.host(disputing.stub.SetDisputeTerms, request)).version.version == 1
    opened = await disputing.open("grocer", 2_500)
    assert opened.decide_until_us == opened.events[0].at_us + 4 * 86_400_000_000
    terms.decision_days = 40
    await desk.host(disputing.stub.SetDisputeTerms, pb.SetDisputeTermsRequest(terms=terms))
    assert (await disputing.one(opened)).decide_until_us == opened.decide_until_us
