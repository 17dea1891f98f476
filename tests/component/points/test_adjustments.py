"""The operator puts points right: alone up to a size, above it with a second person."""

from __future__ import annotations

import asyncio
from uuid import UUID

import asyncpg
import pytest
from coalition.events.v1 import points_pb2 as told
from coalition.points.v1 import journal_pb2, movement_pb2, points_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.errors import CoalitionError, code_of
from services.runtime.ids import new_id
from services.runtime.principal import Kind
from tests.support.points import PointsHouse
from tests.support.points_database import as_runtime_role, as_superuser
from tests.support.points_neighbours import STARTS_AT_US
from tests.support.points_wire import reason, reasons
from tests.support.wallet_wire import adjustment

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY_US = 86_400_000_000


def _person(house: PointsHouse, name: str, *roles: str) -> bytes:
    return house.running.identity.signers["cli"].sign(Kind.STAFF, name, house.programme, grants=roles)


async def _propose(
    house: PointsHouse, token: bytes, item: movement_pb2.Item
) -> points_pb2.ProposeAdjustmentResponse:
    request = points_pb2.ProposeAdjustmentRequest(key=item.key, adjustment=item.adjustment)
    return await grpc_client.call(house.stub.ProposeAdjustment, request, token)


async def _approve(
    house: PointsHouse, token: bytes, proposal: points_pb2.Proposal, content_hash: bytes | None = None
) -> movement_pb2.Result:
    request = points_pb2.ApproveAdjustmentRequest(
        proposal_id=proposal.proposal_id,
        content_hash=proposal.content_hash if content_hash is None else content_hash,
    )
    return (await grpc_client.call(house.stub.ApproveAdjustment, request, token)).result


async def _reject(house: PointsHouse, token: bytes, proposal: points_pb2.Proposal) -> points_pb2.Proposal:
    request = points_pb2.RejectAdjustmentRequest(proposal_id=proposal.proposal_id)
    return (await grpc_client.call(house.stub.RejectAdjustment, request, token)).proposal


async def _proposals(house: PointsHouse, **asked: object) -> points_pb2.ListProposalsResponse:
    return await house.as_staff(house.stub.ListProposals, points_pb2.ListProposalsRequest(**asked))  # type: ignore[arg-type]


def _code(caught: pytest.ExceptionInfo[CoalitionError]) -> str:
    return code_of(caught.value.reason)


async def _last(house: PointsHouse) -> journal_pb2.JournalRecord:
    return (await house.journal())[-1]


