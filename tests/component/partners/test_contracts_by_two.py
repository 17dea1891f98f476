"""Prices and billing of a live programme take two people, whichever way one of them tries alone."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from coalition.partners.v1 import approvals_pb2, clearing_pb2, contracts_pb2, partners_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id, to_text
from services.runtime.principal import Programme
from tests.component.partners.test_commands import answer, command
from tests.component.partners.test_office_commands import people_of
from tests.support.ledger import Earn
from tests.support.partners import DAY_US, STARTS_AT_US, House
from tests.support.partners_office import Office, Person, refusal

APPROVED = approvals_pb2.DRAFT_STATE_APPROVED


def prices(partner_id: UUID, issue: int = 10_000, **changes: Any) -> partners_pb2.RateVersion:
    said: dict[str, Any] = {"reimbursement_micros": 8_000, "valid_from_us": STARTS_AT_US, **changes}
    return partners_pb2.RateVersion(partner_id=partner_id.bytes, issue_micros=issue, **said)


def monthly(partner_id: UUID) -> clearing_pb2.BillingTerms:
    return clearing_pb2.BillingTerms(
        partner_id=partner_id.bytes, cycle=clearing_pb2.BILLING_CYCLE_MONTH, cycle_fee_minor=250
    )


async def rates_of(house: House, programme: Programme, partner_id: UUID) -> list[partners_pb2.RateVersion]:
    request = partners_pb2.ListRatesRequest(partner_id=partner_id.bytes)
    return list((await house.ask(house.registry.ListRates, request, programme)).rates)


async def billing_of(house: House, programme: Programme, partner_id: UUID) -> list[clearing_pb2.BillingTerms]:
    request = clearing_pb2.ListBillingRequest(partner_id=partner_id.bytes)
    return list((await house.ask(house.clearing.ListBilling, request, programme)).terms)


async def test_nobody_sets_prices_or_billing_of_a_live_programme_alone(office: Office) -> None:
    house = office.house
    programme, partner_id, pricing, _ = await office.live_desk()
    # Nor does it help to say that the programme is a test: the database knows better.
    pretended = replace(programme, is_test=True)
    for principal in (
        house.as_host(programme),
        house.as_host(pretended),
        pricing.on(programme),
        pricing.on(pretended),
    ):
        for method, request, named in (
            (
                house.registry.SetRates,
                partners_pb2.SetRatesRequest(rates=prices(partner_id)),
                "coalition settle rates propose",
            ),
            (
                house.clearing.SetBilling,
                clearing_pb2.SetBillingRequest(terms=monthly(partner_id)),
                "coalition settle billing propose",
            ),
        ):
            error = await refusal(method, request, principal)
            assert (error.reason, error.metadata["command"]) == (Reason.REASON_DRAFT_NEEDED, named)
            assert named in str(error)
    assert await rates_of(house, programme, partner_id) == []
    assert await billing_of(house, programme, partner_id) == []


async def test_the_database_takes_none_without_an_approved_draft_in_a_live_programme(office: Office) -> None:
    house = office.house
    programme, partner_id, pricing, _ = await office.live_desk()
    draft = await office.draft_rates(pricing, programme, prices(partner_id))
    prices_row = (
        "INSERT INTO rate_version (ledger_id, partner_id, version, issue_micros, reimbursement_micros, valid_from, "
        "known_from_seq, issue_share_percent, transaction_fee_micros, set_by, draft_id) "
        "VALUES ($1, $2, 1, 1, 1, now(), 1, 100, 0, 'me', $3)"
    )
    billing_row = (
        "INSERT INTO billing_version (ledger_id, partner_id, version, from_window, cycle, cycle_fee_minor, "
        "objection_days, set_by, draft_id) VALUES ($1, $2, 1, 1, 'window', 0, 14, 'me', $3)"
    )
    connection = await asyncpg.connect(house.database.runtime_url)
    try:
        for row in (prices_row, billing_row):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(row, programme.ledger_id, partner_id, None)
            # A draft that nobody has approved is none.
            with pytest.raises(asyncpg.ForeignKeyViolationError):
                await connection.execute(row, programme.ledger_id, partner_id, UUID(bytes=draft.draft_id))
    finally:
        await connection.close()


async def test_a_live_programme_begins_with_drafts_and_is_rated_by_what_was_approved(office: Office) -> None:
    house = office.house
    programme, partner_id, pricing, checker = await office.live_desk()
    # A live clock is the wall's: the first sale is of today, and so is the price.
    first = await office.draft_rates(pricing, programme, prices(partner_id, 10_000, issue_share_percent=40))
    assert (first.kind, json.loads(first.body)) == (
        "rates",
        {
            "bonus": None,
            "issue_micros": 10_000,
            "issue_share_percent": 40,
            "partner_id": to_text("ptr", partner_id),
            "reimbursement_micros": 8_000,
            "transaction_fee_micros": 0,
            "valid_from": "2017-01-01T05:00:00+00:00",
            "valid_to": None,
        },
    )
    assert await rates_of(house, programme, partner_id) == []
    assert (await office.approve(checker.on(programme), first)).state == APPROVED
    (version,) = await rates_of(house, programme, partner_id)
    assert (version.version, version.known_from_seq, version.draft_id) == (1, 1, first.draft_id)
    await house.ledger.post(programme, Earn(partner_id, 100))
    await house.rate_now(programme)
    # What is rated when it is approved keeps its price, whatever date the new one has.
    second = await office.draft_rates(pricing, programme, prices(partner_id, 20_000))
    await house.ledger.post(programme, Earn(partner_id, 100))
    await house.rate_now(programme)
    await office.approve(checker.on(programme), second)
    await house.ledger.post(programme, Earn(partner_id, 100))
    await house.rate_now(programme)
    rows = await house.fetch(
        "SELECT version, price_micros FROM rated_entry WHERE ledger_id = $1 ORDER BY seq", programme.ledger_id
    )
    assert [tuple(row) for row in rows] == [(1, 4_000), (1, 4_000), (2, 20_000)]
    known = [each.known_from_seq for each in await rates_of(house, programme, partner_id)]
    assert known == [1, 3]
    audit = [row for row in await office.audit_rows(programme) if row.what == "rates.set"]
    assert [(row.by_name, json.loads(row.after)["version"]) for row in audit] == [
        (checker.name, 1),
        (checker.name, 2),
    ]


async def test_billing_holds_from_the_window_that_is_open_when_it_is_approved(office: Office) -> None:
    house = office.house
    programme = await house.programme()
    partner_id = await house.partner(programme, "grocer")
    pricing, checker = await office.person("pricing"), await office.person("checker")
    draft = await office.draft_billing(pricing, programme, monthly(partner_id))
    await house.ledger.move_clock(programme, STARTS_AT_US + DAY_US)
    await house.close(programme)
    await office.approve(checker.on(programme), draft)
    (terms,) = await billing_of(house, programme, partner_id)
    assert (terms.from_window, terms.cycle_fee_minor, terms.objection_days) == (2, 250, 14)
    assert terms.draft_id == draft.draft_id
    # In a test programme one may still do it alone, and no draft is named.
    alone = clearing_pb2.BillingTerms(partner_id=partner_id.bytes, cycle=clearing_pb2.BILLING_CYCLE_WINDOW)
    request = clearing_pb2.SetBillingRequest(terms=alone)
    assert (await house.ask(house.clearing.SetBilling, request, programme)).terms.draft_id == b""


@pytest.mark.parametrize("kind", ["rates", "billing"])
async def test_four_eyes_as_for_any_draft(office: Office, kind: str) -> None:
    programme, partner_id, pricing, checker = await office.live_desk()

    async def made(by: Person) -> approvals_pb2.Draft:
        if kind == "rates":
            return await office.draft_rates(by, programme, prices(partner_id))
        return await office.draft_billing(by, programme, monthly(partner_id))

    for role in ("maker", "checker", "admin", "auditor"):
        with pytest.raises(CoalitionError) as caught:
            await made(await office.person(role))
        assert (caught.value.reason, caught.value.metadata["needed"]) == (
            Reason.REASON_PERMISSION_DENIED,
            "pricing",
        )
    both = await office.person("pricing", "checker")
    own = await made(both)
    other = await office.another_token(both)
    assert await office.refused_approval(both.on(programme), own) == Reason.REASON_OWN_DRAFT
    assert await office.refused_approval(other.on(programme), own) == Reason.REASON_OWN_DRAFT
    for nobody in (office.house.as_host(programme), office.house.as_gateway(programme)):
        assert await office.refused_approval(nobody, own) == Reason.REASON_PERSON_NEEDED
    draft = await made(pricing)
    another = await office.person("pricing", "maker", "admin")
    assert await office.refused_approval(another.on(programme), draft) == Reason.REASON_PERMISSION_DENIED
    changed = await office.refused_approval(checker.on(programme), draft, own.sha256)
    assert changed == Reason.REASON_DRAFT_CHANGED
    await office.set_roles(pricing, take=("pricing",))
    lost = await office.refused_approval(checker.on(programme), draft)
    assert lost == Reason.REASON_MAKER_ROLE_LOST
    assert await rates_of(office.house, programme, partner_id) == []
    assert await billing_of(office.house, programme, partner_id) == []
    await office.set_roles(pricing, assign=("pricing",))
    checkers = [checker, *[await office.person("checker") for _ in range(3)]]
    outcomes = await asyncio.gather(
        *(office.approve(each.on(programme), draft) for each in checkers), return_exceptions=True
    )
    told = [each.reason for each in outcomes if isinstance(each, CoalitionError)]
    assert told == [Reason.REASON_DRAFT_DECIDED] * 3
    assert await office.refused_approval(checker.on(programme), draft) == Reason.REASON_DRAFT_DECIDED
    versions = await rates_of(office.house, programme, partner_id)
    assert len(versions) + len(await billing_of(office.house, programme, partner_id)) == 1


async def test_prices_that_cannot_be_are_not_drafted(office: Office) -> None:
    programme, partner_id, pricing, _ = await office.live_desk()
    for rates, reason in (
        (prices(partner_id, -1), Reason.REASON_INVALID_REQUEST),
        (prices(partner_id, issue_share_percent=101), Reason.REASON_INVALID_REQUEST),
        (prices(partner_id, valid_to_us=1), Reason.REASON_INVALID_REQUEST),
        (prices(new_id()), Reason.REASON_PARTNER_UNKNOWN),
    ):
        request = contracts_pb2.ProposeRatesRequest(rates=rates, why="x")
        error = await refusal(office.contracts.ProposeRates, request, pricing.on(programme))
        assert error.reason == reason
    stranger = contracts_pb2.ProposeBillingRequest(terms=monthly(new_id()), why="x")
    error = await refusal(office.contracts.ProposeBilling, stranger, pricing.on(programme))
    assert error.reason == Reason.REASON_PARTNER_UNKNOWN
    unsaid = contracts_pb2.ProposeBillingRequest(terms=monthly(partner_id), why=" ")
    error = await refusal(office.contracts.ProposeBilling, unsaid, pricing.on(programme))
    assert error.reason == Reason.REASON_INVALID_REQUEST


async def test_two_drafts_of_one_partner_are_numbered_in_the_order_of_their_approval(office: Office) -> None:
    programme, partner_id, pricing, checker = await office.live_desk()
    drafts = [
        await office.draft_rates(pricing, programme, prices(partner_id, 1_000 * number))
        for number in range(1, 5)
    ]
    await asyncio.gather(*(office.approve(checker.on(programme), each) for each in drafts))
    versions = await rates_of(office.house, programme, partner_id)
    assert [each.version for each in versions] == [1, 2, 3, 4]
    assert {each.draft_id for each in versions} == {each.draft_id for each in drafts}


async def test_the_command_line_proposes_and_lists_them(office: Office) -> None:
    house = office.house
    programme = (await office.live_desk())[0]
    people, of = await people_of(house, "pricing", "checker"), ("-p", programme.slug)
    by = {role: person["token"] for role, person in people.items()}
    said = ("grocer", "--issue", "0.0100", "--reimbursement", "0.0080", "--from", "2017-01-01", *of)
    alone = await command(house, "partner", "rates", "set", *said, fails=True)
    assert "DRAFT_NEEDED" in alone
    assert "coalition settle rates propose" in alone
    words = (
        "settle",
        "rates",
        "propose",
        *said,
        "--bonus-issue",
        "0.0120",
        "--bonus-reimbursement",
        "0.0070",
    )
    told = await command(house, *words, "--why", "new", staff_token=by["pricing"])
    draft_id, seen = re.findall(r"drf_[0-9a-z]{26}", told)[0], re.findall("hash: ([0-9a-f]{64})", told)[0]
    assert "issue_micros: 10000" in told
    approving = ("approvals", "approve", draft_id, "--hash", seen, *of)
    assert "approved" in await command(house, *approving, staff_token=by["checker"])
    for listing in (("settle", "rates", "list"), ("partner", "rates", "list")):
        (listed,) = await answer(house, *listing, "grocer", *of)
        assert (listed["draft"], listed["by_type"]["bonus"]["issue_micros"]) == (draft_id, 12_000)
    assert draft_id in await command(house, "settle", "rates", "list", "grocer", *of)
    alone = await command(house, "settle", "billing", "set", "grocer", *of, fails=True)
    assert "coalition settle billing propose" in alone
    billing = (
        "settle",
        "billing",
        "propose",
        "grocer",
        "--cycle",
        "month",
        "--fee",
        "2.50",
        "--why",
        "x",
        *of,
    )
    draft = await answer(house, *billing, staff_token=by["pricing"])
    approving = ("approvals", "approve", draft["id"], "--hash", draft["hash"], *of)
    await command(house, *approving, staff_token=by["checker"])
    (terms,) = await answer(house, "settle", "billing", "list", "grocer", *of)
    assert (terms["cycle"], terms["cycle_fee_minor"], terms["draft"]) == ("month", 250, draft["id"])
    request = approvals_pb2.ListDraftsRequest(open=True)
    left = await grpc_client.call(office.approvals.ListDrafts, request, house.as_host(programme))
    assert list(left.drafts) == []
