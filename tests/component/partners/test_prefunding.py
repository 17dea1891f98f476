"""Money paid ahead: asked for, collected, given back, set off, and what it is worth as credit; every account stays explained."""

from __future__ import annotations

import pytest
from coalition.partners.v1 import disputes_pb2, limits_pb2, standing_pb2
from coalition.partners.v1 import prefunding_pb2 as pb
from coalition.partners.v1 import settlement_pb2 as runs_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.partners.domain.documents.canonical import read_document_body
from services.partners.domain.documents.document import Document
from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from tests.component.partners.test_standing import EXITED, EXITING
from tests.support.disputing import disputing_of
from tests.support.en16931 import breaches
from tests.support.ledger import Burn, Earn
from tests.support.partners import DAY_US
from tests.support.partners_office import Office, refusal
from tests.support.prefunding import ASK, BACK, USE, Till, payment_of, position_of
from tests.support.settling import STARTS_AT_US, WEEK_US, Settling, settling_of

TOO_MUCH = "more prefunding is to be given back"


@pytest.fixture
async def desk(office: Office) -> Settling:
    return await settling_of(office)


@pytest.fixture
def till(desk: Settling) -> Till:
    return Till(desk)


async def paid_ahead(desk: Settling, till: Till, amount_minor: int = 50_000) -> None:
    """A grocer that has paid money ahead with run 1, before anything else; a week has ended."""
    await desk.partner("grocer", method="invoice", due_days=20)
    await desk.week(1)
    await till.order("grocer", ASK, amount_minor)
    await till.bank(payment_of(desk, await desk.settled(), "grocer"))


async def papers(desk: Settling, run: runs_pb2.GetRunResponse) -> list[Document]:
    """The documents of a run, oldest first; each as an e-invoice that passes the official rules."""
    found: list[Document] = []
    for each in reversed(run.documents):
        kept = await desk.host(desk.settlement.GetDocument, runs_pb2.GetDocumentRequest(number=each.number))
        wanted = runs_pb2.GetDocumentRequest(number=each.number, format=runs_pb2.DOCUMENT_FORMAT_XML)
        assert breaches((await desk.host(desk.settlement.GetDocument, wanted)).body) == []
        pdf = runs_pb2.GetDocumentRequest(number=each.number, format=runs_pb2.DOCUMENT_FORMAT_PDF)
        assert (await desk.host(desk.settlement.GetDocument, pdf)).body.startswith(b"%PDF-")
        found.append(read_document_body(kept.body))
    return found


async def headroom(desk: Settling) -> tuple[int, int]:
    """What the grocer has paid ahead, and what is left of its limit, in cents."""
    registration = await desk.house.app.programmes.named(desk.programme.slug)
    await desk.house.app.set_floors(registration)
    request = limits_pb2.ListCreditStandingsRequest()
    (found,) = (await desk.host(desk.office.limits.ListCreditStandings, request)).standings
    return found.prefunding_micros // 10_000, found.headroom_micros // 10_000


async def test_what_is_asked_for_is_a_run_of_its_own_with_a_prepayment_invoice_and_is_held_once_it_is_paid(
    desk: Settling, till: Till
) -> None:
    await desk.partner("grocer")
    await desk.week(1)
    ordered = await till.order("grocer", ASK, 50_000)
    assert (ordered.number, ordered.run_number, ordered.legal_entity) == (1, 0, 1)

    run = await desk.settled()

    position = position_of(desk, run, "grocer")
    assert (position.prefunding_minor, position.due_minor, position.tax_minor) == (50_000, 50_000, 0)
    (paper,) = await papers(desk, run)
    assert (paper.number, paper.due_minor, paper.tax_minor) == ("2026-386-000001", 50_000, 0)
    found = await till.listed("grocer")
    assert [(each.legal_entity, each.held_minor) for each in found.held] == [(1, 50_000)]
    assert (found.unpaid_minor, found.orders[0].run_number) == (50_000, 1)
    assert (await desk.accounts())["prepaid", "grocer"] == -50_000
    with pytest.raises(CoalitionError, match="no statement is due"):
        await desk.drafted()

    await till.bank(payment_of(desk, run, "grocer"))

    assert (await till.listed("grocer")).unpaid_minor == 0
    assert await desk.accounts() == {("bank", ""): 50_000, ("prepaid", "grocer"): -50_000}
    assert await desk.state(1) == "settled"


