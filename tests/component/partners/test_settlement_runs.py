"""Settlement runs: what they come to, who decides, and that nothing is settled twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from coalition.partners.v1 import approvals_pb2
from coalition.partners.v1 import settlement_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.partners.domain.documents.canonical import read_document_body
from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from tests.support.ledger import Burn, Earn
from tests.support.partners import DAY_US
from tests.support.partners_office import Office, refusal
from tests.support.settling import STARTS_AT_US, WEEK_US, Settling, settling_of

MILLION = 1_000_000
STALE, STATE = Reason.REASON_RUN_STALE, Reason.REASON_RUN_STATE


@pytest.fixture
async def desk(office: Office) -> Settling:
    return await settling_of(office)


async def two_weeks(desk: Settling) -> None:
    """A grocer that pays 200.00 less what was burned there, a cinema that is paid."""
    grocer = await desk.partner("grocer")
    cinema = await desk.partner("cinema", (11_500, 7_500), method="invoice")
    for week in (1, 2):
        await desk.week(week, Earn(grocer, 10_000), Burn(cinema, [(grocer, 4_000)]))


async def worked_example(desk: Settling) -> None:
    """The example of docs/settlement.md: each partner's points, fees and taxes of one window."""
    grocer = await desk.partner("grocer", (10_000, 8_000))
    fuel = await desk.partner("fuel", (10_500, 8_000))
    cinema = await desk.partner("cinema", (11_500, 7_500), taxes=(2_000, 1_000))
    for slug, fee in (("grocer", 250_000), ("fuel", 150_000), ("cinema", 50_000)):
        await desk.fee(slug, fee)
    await desk.week(
        1,
        Earn(grocer, 29_400_000),
        Earn(fuel, 11_900_000),
        Earn(cinema, 1_000_000),
        Burn(grocer, [(grocer, 13_800_000)]),
        Burn(fuel, [(fuel, 3_000_000)]),
        Burn(cinema, [(grocer, 8_900_000)]),
    )


async def test_the_taxed_example_comes_out_to_the_cent(desk: Settling) -> None:
    await worked_example(desk)

    run = await desk.settled()

    assert desk.dues(run) == {"grocer": 22_332_000, "fuel": 12_294_000, "cinema": -5_902_500}
    held = await desk.accounts()
    assert sum(amount for (account, _), amount in held.items() if account == "partner") == 28_723_500
    assert -held["tax_charged", ""] - held["tax_paid", ""] == 5_343_500
    assert [each.due_minor for each in run.documents if desk.slug_of(each.partner_id) == "cinema"] == [
        -7_342_500, 1_440_000,
    ]  # fmt: skip
    sums = dict.fromkeys(desk.partners, 0)
    for each in run.documents:
        sums[desk.slug_of(each.partner_id)] += each.due_minor
    assert sums == desk.dues(run)
    assert {each.direction: each.amount_minor for each in run.payments if each.direction == "payout"} == {
        "payout": 5_902_500
    }


async def test_a_run_takes_all_windows_up_to_one_and_the_next_run_the_rest(desk: Settling) -> None:
    await two_weeks(desk)

    first = await desk.settled(until=1)
    second = await desk.settled()

    assert [(each.first_window, each.last_window) for each in first.positions] == [(1, 1)] * 2
    assert [(each.first_window, each.last_window) for each in second.positions] == [(2, 2)] * 2
    assert desk.dues(first) == desk.dues(second) == {"grocer": 12_000, "cinema": -3_600}
    with pytest.raises(CoalitionError, match="no statement is due"):
        await desk.drafted()


