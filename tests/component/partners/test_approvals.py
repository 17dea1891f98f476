"""What takes two people: nobody gets round the second one, whichever way he tries."""

from __future__ import annotations

import asyncio
import json
from hashlib import sha256
from typing import Any

import pytest
from coalition.partners.v1 import approvals_pb2 as pb
from coalition.partners.v1 import limits_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.clock import MICROS_PER_DAY
from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id, to_text
from tests.support.partners import House
from tests.support.partners_office import Office, refusal, terms_of
from tests.support.waiting import until


async def test_one_drafts_another_approves_and_it_is_done_at_once(office: Office) -> None:
    programme, partner_id, maker, checker = await office.desk()
    draft = await office.draft(maker, programme, partner_id, prefunded_minor=20_000)
    assert (draft.kind, draft.state, draft.made_by.name) == ("credit_limit", pb.DRAFT_STATE_OPEN, maker.name)
    assert json.loads(draft.body) == {
        "limit_minor": 500_000,
        "on_limit": "refuse",
        "partner_id": to_text("ptr", partner_id),
        "prefunded_minor": 20_000,
        "warning_percent": 80,
    }
    assert draft.expires_at_us == draft.made_at_us + 30 * MICROS_PER_DAY
    assert await office.limits_of(programme, partner_id) == []
    done = await office.approve(checker.on(programme), draft)
    assert done.state == pb.DRAFT_STATE_APPROVED
    assert (done.decision.decided_by.name, done.decision.sha256) == (checker.name, draft.sha256)
    (limit,) = await office.limits_of(programme, partner_id)
    assert limit.terms == terms_of(partner_id, prefunded_minor=20_000, warning_percent=80)
    assert (limit.version, limit.set_by.name, limit.approved_by.name) == (1, maker.name, checker.name)
    assert limit.draft_id == draft.draft_id
    unlimited = await office.draft(
        maker,
        programme,
        partner_id,
        0,
        unlimited=True,
        on_limit=limits_pb2.ON_LIMIT_REFUSE,
        warning_percent=95,
    )
    await office.approve(checker.on(programme), unlimited)
    versions = await office.limits_of(programme, partner_id)
    assert [(each.version, each.terms.unlimited) for each in versions] == [(1, False), (2, True)]


async def test_nobody_approves_or_rejects_his_own_draft(office: Office) -> None:
    programme, partner_id, _, _ = await office.desk()
    both = await office.person("maker", "checker", "pricing", "admin")
    draft = await office.draft(both, programme, partner_id)
    assert await office.refused_approval(both.on(programme), draft) == Reason.REASON_OWN_DRAFT
    request = pb.RejectDraftRequest(draft_id=draft.draft_id)
    error = await refusal(office.approvals.RejectDraft, request, both.on(programme))
    assert error.reason == Reason.REASON_OWN_DRAFT
    await office.undone(programme, partner_id, draft)


async def test_a_second_token_does_not_make_a_second_person(office: Office) -> None:
    programme, partner_id, _, _ = await office.desk()
    one = await office.person("maker", "checker")
    other = await office.another_token(one)
    assert (one.staff_id, one.token_id != other.token_id) == (other.staff_id, True)
    draft = await office.draft(one, programme, partner_id)
    assert await office.refused_approval(other.on(programme), draft) == Reason.REASON_OWN_DRAFT
    await office.undone(programme, partner_id, draft)


async def test_a_hash_other_than_that_of_what_is_kept_is_refused(office: Office) -> None:
    programme, partner_id, maker, checker = await office.desk()
    draft = await office.draft(maker, programme, partner_id)
    other = await office.draft(maker, programme, partner_id)
    assert other.sha256 != draft.sha256
    for wrong in (other.sha256, sha256(draft.body).digest(), bytes(32)):
        reason = await office.refused_approval(checker.on(programme), draft, wrong)
        assert reason == Reason.REASON_DRAFT_CHANGED
    short = await office.refused_approval(checker.on(programme), draft, b"12")
    assert short == Reason.REASON_INVALID_REQUEST
    await office.undone(programme, partner_id, draft)


