"""Payment terms and the operator's account: dated, by two people in a live programme, checked before anything is kept."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from coalition.partners.v1 import approvals_pb2
from coalition.partners.v1 import payment_terms_pb2 as pb
from coalition.partners.v1.payment_terms_pb2_grpc import PaymentTermsServiceStub
from coalition.type.v1.reason_pb2 import Reason

from services.partners.domain.payments.terms import in_force
from services.partners.storage import payment_terms as storage
from services.runtime import grpc_client
from services.runtime.grpc_client import open_channel
from services.runtime.ids import new_id, to_text
from services.runtime.principal import Programme
from tests.component.partners.test_commands import answer, command
from tests.component.partners.test_office_commands import people_of
from tests.support.partners import House
from tests.support.partners_office import Office, Person, refusal

IBAN = "DE89370400440532013000"
OWN = "NL91ABNA0417164300"


@pytest.fixture
async def stub(house: House) -> AsyncGenerator[PaymentTermsServiceStub]:
    channel = open_channel(house.target)
    yield PaymentTermsServiceStub(channel)
    await channel.close()


def account(**changes: Any) -> pb.BankAccount:
    address = pb.PaymentAddress(street="Allee 1", town="Berlin", postcode="10115", country="DE")
    said: dict[str, Any] = {"holder": "Grocer GmbH", "iban": IBAN, "address": address, **changes}
    return pb.BankAccount(**said)


def terms(partner_id: UUID, **changes: Any) -> pb.PaymentTerms:
    said: dict[str, Any] = {
        "method": pb.PAYMENT_METHOD_DIRECT_DEBIT,
        "account": account(),
        "valid_from": "2026-03-01",
        "mandate": pb.Mandate(mandate_id="M-17", signed_on="2026-02-20", scheme=pb.MANDATE_SCHEME_B2B),
        "prenotification_days": 5,
        "due_days": 14,
        "least_payout_minor": 1_000,
        "reminder_days": 7,
        "reminders_max": 2,
        "late_interest_bp": 912,
        "returned_fee_minor": 750,
        "suspend_after_days": 30,
    }
    return pb.PaymentTerms(partner_id=partner_id.bytes, **{**said, **changes})


def own_account(**changes: Any) -> pb.OperatorAccount:
    said: dict[str, Any] = {
        "account": account(holder="Plaza B.V.", iban=OWN),
        "creditor_id": "NL79ZZZ999999990000",
        "valid_from": "2026-01-01",
    }
    return pb.OperatorAccount(**{**said, **changes})


async def listed(
    house: House, stub: PaymentTermsServiceStub, programme: Programme, partner: UUID
) -> list[pb.PaymentTerms]:
    request = pb.ListPaymentTermsRequest(partner_id=partner.bytes)
    return list((await house.ask(stub.ListPaymentTerms, request, programme)).versions)


async def accounts(
    house: House, stub: PaymentTermsServiceStub, programme: Programme
) -> list[pb.OperatorAccount]:
    return list(
        (await house.ask(stub.ListOperatorAccounts, pb.ListOperatorAccountsRequest(), programme)).versions
    )


async def test_one_sets_terms_in_a_test_programme_and_they_are_kept_as_they_were_said(
    office: Office, stub: PaymentTermsServiceStub
) -> None:
    house = office.house
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    wanted = terms(grocer, account=account(iban="de89 3704 0044 0532 0130 00", bic="cobadeffxxx"))
    made = (await house.ask(stub.SetPaymentTerms, pb.SetPaymentTermsRequest(terms=wanted), programme)).terms
    expected = terms(grocer, account=account(bic="COBADEFFXXX"), version=1)
    assert made == expected
    again = (await house.ask(stub.SetPaymentTerms, pb.SetPaymentTermsRequest(terms=wanted), programme)).terms
    assert again == expected
    invoice = terms(grocer, method=pb.PAYMENT_METHOD_INVOICE, mandate=None, valid_from="2026-02-01")
    await house.ask(stub.SetPaymentTerms, pb.SetPaymentTermsRequest(terms=invoice), programme)
    assert await listed(house, stub, programme, grocer) == [
        expected, terms(grocer, method=pb.PAYMENT_METHOD_INVOICE, mandate=None, valid_from="2026-02-01", version=2)
    ]  # fmt: skip
    rows = [row for row in await office.audit_rows(programme) if row.what == "payment_terms.set"]
    assert [(row.subject, json.loads(row.after)["version"]) for row in rows] == [
        (to_text("ptr", grocer), 1), (to_text("ptr", grocer), 2)
    ]  # fmt: skip
    assert json.loads(rows[1].before)["method"] == "direct_debit"


async def test_storage_answers_which_terms_are_in_force_on_a_day(
    office: Office, stub: PaymentTermsServiceStub
) -> None:
    house = office.house
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    for wanted in (terms(grocer), terms(grocer, due_days=30, valid_from="2026-05-01")):
        await house.ask(stub.SetPaymentTerms, pb.SetPaymentTermsRequest(terms=wanted), programme)
    await house.ask(stub.SetOperatorAccount, pb.SetOperatorAccountRequest(account=own_account()), programme)
    async with house.app.database.reader.snapshot() as connection:
        found = await storage.of_programme(connection, programme.ledger_id)
        own = await storage.of_operator(connection, programme.ledger_id)
    assert set(found) == {grocer}
    assert found[grocer][0].terms.mandate is not None
    by_day = [in_force(found[grocer], found[grocer][place].terms.valid_from) for place in (0, 1)]
    assert [each.terms.due_days if each else None for each in by_day] == [14, 30]
    assert [each.terms.account.iban for each in own] == [OWN]


async def test_nobody_sets_them_alone_in_a_live_programme_and_two_people_do(
    office: Office, stub: PaymentTermsServiceStub
) -> None:
    house = office.house
    programme, partner_id, pricing, checker = await office.live_desk()
    for method, request, named in (
        (
            stub.SetPaymentTerms,
            pb.SetPaymentTermsRequest(terms=terms(partner_id)),
            "coalition settle terms propose",
        ),
        (
            stub.SetOperatorAccount,
            pb.SetOperatorAccountRequest(account=own_account()),
            "coalition settle account propose",
        ),
    ):
        error = await refusal(method, request, pricing.on(programme))
        assert (error.reason, error.metadata["command"]) == (Reason.REASON_DRAFT_NEEDED, named)
    for method, request, kind in (
        (
            stub.ProposePaymentTerms,
            pb.ProposePaymentTermsRequest(terms=terms(partner_id), why="agreed"),
            "payment_terms",
        ),
        (
            stub.ProposeOperatorAccount,
            pb.ProposeOperatorAccountRequest(account=own_account(), why="bank"),
            "operator_account",
        ),
    ):
        draft = (await grpc_client.call(method, request, pricing.on(programme))).draft
        assert draft.kind == kind
        assert await office.refused_approval(pricing.on(programme), draft) == Reason.REASON_OWN_DRAFT
        approved = await office.approve(checker.on(programme), draft)
        assert approved.state == approvals_pb2.DRAFT_STATE_APPROVED
    (made,) = await listed(house, stub, programme, partner_id)
    (own,) = await accounts(house, stub, programme)
    assert (made.version, len(made.draft_id)) == (own.version, len(own.draft_id)) == (1, 16)
    assert terms(partner_id, version=1, draft_id=made.draft_id) == made
    done = {row.what for row in await office.audit_rows(programme)}
    assert {"payment_terms.set", "operator_account.set"} <= done


async def test_the_database_takes_none_without_an_approved_draft_in_a_live_programme(
    office: Office, stub: PaymentTermsServiceStub
) -> None:
    house = office.house
    programme, partner_id, pricing, _ = await office.live_desk()
    request = pb.ProposePaymentTermsRequest(terms=terms(partner_id), why="agreed")
    draft = (await grpc_client.call(stub.ProposePaymentTerms, request, pricing.on(programme))).draft
    of_partner = (
        "INSERT INTO payment_terms_version (ledger_id, partner_id, version, valid_from, method, holder, iban, bic, street, town, "
        "postcode, country, prenotification_days, due_days, least_payout_minor, reminder_days, reminders_max, late_interest_bp, "
        "returned_fee_minor, suspend_after_days, set_by, draft_id) VALUES ($1, $2, 1, '2026-03-01', 'invoice', 'G', "
        f"'{IBAN}', '', '', 'B', '', 'DE', 1, 0, 0, 1, 0, 0, 0, 0, 'me', $3)"
    )
    of_operator = (
        "INSERT INTO operator_account_version (ledger_id, version, valid_from, holder, iban, bic, street, town, postcode, country, "
        f"creditor_id, set_by, draft_id) VALUES ($1, 1, '2026-03-01', 'P', '{OWN}', '', '', 'U', '', 'NL', '', 'me', $2)"
    )
    connection = await asyncpg.connect(house.database.runtime_url)
    try:
        for draft_id, error in (
            (None, asyncpg.RestrictViolationError),
            # A draft that nobody has approved is none.
            (UUID(bytes=draft.draft_id), asyncpg.ForeignKeyViolationError),
        ):
            with pytest.raises(error):
                await connection.execute(of_partner, programme.ledger_id, partner_id, draft_id)
            with pytest.raises(error):
                await connection.execute(of_operator, programme.ledger_id, draft_id)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"method": 0}, "terms.method"),
        ({"account": account(iban="DE88370400440532013000")}, "account.iban"),
        # A form that no bank of its country has, with check digits that are right.
        ({"account": account(iban="DE75512108001245126")}, "account.iban"),
        ({"account": account(bic="DEUTXXFF")}, "account.bic"),
        ({"account": account(holder="")}, "account.holder"),
        ({"mandate": None}, "mandate"),
        ({"mandate": pb.Mandate(mandate_id="M", signed_on="2026-02-20")}, "mandate.scheme"),
        (
            {"mandate": pb.Mandate(mandate_id="M", signed_on="20260220", scheme=pb.MANDATE_SCHEME_CORE)},
            "mandate.signed_on",
        ),
        ({"valid_from": ""}, "valid_from"),
        ({"valid_from": "2300-01-01"}, "valid_from"),
        ({"due_days": 367}, "due_days"),
    ],
)
async def test_what_cannot_be_agreed_is_refused_with_its_field_and_without_the_number(
    office: Office, stub: PaymentTermsServiceStub, changes: dict[str, Any], field: str
) -> None:
    house = office.house
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    principal = house.as_host(programme)
    wanted = terms(grocer, **changes)
    error = await refusal(stub.SetPaymentTerms, pb.SetPaymentTermsRequest(terms=wanted), principal)
    assert (error.reason, error.metadata["field"]) == (Reason.REASON_INVALID_REQUEST, field)
    assert wanted.account.iban not in str(error)
    assert await listed(house, stub, programme, grocer) == []


async def test_who_may_do_and_see_what(office: Office, stub: PaymentTermsServiceStub) -> None:
    house = office.house
    programme = await house.programme()
    grocer, other = await house.partner(programme, "grocer"), await house.partner(programme, "cinema")
    await house.ask(stub.SetPaymentTerms, pb.SetPaymentTermsRequest(terms=terms(grocer)), programme)
    maker: Person = await office.person("maker")
    for method, request in (
        (stub.SetPaymentTerms, pb.SetPaymentTermsRequest(terms=terms(grocer))),
        (stub.SetOperatorAccount, pb.SetOperatorAccountRequest(account=own_account())),
        (stub.ProposeOperatorAccount, pb.ProposeOperatorAccountRequest(account=own_account(), why="so")),
    ):
        assert (await refusal(method, request, maker.on(programme))).reason == Reason.REASON_PERMISSION_DENIED
    unknown = pb.SetPaymentTermsRequest(terms=terms(new_id()))
    error = await refusal(stub.SetPaymentTerms, unknown, house.as_host(programme))
    assert error.reason == Reason.REASON_PARTNER_UNKNOWN
    own, another = house.as_partner(programme, grocer), house.as_partner(programme, other)
    seen = await grpc_client.call(stub.ListPaymentTerms, pb.ListPaymentTermsRequest(), own)
    assert [each.account.iban for each in seen.versions] == [IBAN]
    till = house.as_partner(programme, grocer, "points:earn")
    error = await refusal(stub.ListPaymentTerms, pb.ListPaymentTermsRequest(), till)
    assert error.reason == Reason.REASON_PERMISSION_DENIED
    asked = pb.ListPaymentTermsRequest(partner_id=grocer.bytes)
    assert (await refusal(stub.ListPaymentTerms, asked, another)).reason == Reason.REASON_PARTNER_UNKNOWN
    nothing = pb.ListOperatorAccountsRequest()
    assert (await refusal(stub.ListOperatorAccounts, nothing, own)).reason == Reason.REASON_PERMISSION_DENIED


_ACCOUNT = ("--town", "Berlin", "--country", "de", "--postcode", "10115", "--street", "Allee 1")
_GROCER = (
    "--from",
    "2026-03-01",
    "--holder",
    "Grocer GmbH",
    "--iban",
    "DE89 3704 0044 0532 0130 00",
    *_ACCOUNT,
)
_OPERATOR = ("--from", "2026-01-01", "--holder", "Plaza B.V.", "--iban", OWN, *_ACCOUNT)


async def test_terms_and_account_from_the_command_line_in_a_test_programme(house: House) -> None:
    programme = await house.programme()
    await house.partner(programme, "grocer")
    of = ("-p", programme.slug)
    signed = ("--mandate", "M-17", "--mandate-signed", "2026-02-20", "--returned-fee", "7.50")
    made = await answer(house, "settle", "terms", "set", "grocer", *_GROCER, *signed, *of)
    assert (made["method"], made["account"]["iban"], made["returned_fee_minor"]) == (
        "direct_debit",
        IBAN,
        750,
    )
    assert made["mandate"] == {"id": "M-17", "signed_on": "2026-02-20", "scheme": "CORE"}
    unsigned = await command(
        house, "settle", "terms", "set", "grocer", *_GROCER, "--mandate", "M", *of, fails=True
    )
    assert "the date of its signature" in unsigned
    later = await answer(house, "settle", "terms", "set", "grocer", *_GROCER, "--due-days", "30", *of)
    assert (later["version"], later["method"], later["mandate"]) == (2, "invoice", None)
    told = await command(house, "settle", "terms", "list", "grocer", *of)
    assert "M-17" in told
    assert "direct debit" in told
    own = await answer(
        house, "settle", "account", "set", *_OPERATOR, "--creditor-id", "NL79 ZZZ 999999990000", *of
    )
    assert (own["account"]["iban"], own["creditor_id"]) == (OWN, "NL79ZZZ999999990000")
    assert OWN in await command(house, "settle", "account", "list", *of)


async def test_terms_and_account_are_proposed_and_approved_from_the_command_line(office: Office) -> None:
    house = office.house
    programme, _, _, _ = await office.live_desk()
    people = await people_of(house, "pricing", "checker")
    by, of = {role: person["token"] for role, person in people.items()}, ("-p", programme.slug)
    for words, listing in (
        (("terms", "propose", "grocer", *_GROCER), ("terms", "list", "grocer")),
        (("account", "propose", *_OPERATOR), ("account", "list")),
    ):
        told = await command(house, "settle", *words, "--why", "agreed", *of, staff_token=by["pricing"])
        draft_id = re.findall(r"drf_[0-9a-z]{26}", told)[0]
        seen = re.findall("hash: ([0-9a-f]{64})", told)[0]
        assert "iban" in told
        await command(house, "approvals", "approve", draft_id, "--hash", seen, *of, staff_token=by["checker"])
        (version,) = await answer(house, "settle", *listing, *of)
        assert (version["version"], version["draft"]) == (1, draft_id)