async def test_documents_are_numbered_without_gaps_and_are_what_their_hash_is_over(desk: Settling) -> None:
    await two_weeks(desk)
    runs = [await desk.settled(until=1), await desk.settled()]
    numbers = [each.number for run in runs for each in reversed(run.documents)]
    assert numbers == ["2026-389-000001", "2026-380-000001", "2026-389-000002", "2026-380-000002"]
    partner = desk.house.as_partner(desk.programme, desk.partners["grocer"])
    for each in (each for run in runs for each in run.documents):
        request = pb.GetDocumentRequest(number=each.number)
        kept = await desk.host(desk.settlement.GetDocument, request)
        document = read_document_body(kept.body)
        assert (document.number, document.due_minor) == (each.number, each.due_minor)
        own = each.partner_id == desk.partners["grocer"].bytes
        if own:
            assert (await grpc_client.call(desk.settlement.GetDocument, request, partner)).body == kept.body
        else:
            error = await refusal(desk.settlement.GetDocument, request, partner)
            assert error.reason == Reason.REASON_NOT_FOUND
        for made_into, start in (
            (pb.DOCUMENT_FORMAT_PDF, b"%PDF-"),
            (pb.DOCUMENT_FORMAT_XML, b"<?xml"),
            (pb.DOCUMENT_FORMAT_CSV, b""),
        ):
            wanted = pb.GetDocumentRequest(number=each.number, format=made_into)
            twice = [await desk.host(desk.settlement.GetDocument, wanted) for _ in range(2)]
            assert twice[0].body == twice[1].body
            assert twice[0].body.startswith(start)


async def test_documents_are_paged_both_ways_and_a_partner_pages_its_own(desk: Settling) -> None:
    await two_weeks(desk)
    await desk.settled(until=1)
    await desk.settled()

    async def page(who: bytes, **asked: Any) -> tuple[list[str], list[bytes], bool]:
        fields: dict[str, Any] = {"limit": 1, **asked}
        request = pb.ListDocumentsRequest(**fields)
        found = await grpc_client.call(desk.settlement.ListDocuments, request, who)
        listed = found.documents
        return [each.number for each in listed], [each.document_id for each in listed], found.has_more

    numbers = ["2026-380-000002", "2026-389-000002", "2026-380-000001", "2026-389-000001"]
    grocer = desk.house.as_partner(desk.programme, desk.partners["grocer"])
    # Whom a partner names makes no difference: it sees its own.
    for who, own, asked in (
        (desk.house.as_host(desk.programme), numbers, {}),
        (grocer, numbers[::2], {"partner_id": desk.partners["cinema"].bytes}),
    ):
        down: list[str] = []
        ids: list[bytes] = []
        more = True
        while more:
            found, at, more = await page(who, **asked, **({"before": ids[-1]} if ids else {}))
            down, ids = down + found, ids + at
        assert down == own
        up, last, more = [own[-1]], ids[-1], True
        while more:
            found, (last,), more = await page(who, **asked, after=last)
            up = found + up
        assert up == own
        assert (await page(who, **asked, after=ids[-1], limit=2))[0] == own[-3:-1]
        between = await page(who, **asked, after=ids[-1], before=ids[0])
        assert between[0] == own[1:-1][:1]
        assert between[2] == (len(own) > 3)


async def test_whoever_lacks_data_is_left_out_by_name_and_nobody_waits_for_it(desk: Settling) -> None:
    grocer = await desk.partner("grocer")
    bare = await desk.house.partner(desk.programme, "bare")
    untaxed = await desk.house.partner(desk.programme, "untaxed")
    desk.partners |= {"bare": bare, "untaxed": untaxed}
    await desk.set_terms("untaxed")
    await desk.week(1, Earn(grocer, 1_000), Earn(bare, 1_000), Earn(untaxed, 1_000))

    run = await desk.settled()

    said = {desk.slug_of(each.partner_id): each for each in run.positions}
    assert said["bare"].why == "it has no payment terms in force"
    assert "no tax data is set for company 1" in said["untaxed"].why
    assert (said["grocer"].due_minor, [each.due_minor for each in run.documents]) == (1_200, [1_200])
    await desk.set_tax("untaxed")
    assert desk.dues(await desk.settled()) == {"grocer": 0, "bare": 0, "untaxed": 1_200}