async def test_an_approval_that_is_sent_again_does_nothing_again(office: Office) -> None:
    programme, partner_id, maker, checker = await office.desk()
    draft = await office.draft(maker, programme, partner_id)
    principal = checker.on(programme)
    await office.approve(principal, draft)
    for again in (principal, (await office.person("checker")).on(programme)):
        assert await office.refused_approval(again, draft) == Reason.REASON_DRAFT_DECIDED
    for method, request in (
        (office.approvals.RejectDraft, pb.RejectDraftRequest(draft_id=draft.draft_id)),
        (office.approvals.WithdrawDraft, pb.WithdrawDraftRequest(draft_id=draft.draft_id)),
    ):
        by = maker if method is office.approvals.WithdrawDraft else checker
        error = await refusal(method, request, by.on(programme))
        assert (error.reason, error.metadata["state"]) == (Reason.REASON_DRAFT_DECIDED, "approved")
    assert len(await office.limits_of(programme, partner_id)) == 1


async def test_of_two_checkers_at_once_one_approves_and_the_other_is_told(office: Office) -> None:
    programme, partner_id, maker, checker = await office.desk()
    others = [checker, *[await office.person("checker") for _ in range(3)]]
    for round_ in range(1, 6):
        draft = await office.draft(maker, programme, partner_id, 1_000 * round_)
        outcomes = await asyncio.gather(
            *(office.approve(each.on(programme), draft) for each in others), return_exceptions=True
        )
        won = [each for each in outcomes if isinstance(each, pb.Draft)]
        told = [each.reason for each in outcomes if isinstance(each, CoalitionError)]
        assert (len(won), told) == (1, [Reason.REASON_DRAFT_DECIDED] * 3)
        assert len(await office.limits_of(programme, partner_id)) == round_
    rows = [row.what for row in await office.audit_rows(programme)]
    assert (rows.count("draft.approved"), rows.count("limit.set")) == (5, 5)


async def test_the_second_checker_waits_for_what_becomes_of_the_first(office: Office) -> None:
    programme, partner_id, maker, checker = await office.desk()
    draft = await office.draft(maker, programme, partner_id)
    house = office.house
    # The first has decided and stands still where it applies: somebody has the head of rating.
    async with house.app.database.writer.transaction() as connection:
        await connection.exec_driver_sql(
            f"SELECT 1 FROM rating_head WHERE ledger_id = {programme.ledger_id} FOR UPDATE"
        )
        first = asyncio.create_task(office.approve(checker.on(programme), draft))
        await until(lambda: _waiting(house, 1))
        other = await office.person("checker")
        second = asyncio.create_task(office.refused_approval(other.on(programme), draft))
        await until(lambda: _waiting(house, 2))
        assert not first.done()
        assert not second.done()
    assert (await first).decision.decided_by.name == checker.name
    assert await second == Reason.REASON_DRAFT_DECIDED