async def test_points_given_open_a_lot_that_the_operator_issued_and_lapse_by_the_ledgers_rule(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    (given,) = await house.post(
        adjustment(member, 70, reason=movement_pb2.ADJUSTMENT_REASON_GOODWILL, note="a late parcel")
    )
    assert given.outcome == movement_pb2.OUTCOME_ACCEPTED
    moved = given.transaction
    assert (moved.kind, moved.points, moved.balance_after, moved.partner_id) == (
        movement_pb2.MOVEMENT_KIND_ADJUST, 70, 70, b"",
    )  # fmt: skip
    assert moved.expires_at_us > STARTS_AT_US + 700 * DAY_US
    record = await _last(house)
    assert [(entry.account_kind, entry.amount) for entry in record.entries] == [
        ("adjustment", -70),
        ("wallet", 70),
    ]
    (lot,) = record.lots_opened
    assert (lot.issuer_id, lot.points, lot.point_type) == (bytes(16), 70, "base")
    assert (await till.balance(member)).available == 70
    event = (await house.events())[-1]
    payload = told.PointsAdjusted.FromString(event.payload)
    assert (event.type, event.partner_id) == ("points.adjusted", b"")
    assert (payload.points, payload.reason, payload.lot_no) == (70, "goodwill", lot.lot_no)
    # What somebody wrote is nowhere but in a row of its own.
    assert b"parcel" not in event.payload
    async with as_superuser(house.database) as connection:
        notes = await connection.fetch(
            """SELECT n.note, a.made_by, a.reason FROM adjustment a JOIN adjustment_note n USING (ledger_id, note_id)
            WHERE a.ledger_id = $1""",
            house.programme.ledger_id,
        )
    assert [tuple(row) for row in notes] == [("a late parcel", "stf_test", "goodwill")]
    await house.assert_sound()


async def test_points_taken_come_from_the_first_lots_and_never_from_what_is_not_free(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    await till.earn(member, 1_000)
    await till.hold(member, 4)
    refused, taken = await house.post(adjustment(member, -7), adjustment(member, -6))
    assert reason(refused) == "INSUFFICIENT_POINTS"
    assert dict(refused.error.metadata) == {"available": "6", "required": "7"}
    assert (taken.transaction.points, taken.transaction.balance_after) == (-6, 4)
    record = await _last(house)
    assert [(use.issuer_id, use.points) for use in record.lot_uses] == [(till.partner_id.bytes, 6)]
    await house.assert_sound()


async def test_points_given_pay_what_the_member_owes_first(house: PointsHouse) -> None:
    till, member = await house.till(), house.member()
    sold = await till.earn(member, 1_000)
    await till.redeem(member, 8)
    await till.refund(sold.transaction.transaction_id)
    await house.post(adjustment(member, 5))
    balance = await till.balance(member)
    assert (balance.available, balance.owed) == (-3, 3)
    await house.assert_sound()


async def test_a_key_of_the_staff_has_one_answer_whoever_asks_and_is_not_a_partners(
    house: PointsHouse,
) -> None:
    member, other = house.member(), _person(house, "stf_other", "maker")
    item = adjustment(member, 5, key="same")
    (first,) = await house.post(item)
    request = points_pb2.PostRequest(items=[item, adjustment(member, 6, key="same")])
    again, conflict = (await grpc_client.call(house.stub.Post, request, other)).results
    assert again.replayed
    assert again.transaction == first.transaction
    assert reason(conflict) == "IDEMPOTENCY_KEY_REUSED"
    till = await house.till()
    assert (await till.earn(member, 100, key="same")).outcome == movement_pb2.OUTCOME_ACCEPTED
    await house.assert_sound()


@pytest.mark.parametrize("grants", [(), ("checker", "pricing", "auditor", "service_desk")])
async def test_who_is_no_maker_adjusts_and_proposes_nothing(
    house: PointsHouse, grants: tuple[str, ...]
) -> None:
    token, item = _person(house, "stf_1", *grants), adjustment(house.member(), 5)
    request = points_pb2.PostRequest(items=[item])
    assert reasons((await grpc_client.call(house.stub.Post, request, token)).results) == ["PERMISSION_DENIED"]
    with pytest.raises(CoalitionError) as caught:
        await _propose(house, token, item)
    assert _code(caught) == "PERMISSION_DENIED"


async def test_a_partner_adjusts_nothing(house: PointsHouse) -> None:
    till = await house.till()
    till.grants = (*till.grants, "maker", "admin")
    assert reasons(await till.post(adjustment(house.member(), 5))) == ["PERMISSION_DENIED"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"points": 0}, "points"), ({"points": 10**9 + 1}, "points"), ({"points": -(10**9) - 1}, "points"),
        ({"reason": 0}, "reason"), ({"note": "x" * 501}, "note"), ({"note": "a\0b"}, "note"), ({"key": ""}, "key"),
    ],
)  # fmt: skip
async def test_what_cannot_be_read_says_which_field(
    house: PointsHouse, changes: dict[str, object], field: str
) -> None:
    points = changes.pop("points", 5)
    assert isinstance(points, int)
    (answer,) = await house.post(adjustment(house.member(), points, **changes))
    assert (reason(answer), answer.error.metadata["field"]) == ("INVALID_REQUEST", field)