async def test_less_than_the_least_payout_is_carried_until_it_is_more(desk: Settling) -> None:
    grocer = await desk.partner("grocer")
    cinema = await desk.partner("cinema", least_payout_minor=700, taxes=(2_000, 1_000))
    await desk.week(1, Earn(grocer, 2_000), Burn(cinema, [(grocer, 500)]))
    first = await desk.settled()
    by_slug = {desk.slug_of(each.partner_id): each for each in first.positions}
    assert (by_slug["cinema"].due_minor, by_slug["cinema"].outcome) == (
        -440, pb.POSITION_OUTCOME_BELOW_LEAST,
    )  # fmt: skip
    assert [desk.slug_of(each.partner_id) for each in first.payments] == ["grocer"]
    await desk.week(2, Earn(grocer, 2_000), Burn(cinema, [(grocer, 500)]))
    second = await desk.settled()
    by_slug = {desk.slug_of(each.partner_id): each for each in second.positions}
    assert (by_slug["cinema"].brought_forward_minor, by_slug["cinema"].due_minor) == (-440, -880)
    assert by_slug["grocer"].brought_forward_minor == 0


async def test_nobody_approves_his_own_run_and_nobody_instructs_what_is_not_approved(desk: Settling) -> None:
    await two_weeks(desk)
    both = await desk.office.person("maker", "checker")
    drafted = await desk.drafted(who=both)
    approve = approvals_pb2.ApproveDraftRequest(draft_id=drafted.draft.draft_id, sha256=drafted.draft.sha256)
    another = await desk.office.another_token(both)
    for person in (both, another):
        error = await refusal(desk.office.approvals.ApproveDraft, approve, person.on(desk.programme))
        assert error.reason == Reason.REASON_OWN_DRAFT
    instruct = pb.InstructRunRequest(number=drafted.run.number)
    error = await refusal(desk.settlement.InstructRun, instruct, desk.maker.on(desk.programme))
    assert (error.reason, error.metadata["state"]) == (STATE, "draft")
    host = desk.house.as_host(desk.programme)
    assert (await refusal(desk.settlement.InstructRun, instruct, host)).reason == Reason.REASON_PERSON_NEEDED
    assert await desk.accounts() == {}


async def test_a_run_is_instructed_by_nobody_without_the_role_and_not_after_its_maker_lost_his(
    desk: Settling,
) -> None:
    await two_weeks(desk)
    drafted = await desk.drafted()
    await desk.approved(drafted)
    instruct = pb.InstructRunRequest(number=drafted.run.number)
    pricing = await desk.office.person("pricing")
    error = await refusal(desk.settlement.InstructRun, instruct, pricing.on(desk.programme))
    assert error.reason == Reason.REASON_PERMISSION_DENIED
    await desk.office.set_roles(desk.maker, take=("maker",))
    error = await refusal(desk.settlement.InstructRun, instruct, desk.checker.on(desk.programme))
    assert error.reason == Reason.REASON_MAKER_ROLE_LOST
    await desk.office.set_roles(desk.maker, assign=("maker",))
    await desk.instruct(drafted.run.number, desk.checker)


async def test_what_changed_since_it_was_proposed_is_refused_at_approval_and_at_execution(
    desk: Settling,
) -> None:
    await two_weeks(desk)
    first = await desk.drafted()
    await desk.set_terms("grocer", prenotification_days=5)
    with pytest.raises(CoalitionError) as refused:
        await desk.approved(first)
    assert refused.value.reason == STALE
    second = await desk.drafted()
    await desk.approved(second)
    await desk.set_tax("cinema", (2_000, 1_000))
    with pytest.raises(CoalitionError) as refused:
        await desk.instruct(second.run.number)
    assert refused.value.reason == STALE
    assert (await desk.run(second.run.number)).documents == []
    third = await desk.settled()
    assert third.run.number == 3