async def test_what_is_given_back_is_a_credit_note_on_the_prepayment_and_goes_with_what_else_is_due(
    desk: Settling, till: Till
) -> None:
    await paid_ahead(desk, till)
    await till.order("grocer", BACK, 20_000)
    await desk.week(2, Earn(desk.partners["grocer"], 5_000))

    run = await desk.settled()

    position = position_of(desk, run, "grocer")
    assert (position.statements_minor, position.tax_minor, position.prefunding_minor) == (
        5_000,
        1_000,
        -20_000,
    )
    assert (position.due_minor, position.rounding_minor) == (-14_000, 0)
    invoice, back = await papers(desk, run)
    assert (invoice.due_minor, back.type, back.due_minor) == (6_000, 381, -20_000)
    assert [each.number for each in back.references] == ["2026-386-000001"]
    await till.bank(payment_of(desk, run, "grocer"))
    held = await desk.accounts()
    assert (held["prepaid", "grocer"], held["bank", ""]) == (-30_000, 50_000 - 14_000)
    assert ("partner", "grocer") not in held


async def test_no_more_is_given_back_or_used_than_is_held_and_paid(desk: Settling, till: Till) -> None:
    await desk.partner("grocer")
    await desk.week(1)
    await till.order("grocer", ASK, 50_000)
    # What no run has asked for yet may be taken back, and no more.
    for turn, amount, said in ((BACK, 50_001, TOO_MUCH), (USE, 1, "0 minor units")):
        with pytest.raises(CoalitionError, match=said) as refused:
            await till.order("grocer", turn, amount)
        assert refused.value.reason == Reason.REASON_INVALID_REQUEST
        assert refused.value.metadata["field"] == "amount_minor"
    run = await desk.settled()
    with pytest.raises(CoalitionError, match=TOO_MUCH):
        await till.order("grocer", BACK, 1)
    await till.bank(payment_of(desk, run, "grocer"))
    await till.order("grocer", BACK, 30_000)
    with pytest.raises(CoalitionError, match=TOO_MUCH):
        await till.order("grocer", BACK, 20_001)
    with pytest.raises(CoalitionError, match="50,000 minor units"):
        await till.order("grocer", USE, 50_001)
    with pytest.raises(CoalitionError, match="no such company"):
        await till.order("grocer", ASK, 1, company=2)


async def test_what_is_asked_for_and_taken_back_before_a_run_is_nothing(desk: Settling, till: Till) -> None:
    await desk.partner("grocer")
    await till.order("grocer", ASK, 50_000)
    await till.order("grocer", BACK, 50_000)
    await desk.week(1, Earn(desk.partners["grocer"], 1_000))
    run = await desk.settled()
    assert desk.dues(run) == {"grocer": 1_200}
    assert [each.type for each in run.documents] == [380]
    assert {each.run_number for each in (await till.listed("grocer")).orders} == {1}


async def test_what_is_used_pays_a_run_its_invoice_stays_whole_and_says_so(
    desk: Settling, till: Till
) -> None:
    await paid_ahead(desk, till)
    grocer, cinema = desk.partners["grocer"], await desk.partner("cinema", (11_500, 7_500))
    await desk.week(2, Earn(grocer, 20_000), Burn(cinema, [(grocer, 4_000)]))
    await till.order("grocer", USE, 15_000)

    run = await desk.settled()

    position = position_of(desk, run, "grocer")
    assert (position.set_off_minor, position.due_minor) == (15_000, 9_000)
    (invoice,) = [each for each in await papers(desk, run) if each.partner == "grocer"]
    assert (invoice.total_minor, invoice.tax_minor, invoice.set_off_minor) == (24_000, 4_000, 15_000)
    assert payment_of(desk, run, "grocer").amount_minor == 9_000
    assert "less 150.00 EUR that was paid ahead" in invoice.payment.text
    held = await desk.accounts()
    assert (held["partner", "grocer"], held["prepaid", "grocer"]) == (9_000, -35_000)
    request = runs_pb2.TraceAccountRequest(account="prepaid", partner_id=grocer.bytes)
    traced = await desk.host(desk.settlement.TraceAccount, request)
    assert [each.kind for each in traced.journals] == ["document", "set_off"]