async def test_above_the_limit_it_is_only_proposed_and_posted_once_another_person_approves(
    house: PointsHouse,
) -> None:
    till, member = await house.till(), house.member()
    maker, checker = _person(house, "stf_maker", "maker", "checker"), _person(house, "stf_checker", "checker")
    small = await _propose(house, maker, adjustment(member, 10_000, key="small"))
    assert small.result.transaction.points == 10_000
    item = adjustment(member, 10_001, key="large", note="as agreed")
    (alone,) = await house.post(item)
    assert reason(alone) == "APPROVAL_NEEDED"
    assert dict(alone.error.metadata) == {"limit": "10000", "required": "10001"}

    proposed = (await _propose(house, maker, item)).proposal
    assert (await _propose(house, maker, item)).proposal == proposed
    assert (proposed.state, proposed.proposed_by) == (points_pb2.PROPOSAL_STATE_OPEN, "stf_maker")
    assert (proposed.adjustment.points, proposed.adjustment.note) == (10_001, "as agreed")
    with pytest.raises(CoalitionError) as caught:
        await _propose(house, maker, adjustment(member, 20_000, key="large"))
    assert _code(caught) == "IDEMPOTENCY_KEY_REUSED"
    assert list((await _proposals(house, open_only=True)).proposals) == [proposed]
    assert (await till.balance(member)).available == 10_000

    for token, code in ((maker, "OWN_PROPOSAL"), (_person(house, "stf_x", "maker"), "PERMISSION_DENIED")):
        with pytest.raises(CoalitionError) as caught:
            await _approve(house, token, proposed)
        assert _code(caught) == code
    with pytest.raises(CoalitionError) as caught:
        await _approve(house, checker, proposed, b"another")
    assert (_code(caught), caught.value.metadata["field"]) == ("INVALID_REQUEST", "content_hash")
    approved = await _approve(house, checker, proposed)
    assert (approved.transaction.points, approved.transaction.balance_after) == (10_001, 20_001)
    again = await _approve(house, checker, proposed)
    assert again.replayed
    assert again.transaction == approved.transaction
    with pytest.raises(CoalitionError) as caught:
        await _reject(house, checker, proposed)
    assert _code(caught) == "PROPOSAL_DECIDED"
    (posted,) = (await _proposals(house)).proposals
    assert (posted.state, posted.decided_by) == (points_pb2.PROPOSAL_STATE_POSTED, "stf_checker")
    await house.assert_sound()


async def test_what_was_rejected_is_posted_by_nobody_any_more(house: PointsHouse) -> None:
    member = house.member()
    maker, checker = _person(house, "stf_maker", "maker"), _person(house, "stf_checker", "checker")
    first = (await _propose(house, maker, adjustment(member, 50_000))).proposal
    second = (await _propose(house, maker, adjustment(member, 60_000))).proposal
    stranger = _person(house, "stf_stranger", "maker")
    with pytest.raises(CoalitionError) as caught:
        await _reject(house, stranger, first)
    assert _code(caught) == "PERMISSION_DENIED"
    # Whoever proposed it may think better of it.
    assert (await _reject(house, maker, first)).state == points_pb2.PROPOSAL_STATE_REJECTED
    assert (await _reject(house, checker, second)).decided_by == "stf_checker"
    assert (await _reject(house, checker, second)).state == points_pb2.PROPOSAL_STATE_REJECTED
    with pytest.raises(CoalitionError) as caught:
        await _approve(house, checker, first)
    assert _code(caught) == "PROPOSAL_DECIDED"
    page = await _proposals(house, limit=1)
    assert (page.proposals[0].proposal_id, page.has_more) == (second.proposal_id, True)
    rest = await _proposals(house, before_id=second.proposal_id)
    assert [each.proposal_id for each in rest.proposals] == [first.proposal_id]
    assert not (await _proposals(house, open_only=True)).proposals
    assert (await house.head()).last_seq == 0


async def test_two_who_approve_at_once_post_it_once_and_the_same_goes_for_one_who_rejects(
    house: PointsHouse,
) -> None:
    member = house.member()
    maker = _person(house, "stf_maker", "maker")
    checkers = [_person(house, f"stf_{number}", "checker") for number in range(6)]
    proposals = [
        (await _propose(house, maker, adjustment(member, 11_000 + number))).proposal for number in range(6)
    ]
    for proposal in proposals:
        answers = await asyncio.gather(
            *(_approve(house, token, proposal) for token in checkers[:3]),
            *(_reject(house, token, proposal) for token in checkers[3:]),
            return_exceptions=True,
        )
        done = [each for each in answers if not isinstance(each, BaseException)]
        lost = [each for each in answers if isinstance(each, BaseException)]
        assert len(done) == 3
        assert {type(each) for each in done} in ({movement_pb2.Result}, {points_pb2.Proposal})
        assert all(
            isinstance(each, CoalitionError) and each.reason == Reason.REASON_PROPOSAL_DECIDED
            for each in lost
        )
    posted = [record.transaction.points for record in await house.journal()]
    assert len(posted) == len(set(posted))
    states = [each.state for each in (await _proposals(house)).proposals]
    assert states.count(points_pb2.PROPOSAL_STATE_POSTED) == len(posted)
    await house.assert_sound()