async def _waiting(house: House, count: int) -> bool:
    rows = await house.fetch(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return rows[0][0] >= count


@pytest.mark.parametrize(
    ("who", "reason"),
    [("maker", Reason.REASON_MAKER_ROLE_LOST), ("checker", Reason.REASON_PERMISSION_DENIED)],
)
async def test_a_role_that_was_taken_away_since_counts_no_more(
    office: Office, who: str, reason: Reason.ValueType
) -> None:
    programme, partner_id, maker, checker = await office.desk()
    draft = await office.draft(maker, programme, partner_id)
    # Signed while the role was there, and carrying it still.
    principal = checker.on(programme)
    person = {"maker": maker, "checker": checker}[who]
    await office.set_roles(person, take=(who,))
    assert await office.refused_approval(principal, draft) == reason
    await office.undone(programme, partner_id, draft)
    await office.set_roles(person, assign=(who,))
    assert (await office.approve(principal, draft)).state == pb.DRAFT_STATE_APPROVED


async def test_a_role_is_taken_away_before_or_after_a_decision_and_never_within(office: Office) -> None:
    programme, partner_id, maker, checker = await office.desk()
    draft = await office.draft(maker, programme, partner_id)
    house = office.house
    async with house.app.database.writer.transaction() as connection:
        # Somebody is taking the role away, and has not committed.
        await connection.exec_driver_sql(
            f"SELECT 1 FROM staff_head WHERE staff_id = '{checker.staff_id}' FOR UPDATE"
        )
        await connection.exec_driver_sql(
            "INSERT INTO staff_role (staff_id, role, version, assigned, changed_by) "
            f"VALUES ('{checker.staff_id}', 'checker', 2, false, 'test')"
        )
        asked = asyncio.create_task(office.refused_approval(checker.on(programme), draft))
        await until(lambda: _waiting(house, 1))
    assert await asked == Reason.REASON_PERMISSION_DENIED
    await office.undone(programme, partner_id, draft)


async def test_what_is_rejected_or_withdrawn_is_never_approved(office: Office) -> None:
    programme, partner_id, maker, checker = await office.desk()
    rejected = await office.draft(maker, programme, partner_id)
    rejecting = pb.RejectDraftRequest(draft_id=rejected.draft_id, why="too much")
    error = await refusal(
        office.approvals.RejectDraft, rejecting, (await office.person("pricing")).on(programme)
    )
    assert error.reason == Reason.REASON_PERMISSION_DENIED
    await grpc_client.call(office.approvals.RejectDraft, rejecting, checker.on(programme))
    withdrawn = await office.draft(maker, programme, partner_id)
    withdrawing = pb.WithdrawDraftRequest(draft_id=withdrawn.draft_id)
    error = await refusal(office.approvals.WithdrawDraft, withdrawing, checker.on(programme))
    assert error.reason == Reason.REASON_PERMISSION_DENIED
    await grpc_client.call(office.approvals.WithdrawDraft, withdrawing, maker.on(programme))
    for draft in (rejected, withdrawn):
        assert await office.refused_approval(checker.on(programme), draft) == Reason.REASON_DRAFT_DECIDED
    assert await office.limits_of(programme, partner_id) == []
    whats = [row.what for row in await office.audit_rows(programme)]
    assert whats[-4:] == ["draft.made", "draft.rejected", "draft.made", "draft.withdrawn"]


async def test_drafts_are_listed_by_page_and_are_those_of_their_programme(office: Office) -> None:
    programme, partner_id, maker, checker = await office.desk()
    made = [await office.draft(maker, programme, partner_id, number) for number in range(1, 6)]
    await office.approve(checker.on(programme), made[2])

    async def listed(**wanted: Any) -> tuple[list[bytes], bool]:
        answer = await office.house.ask(
            office.approvals.ListDrafts, pb.ListDraftsRequest(**wanted), programme
        )
        return [each.draft_id for each in answer.drafts], answer.has_more

    ids = [each.draft_id for each in reversed(made)]
    assert await listed() == (ids, False)
    assert await listed(open=True) == ([ids[0], ids[1], ids[3], ids[4]], False)
    assert await listed(limit=2, before_id=ids[1]) == (ids[2:4], True)
    elsewhere = await office.house.programme()
    assert await office.refused_approval(checker.on(elsewhere), made[0]) == Reason.REASON_NOT_FOUND
    error = await refusal(
        office.approvals.ListDrafts,
        pb.ListDraftsRequest(),
        office.house.as_partner(programme, partner_id),
    )
    assert error.reason == Reason.REASON_PERMISSION_DENIED


async def test_a_limit_that_cannot_be_is_not_drafted(office: Office) -> None:
    programme, partner_id, maker, _ = await office.desk()
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"limit_minor": -1}, "limit_minor"),
        ({"limit_minor": 10**15 + 1}, "limit_minor"),
        ({"unlimited": True}, "limit_minor"),
        ({"prefunded_minor": -1}, "prefunded_minor"),
        ({"warning_percent": 101}, "warning_percent"),
        ({"on_limit": limits_pb2.ON_LIMIT_UNSPECIFIED}, "on_limit"),
    )
    for changes, field in cases:
        request = limits_pb2.ProposeCreditLimitRequest(terms=terms_of(partner_id, **changes), why="x")
        error = await refusal(office.limits.ProposeCreditLimit, request, maker.on(programme))
        assert (error.reason, error.metadata["field"]) == (Reason.REASON_INVALID_REQUEST, field)
    for partner, why, reason in (
        (partner_id, " ", Reason.REASON_INVALID_REQUEST),
        (new_id(), "x", Reason.REASON_PARTNER_UNKNOWN),
    ):
        request = limits_pb2.ProposeCreditLimitRequest(terms=terms_of(partner), why=why)
        error = await refusal(office.limits.ProposeCreditLimit, request, maker.on(programme))
        assert error.reason == reason


async def test_a_partner_reads_its_own_limit_and_no_others(office: Office) -> None:
    programme, partner_id, maker, checker = await office.desk()
    fuel = await office.house.partner(programme, "fuel", issue=None)
    await office.approve(checker.on(programme), await office.draft(maker, programme, partner_id))
    own = await grpc_client.call(
        office.limits.ListCreditLimits,
        limits_pb2.ListCreditLimitsRequest(),
        office.house.as_partner(programme, partner_id),
    )
    assert [each.terms.limit_minor for each in own.limits] == [500_000]
    error = await refusal(
        office.limits.ListCreditLimits,
        limits_pb2.ListCreditLimitsRequest(partner_id=partner_id.bytes),
        office.house.as_partner(programme, fuel),
    )
    assert error.reason == Reason.REASON_PARTNER_UNKNOWN