async def test_what_finds_nothing_to_pay_waits_on_and_what_is_over_stays_held(
    desk: Settling, till: Till
) -> None:
    await paid_ahead(desk, till)
    await till.order("grocer", USE, 50_000)
    with pytest.raises(CoalitionError, match="no statement is due"):
        await desk.drafted()
    await desk.week(2, Earn(desk.partners["grocer"], 10_000))
    run = await desk.settled()
    assert desk.dues(run) == {"grocer": 0}
    assert run.payments[:] == []
    (invoice,) = await papers(desk, run)
    assert (invoice.payable_minor, invoice.set_off_minor) == (0, 12_000)
    assert await till.held("grocer") == 38_000
    await desk.week(3, Earn(desk.partners["grocer"], 10_000))
    assert desk.dues(await desk.settled()) == {"grocer": 12_000}


async def test_a_debit_that_comes_back_keeps_prefunding_from_going_out_and_holds_up_nothing_else(
    desk: Settling, till: Till
) -> None:
    grocer = await desk.partner("grocer")
    await desk.week(1)
    await till.order("grocer", ASK, 50_000)
    first = await desk.settled()
    await till.bank(payment_of(desk, first, "grocer"))
    await till.order("grocer", BACK, 50_000)
    await till.came_back(payment_of(desk, first, "grocer"))
    await desk.week(2, Earn(grocer, 1_000))

    run = await desk.settled()

    position = position_of(desk, run, "grocer")
    assert (position.prefunding_minor, position.due_minor) == (0, 50_000 + 1_200)
    assert position.why.startswith(TOO_MUCH)
    await till.bank(payment_of(desk, run, "grocer"))
    again = await desk.settled()
    assert position_of(desk, again, "grocer").due_minor == -50_000
    await till.bank(payment_of(desk, again, "grocer"))
    assert ("prepaid", "grocer") not in await desk.accounts()


async def test_a_run_that_is_given_up_leaves_orders_waiting_and_one_that_is_drafted_is_stale_by_a_new_one(
    desk: Settling, till: Till
) -> None:
    await desk.partner("grocer")
    await desk.week(1)
    await till.order("grocer", ASK, 50_000)
    drafted = await desk.drafted()
    await till.order("grocer", ASK, 100)
    with pytest.raises(CoalitionError) as refused:
        await desk.approved(drafted)
    assert refused.value.reason == Reason.REASON_RUN_STALE
    request = runs_pb2.AbortRunRequest(number=drafted.run.number, why="stale")
    await grpc_client.call(desk.settlement.AbortRun, request, desk.maker.on(desk.programme), 60)
    assert desk.dues(await desk.settled()) == {"grocer": 50_100}


async def test_credit_counts_what_is_paid_ahead_and_an_unpaid_prepayment_neither_way(
    desk: Settling, till: Till
) -> None:
    await desk.partner("grocer")
    await desk.week(1)
    draft = await desk.office.draft(
        desk.maker, desk.programme, desk.partners["grocer"], limit_minor=100_000, prefunded_minor=7_000
    )
    await desk.office.approve(desk.checker.on(desk.programme), draft)
    assert await headroom(desk) == (0, 107_000)
    await till.order("grocer", ASK, 50_000)
    run = await desk.settled()
    assert await headroom(desk) == (0, 107_000)
    await till.bank(payment_of(desk, run, "grocer"))
    assert await headroom(desk) == (50_000, 157_000)

    await desk.week(2, Earn(desk.partners["grocer"], 10_000))
    assert await headroom(desk) == (50_000, 147_000)
    await till.order("grocer", USE, 12_000)
    await desk.settled()
    # Tax of 20.00 was paid by it too.
    assert await headroom(desk) == (38_000, 145_000)

    # Money that is to go out counts no more, though it is there still.
    await till.order("grocer", BACK, 8_000)
    assert await headroom(desk) == (30_000, 137_000)
    back = await desk.settled()
    assert await headroom(desk) == (30_000, 137_000)
    await till.bank(payment_of(desk, back, "grocer"))
    assert await headroom(desk) == (30_000, 137_000)
    await till.came_back(payment_of(desk, run, "grocer"))
    assert (await headroom(desk))[1] == 87_000


async def leaves(desk: Settling, slug: str) -> None:
    """Neither run-off nor return window is left."""
    now_us = (await desk.house.points.head(desk.programme)).now_us
    partner_id = desk.partners[slug].bytes
    exiting = standing_pb2.PartnerStanding(
        partner_id=partner_id,
        kind=EXITING,
        valid_from_us=STARTS_AT_US - DAY_US,
        run_off_until_us=STARTS_AT_US,
        returns_until_us=STARTS_AT_US,
    )
    exited = standing_pb2.PartnerStanding(partner_id=partner_id, kind=EXITED, valid_from_us=now_us)
    for wanted in (exiting, exited):
        request = standing_pb2.SetStandingRequest(standing=wanted)
        await desk.host(desk.office.standing.SetStanding, request)