async def test_what_is_approved_may_still_be_refused_and_is_then_refused_for_ever(house: PointsHouse) -> None:
    member = house.member()
    maker, checker = _person(house, "stf_maker", "maker"), _person(house, "stf_checker", "checker")
    proposal = (await _propose(house, maker, adjustment(member, -20_000))).proposal
    assert reason(await _approve(house, checker, proposal)) == "INSUFFICIENT_POINTS"
    again = await _approve(house, checker, proposal)
    assert (reason(again), again.replayed) == ("INSUFFICIENT_POINTS", True)
    (found,) = (await _proposals(house)).proposals
    assert found.state == points_pb2.PROPOSAL_STATE_APPROVED


async def test_the_limit_is_the_admins_to_set_and_counts_from_the_next_posting_on(house: PointsHouse) -> None:
    member = house.member()
    for token in (_person(house, "stf_1", "maker", "checker", "pricing"), (await house.till()).principal):
        request = points_pb2.SetAdjustmentLimitRequest(points=10**9)
        with pytest.raises(CoalitionError) as caught:
            await grpc_client.call(house.stub.SetAdjustmentLimit, request, token)
        assert _code(caught) == "PERMISSION_DENIED"
    await house.set_limits(adjustment=0)
    assert reasons(await house.post(adjustment(member, 1))) == ["APPROVAL_NEEDED"]
    await house.set_limits(adjustment=1)
    one, two = await house.post(adjustment(member, 1), adjustment(member, -2))
    assert (one.transaction.points, reason(two)) == (1, "APPROVAL_NEEDED")
    limits = await house.as_staff(house.stub.GetLimits, points_pb2.GetLimitsRequest())
    assert limits.limits.adjustment_points == 1
    with pytest.raises(CoalitionError) as caught:
        await house.set_limits(adjustment=-1)
    assert caught.value.metadata["field"] == "points"


async def test_the_database_itself_refuses_what_one_person_alone_may_not(house: PointsHouse) -> None:
    member = house.member()
    maker = _person(house, "stf_maker", "maker")
    proposal = (await _propose(house, maker, adjustment(member, 30_000))).proposal
    (small,) = await house.post(adjustment(member, 5))
    ledger, seq = house.programme.ledger_id, small.transaction.seq
    decide = """INSERT INTO proposal_decision SELECT ledger_id, proposal_id, content_hash, proposed_by, {0}, true, now()
        FROM proposal WHERE ledger_id = $1 AND proposal_id = $2"""
    adjust = """INSERT INTO adjustment (ledger_id, seq, points, limit_points, reason, made_by, note_id, proposal_id, content_hash)
        SELECT ledger_id, seq + 1000, {0}, limit_points, reason, made_by, note_id, {1}, content_hash FROM adjustment
        WHERE ledger_id = $1 AND seq = $2"""
    own = new_id()
    refusals = {
        "proposal_decision_other_ck": (decide.format("proposed_by"), proposal.proposal_id),
        "adjustment_limit_ck": (adjust.format("10001", "NULL"), seq),
        # Nobody has approved it; and what somebody may approve has another content.
        "adjustment_approval_fk": (adjust.format("30000", f"'{own}'"), seq),
    }
    async with as_runtime_role(house.database) as connection:
        for constraint, (statement, about) in refusals.items():
            with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
                await connection.execute(
                    statement, ledger, about if isinstance(about, int) else UUID(bytes=about)
                )
            assert caught.value.constraint_name == constraint