async def test_the_same_terms_agreed_anew_are_another_mandate_to_approve(desk: Settling) -> None:
    await two_weeks(desk)
    drafted = await desk.drafted()
    await desk.approved(drafted)
    await desk.set_terms("grocer")
    with pytest.raises(CoalitionError) as refused:
        await desk.instruct(drafted.run.number)
    assert refused.value.reason == STALE


async def test_days_are_counted_from_when_it_is_instructed_and_that_is_what_was_approved(
    desk: Settling,
) -> None:
    await two_weeks(desk)
    drafted = await desk.drafted()
    await desk.approved(drafted)
    # Drafted on Monday 2026-03-09, instructed on Wednesday: the debit is told three days before, the payout due after five.
    await desk.now(STARTS_AT_US + 2 * WEEK_US + 2 * DAY_US)
    await desk.instruct(drafted.run.number)
    run = await desk.run(drafted.run.number)
    assert {desk.slug_of(each.partner_id): each.due_on for each in run.payments} == {
        "grocer": "2026-03-16", "cinema": "2026-03-16",
    }  # fmt: skip
    assert {each.issued_on for each in run.documents} == {"2026-03-11"}


async def test_a_draft_that_somebody_changed_in_the_database_is_not_instructed(desk: Settling) -> None:
    await two_weeks(desk)
    drafted = await desk.drafted()
    await desk.approved(drafted)
    await desk.house.as_superuser(
        f"UPDATE settlement_run SET sha256 = sha256('x') WHERE ledger_id = {desk.programme.ledger_id}"
    )
    with pytest.raises(CoalitionError) as refused:
        await desk.instruct(drafted.run.number)
    assert refused.value.reason == Reason.REASON_DRAFT_CHANGED


async def test_of_many_that_instruct_at_once_all_see_one_run_with_one_set_of_documents(
    desk: Settling,
) -> None:
    await two_weeks(desk)
    drafted = await desk.drafted()
    await desk.approved(drafted)
    answers = await asyncio.gather(*(desk.instruct(drafted.run.number) for _ in range(5)))
    assert len({each.SerializeToString(deterministic=True) for each in answers}) == 1
    run = await desk.run(drafted.run.number)
    assert (len(run.documents), len(run.payments), len(run.files)) == (2, 2, 2)
    assert await desk.state(1) == "instructed"


async def test_two_runs_over_the_same_statements_settle_them_once(desk: Settling) -> None:
    await two_weeks(desk)
    first, second = await desk.drafted(), await desk.drafted()
    for each in (first, second):
        await desk.approved(each)
    await desk.instruct(first.run.number)
    with pytest.raises(CoalitionError) as refused:
        await desk.instruct(second.run.number)
    assert refused.value.reason == STALE
    abort = pb.AbortRunRequest(number=second.run.number, why="settled already")
    done = await desk.host(desk.settlement.AbortRun, abort)
    assert done.run.state == pb.RUN_STATE_ABORTED
    error = await refusal(
        desk.settlement.AbortRun,
        pb.AbortRunRequest(number=first.run.number, why="too late"),
        desk.maker.on(desk.programme),
    )
    assert (error.reason, error.metadata["state"]) == (STATE, "instructed")


async def test_without_the_operators_account_nothing_is_drafted(office: Office) -> None:
    desk = await settling_of(office)
    await two_weeks(desk)
    await desk.house.as_superuser(
        f"DELETE FROM operator_account_version WHERE ledger_id = {desk.programme.ledger_id}"
    )
    with pytest.raises(CoalitionError) as refused:
        await desk.drafted()
    assert refused.value.reason == Reason.REASON_OPERATOR_DATA_MISSING
    assert refused.value.metadata == {"missing": "bank_account"}


@pytest.mark.parametrize("until", [3, 99, -1])
async def test_windows_that_are_not_stated_cannot_be_settled(desk: Settling, until: int) -> None:
    await two_weeks(desk)
    with pytest.raises(CoalitionError, match="the last that is stated is 2"):
        await desk.drafted(until)
