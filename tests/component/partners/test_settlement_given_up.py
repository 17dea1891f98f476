"""A run that is given up, and the draft that it was proposed by, end together: whoever does it, and whichever of the two he ends."""

from __future__ import annotations

import asyncio

import pytest
from coalition.partners.v1 import approvals_pb2
from coalition.partners.v1 import settlement_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.partners.commands.settlement.run_states import FollowRuns
from services.partners.events.publish import tell
from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from tests.support.ledger import Earn
from tests.support.partners_office import Office, Person, refusal
from tests.support.settling import Settling, settling_of

OPEN, REJECTED, WITHDRAWN, APPROVED = (
    approvals_pb2.DraftState.Value(f"DRAFT_STATE_{each}")
    for each in ("OPEN", "REJECTED", "WITHDRAWN", "APPROVED")
)


@pytest.fixture
async def desk(office: Office) -> Settling:
    made = await settling_of(office)
    grocer = await made.partner("grocer")
    await made.week(1, Earn(grocer, 10_000))
    return made


async def waiting(desk: Settling) -> list[bytes]:
    """The drafts that are for somebody to decide."""
    listed = await desk.host(desk.office.approvals.ListDrafts, approvals_pb2.ListDraftsRequest(open=True))
    return [each.draft_id for each in listed.drafts]


async def draft_state(desk: Settling, drafted: pb.DraftRunResponse) -> int:
    return (await desk.office.state(desk.programme, drafted.draft)).state


async def abort(desk: Settling, who: Person | None, number: int = 1) -> pb.AbortRunResponse:
    request = pb.AbortRunRequest(number=number, why="wrong price")
    principal = who.on(desk.programme) if who else desk.house.as_host(desk.programme)
    return await grpc_client.call(desk.settlement.AbortRun, request, principal, 60)


async def reject(desk: Settling, drafted: pb.DraftRunResponse, who: Person, why: str = "wrong price") -> None:
    request = approvals_pb2.RejectDraftRequest(draft_id=drafted.draft.draft_id, why=why)
    await grpc_client.call(desk.office.approvals.RejectDraft, request, who.on(desk.programme), 60)


async def test_who_aborts_his_own_run_withdraws_its_draft_and_another_rejects_it(desk: Settling) -> None:
    own = await desk.drafted()
    assert await waiting(desk) == [own.draft.draft_id]
    assert (await abort(desk, desk.maker)).run.state == pb.RUN_STATE_ABORTED
    others = await desk.drafted()
    await abort(desk, desk.checker, 2)
    assert [await draft_state(desk, each) for each in (own, others)] == [WITHDRAWN, REJECTED]
    assert await waiting(desk) == []
    said = [row.what for row in await desk.office.audit_rows(desk.programme)]
    assert [each for each in said if each.startswith(("run.", "draft."))] == [
        "draft.made", "run.drafted", "draft.withdrawn", "run.aborted",
        "draft.made", "run.drafted", "draft.rejected", "run.aborted",
    ]  # fmt: skip
    assert (await abort(desk, desk.maker)).run.state == pb.RUN_STATE_ABORTED


async def test_a_run_whose_draft_is_rejected_or_withdrawn_is_aborted_with_the_reason(desk: Settling) -> None:
    first, second, third = [await desk.drafted() for _ in range(3)]
    await reject(desk, first, desk.checker)
    await reject(desk, second, desk.checker, why="")
    withdraw = approvals_pb2.WithdrawDraftRequest(draft_id=third.draft.draft_id, why="my mistake")
    await grpc_client.call(desk.office.approvals.WithdrawDraft, withdraw, desk.maker.on(desk.programme))
    steps = [(await desk.run(number)).steps[-1] for number in (1, 2, 3)]
    assert {each.state for each in steps} == {pb.RUN_STATE_ABORTED}
    assert [each.why for each in steps] == ["wrong price", "its draft was not approved", "my mistake"]
    assert steps[0].by.startswith("stf_")
    assert await waiting(desk) == []
    said = [row.what for row in await desk.office.audit_rows(desk.programme)]
    assert said.count("run.aborted") == 3


async def test_the_host_aborts_what_is_approved_and_decides_no_draft(desk: Settling) -> None:
    drafted = await desk.drafted()
    with pytest.raises(CoalitionError) as refused:
        await abort(desk, None)
    assert refused.value.reason == Reason.REASON_PERSON_NEEDED
    assert await draft_state(desk, drafted) == OPEN
    await desk.approved(drafted)
    assert (await abort(desk, None)).run.state == pb.RUN_STATE_ABORTED
    assert await draft_state(desk, drafted) == APPROVED


async def test_a_run_that_nobody_approves_in_time_is_aborted_and_says_so(desk: Settling) -> None:
    drafted = await desk.drafted()
    database = desk.house.app.database
    assert await FollowRuns(database, tell, draft_days=1)(desk.programme) == []
    at_once = FollowRuns(database, tell, draft_days=0)
    assert await at_once(desk.programme) == [1]
    assert (await desk.run(1)).steps[-1].why == "nobody approved it within 0 days"
    assert await at_once(desk.programme) == []
    # Whoever clears up the list of approvals may still reject it.
    await reject(desk, drafted, desk.checker)
    assert len((await desk.run(1)).steps) == 2


def _is_late(error: BaseException) -> bool:
    late = (Reason.REASON_DRAFT_DECIDED, Reason.REASON_RUN_STATE)
    return isinstance(error, CoalitionError) and error.reason in late


async def test_of_who_approves_rejects_and_aborts_at_once_one_wins_and_run_and_draft_agree(
    desk: Settling,
) -> None:
    another = await desk.office.person("checker")
    for number in range(1, 6):
        drafted = await desk.drafted()
        answers = await asyncio.gather(
            desk.approved(drafted),
            reject(desk, drafted, another),
            abort(desk, desk.maker, number),
            return_exceptions=True,
        )
        for each in answers:
            # Not a fault, as of two that wait for each other.
            assert not isinstance(each, BaseException) or _is_late(each), each
        run = (await desk.run(number)).run.state
        draft = await draft_state(desk, drafted)
        # One that was approved first may still be aborted.
        assert draft != OPEN
        assert run == pb.RUN_STATE_ABORTED or (run, draft) == (pb.RUN_STATE_APPROVED, APPROVED)


async def test_a_run_and_who_may_not_abort_it(desk: Settling) -> None:
    drafted = await desk.drafted()
    pricing = await desk.office.person("pricing")
    request = pb.AbortRunRequest(number=1, why="because")
    error = await refusal(desk.settlement.AbortRun, request, pricing.on(desk.programme))
    assert error.reason == Reason.REASON_PERMISSION_DENIED
    assert await draft_state(desk, drafted) == OPEN