async def test_who_has_left_owes_first_and_gets_the_rest_back_with_its_last_run(
    desk: Settling, till: Till
) -> None:
    await paid_ahead(desk, till)
    await desk.now(STARTS_AT_US + WEEK_US + DAY_US)
    await desk.house.ledger.post(desk.programme, Earn(desk.partners["grocer"], 10_000))
    await leaves(desk, "grocer")
    with pytest.raises(CoalitionError, match="the partner has left"):
        await till.order("grocer", ASK, 100)
    # Its last points are in no statement yet.
    with pytest.raises(CoalitionError, match="no statement is due"):
        await desk.drafted()
    await desk.week(2)

    run = await desk.settled()

    position = position_of(desk, run, "grocer")
    assert (position.set_off_minor, position.prefunding_minor, position.due_minor) == (
        12_000,
        -38_000,
        -38_000,
    )
    invoice, back = await papers(desk, run)
    assert (invoice.set_off_minor, back.type, back.due_minor) == (12_000, 381, -38_000)
    await till.bank(payment_of(desk, run, "grocer"))
    assert {key for key in await desk.accounts() if key[1] == "grocer"} == set()


async def test_who_pays_at_redemption_gets_nothing_back_while_its_points_may_be_used(
    desk: Settling, till: Till
) -> None:
    await paid_ahead(desk, till)
    grocer = desk.partners["grocer"]
    await desk.house.set_rates(
        desk.programme, grocer, 10_000, 8_000, STARTS_AT_US + WEEK_US, issue_share_percent=0
    )
    await desk.week(2, Earn(grocer, 10_000))
    await leaves(desk, "grocer")
    await desk.week(3)
    run = await desk.settled()
    position = position_of(desk, run, "grocer")
    assert (position.prefunding_minor, position.due_minor) == (0, 0)
    assert await till.held("grocer") == 50_000
    cinema = await desk.partner("cinema", (11_500, 7_500))
    await desk.week(4, Burn(cinema, [(grocer, 10_000, 1)]))
    run = await desk.settled()
    position = position_of(desk, run, "grocer")
    # All of its points are used: it owes 100.00 with tax, and nothing can follow.
    assert (position.set_off_minor, position.prefunding_minor) == (12_000, -38_000)


async def test_in_a_live_programme_one_person_proposes_and_another_approves(office: Office) -> None:
    programme, grocer, pricing, checker = await office.live_desk()
    stub = Till(Settling(office, programme, pricing, checker, *[None] * 3, {})).stub  # type: ignore[arg-type]
    wanted = pb.PrefundingOrder(partner_id=grocer.bytes, turn=ASK, amount_minor=500, why="agreed")
    alone = await refusal(
        stub.OrderPrefunding, pb.OrderPrefundingRequest(order=wanted), pricing.on(programme)
    )
    assert alone.metadata["command"] == "coalition settle prefunding propose"
    request = pb.ProposePrefundingRequest(order=wanted)
    draft = (await grpc_client.call(stub.ProposePrefunding, request, pricing.on(programme))).draft
    await office.approve(checker.on(programme), draft)
    listing = pb.ListPrefundingRequest(partner_id=grocer.bytes)
    found = await grpc_client.call(stub.ListPrefunding, listing, pricing.on(programme))
    assert [(each.amount_minor, each.draft_id) for each in found.orders] == [(500, draft.draft_id)]
    own = await grpc_client.call(
        stub.ListPrefunding, pb.ListPrefundingRequest(), office.house.as_partner(programme, grocer)
    )
    assert own == found


async def test_who_has_left_and_withholds_something_gets_nothing_back_before_that_is_decided(
    desk: Settling, till: Till
) -> None:
    await paid_ahead(desk, till)
    await desk.week(2, Earn(desk.partners["grocer"], 10_000))
    disputing = disputing_of(desk)
    await disputing.open("grocer", 5_000, mode=disputes_pb2.DISPUTE_MODE_WITHHELD)
    await leaves(desk, "grocer")
    await desk.week(3)

    run = await desk.settled()

    position = position_of(desk, run, "grocer")
    assert (position.set_off_minor, position.prefunding_minor) == (6_000, 0)
    assert (await desk.accounts())["disputed", "grocer"] == 6_000
