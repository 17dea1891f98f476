"""A clearing house that settles: partners with taxes, accounts and mandates, two people of the operator's, and statements to settle."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from coalition.partners.v1 import (
    approvals_pb2,
    clearing_pb2,
    payment_terms_pb2,
    tax_pb2,
)
from coalition.partners.v1 import settlement_pb2 as pb
from coalition.partners.v1.payment_terms_pb2_grpc import PaymentTermsServiceStub
from coalition.partners.v1.settlement_pb2_grpc import SettlementServiceStub
from coalition.partners.v1.tax_pb2_grpc import TaxServiceStub

from services.runtime import grpc_client
from services.runtime.clock import MICROS_PER_SECOND
from services.runtime.grpc_client import open_channel
from services.runtime.principal import Programme
from tests.support.partners import DAY_US, House
from tests.support.partners_office import Office, Person
from tests.support.payment_model import OWN_IBAN, iban

#: Monday 2026-02-23 00:00 in Amsterdam: the first window ends a week later, when the bank's clock starts.
STARTS_AT_US: Final = 1_771_801_200 * MICROS_PER_SECOND
WEEK_US: Final = 7 * DAY_US
ZONE: Final = "Europe/Amsterdam"
#: Basis points of tax on points and fees, and on reimbursements.
TAX: Final = (2_000, 2_000)


@dataclass
class Settling:
    """A programme in euros with partners that can be settled."""

    office: Office
    programme: Programme
    maker: Person
    checker: Person
    settlement: SettlementServiceStub
    terms: PaymentTermsServiceStub
    tax: TaxServiceStub
    partners: dict[str, UUID]

    @property
    def house(self) -> House:
        return self.office.house

    async def host(self, method: Any, request: Any) -> Any:
        return await grpc_client.call(method, request, self.house.as_host(self.programme), 60)

    async def partner(
        self,
        slug: str,
        prices: tuple[int, int] = (10_000, 8_000),
        method: str = "direct_debit",
        taxes: tuple[int, int] = TAX,
        **terms: Any,
    ) -> UUID:
        """A partner with prices in micros, tax rates in basis points, and an account of its own."""
        partner_id = await self.house.partner(self.programme, slug, *prices)
        self.partners[slug] = partner_id
        await self.set_tax(slug, taxes)
        await self.set_terms(slug, method, **terms)
        return partner_id

    async def set_tax(self, slug: str, taxes: tuple[int, int] = TAX, entity: int = 1) -> None:
        supplies, reimbursement = taxes
        rules = [
            tax_pb2.TaxRule(supply=supply, category=tax_pb2.TAX_CATEGORY_STANDARD, rate_basis_points=rate)
            for supply, rate in (
                (tax_pb2.SUPPLY_POINTS, supplies),
                (tax_pb2.SUPPLY_FEES, supplies),
                (tax_pb2.SUPPLY_REIMBURSEMENT, reimbursement),
            )
        ]
        # Security, which no tax is on.
        rules.append(
            tax_pb2.TaxRule(
                supply=tax_pb2.SUPPLY_PREFUNDING,
                category=tax_pb2.TAX_CATEGORY_OUTSIDE,
                exemption_text="Security for what is owed: outside the scope of tax",
            )
        )
        data = tax_pb2.TaxData(
            partner_id=self.partners[slug].bytes,
            legal_entity=entity,
            valid_from_us=STARTS_AT_US,
            party=party(f"{slug.title()} GmbH", f"DE{123456780 + len(self.partners)}"),
            rules=rules,
            self_billing=tax_pb2.SelfBilling(
                reference=f"SB-{slug}", agreed_on="2026-01-15", objection_days=14
            ),
        )
        await self.host(self.tax.SetTaxData, tax_pb2.SetTaxDataRequest(data=data))

    async def set_terms(self, slug: str, method: str = "direct_debit", **terms: Any) -> None:
        pays = payment_terms_pb2
        debit = method == "direct_debit"
        said = pays.PaymentTerms(
            partner_id=self.partners[slug].bytes,
            method=pays.PAYMENT_METHOD_DIRECT_DEBIT if debit else pays.PAYMENT_METHOD_INVOICE,
            account=account(f"{slug.title()} GmbH", self.iban(slug)),
            valid_from=terms.pop("valid_from", "2026-02-01"),
        )
        for name, value in {"prenotification_days": 3, "due_days": 5, "reminder_days": 7, **terms}.items():
            setattr(said, name, value)
        if debit:
            said.mandate.CopyFrom(
                pays.Mandate(mandate_id=f"M-{slug}", signed_on="2026-01-20", scheme=pays.MANDATE_SCHEME_CORE)
            )
        await self.host(self.terms.SetPaymentTerms, pays.SetPaymentTermsRequest(terms=said))

    def iban(self, slug: str) -> str:
        """The account of a partner: at a bank that is not the operator's."""
        return iban(100 + sorted(self.partners).index(slug) if slug in self.partners else 99, "ELSE")

    async def week(self, number: int, *facts: Any) -> None:
        """Posts facts into the window of a week (from 1), ends it, and states it."""
        if facts:
            await self.house.ledger.post(self.programme, *facts)
        await self.now(STARTS_AT_US + number * WEEK_US)
        await self.house.rate_now(self.programme)
        await self.house.close(self.programme)

    async def now(self, at_us: int) -> None:
        """Moves programme time on, for the ledger and for what this service knows of it."""
        await self.house.ledger.move_clock(self.programme, at_us)
        await self.house.rate_now(self.programme)

    async def fee(
        self,
        slug: str,
        fee_minor: int,
        cycle: clearing_pb2.BillingCycle.ValueType = clearing_pb2.BILLING_CYCLE_WINDOW,
    ) -> None:
        """A fee with each statement."""
        terms = clearing_pb2.BillingTerms(
            partner_id=self.partners[slug].bytes, cycle=cycle, cycle_fee_minor=fee_minor
        )
        await self.host(self.house.clearing.SetBilling, clearing_pb2.SetBillingRequest(terms=terms))

    async def drafted(self, until: int = 0, who: Person | None = None) -> pb.DraftRunResponse:
        request = pb.DraftRunRequest(until_window=until, why="the month")
        person = (who or self.maker).on(self.programme)
        return await grpc_client.call(self.settlement.DraftRun, request, person, 60)

    async def approved(self, drafted: pb.DraftRunResponse, who: Person | None = None) -> None:
        request = approvals_pb2.ApproveDraftRequest(
            draft_id=drafted.draft.draft_id, sha256=drafted.draft.sha256, why="seen"
        )
        person = (who or self.checker).on(self.programme)
        await grpc_client.call(self.office.approvals.ApproveDraft, request, person, 60)

    async def instruct(self, number: int, who: Person | None = None) -> pb.InstructRunResponse:
        person = (who or self.maker).on(self.programme)
        request = pb.InstructRunRequest(number=number)
        return await grpc_client.call(self.settlement.InstructRun, request, person, 60)

    async def settled(self, until: int = 0) -> pb.GetRunResponse:
        """A run that was drafted, approved and instructed."""
        drafted = await self.drafted(until)
        await self.approved(drafted)
        await self.instruct(drafted.run.number)
        return await self.run(drafted.run.number)

    async def run(self, number: int) -> pb.GetRunResponse:
        return await self.host(self.settlement.GetRun, pb.GetRunRequest(number=number))

    async def state(self, number: int) -> str:
        return pb.RunState.Name((await self.run(number)).run.state).removeprefix("RUN_STATE_").lower()

    async def files(self, run: pb.GetRunResponse) -> list[bytes]:
        """The bank's files of a run."""
        found = [
            await self.host(self.settlement.GetBankFile, pb.GetBankFileRequest(number=each.number))
            for each in run.files
        ]
        return [each.body for each in found]

    async def receive(self, body: bytes, who: Person | None = None) -> pb.ReceiveBankMessageResponse:
        """Hands over a message of the bank, in pieces."""

        async def pieces() -> AsyncIterator[pb.ReceiveBankMessageRequest]:
            for start in range(0, len(body), 1_000):
                yield pb.ReceiveBankMessageRequest(chunk=body[start : start + 1_000])

        principal = (who or self.maker).on(self.programme)
        return await grpc_client.call(self.settlement.ReceiveBankMessage, pieces(), principal, 60)

    def slug_of(self, partner_id: bytes) -> str:
        return next((slug for slug, each in self.partners.items() if each.bytes == partner_id), "")

    def dues(self, run: pb.GetRunResponse) -> dict[str, int]:
        return {self.slug_of(each.partner_id): each.due_minor for each in run.positions}

    async def accounts(self) -> dict[tuple[str, str], int]:
        """What accounts hold; every one of them must be explained, and all of them sum to zero."""
        found = (await self.host(self.settlement.GetAccounts, pb.GetAccountsRequest())).accounts
        for each in found:
            assert each.balance_minor == each.explained_minor, each
        assert sum(each.balance_minor for each in found) == 0
        return {
            (each.account, self.slug_of(each.partner_id)): each.balance_minor
            for each in found
            if each.balance_minor
        }


def party(name: str, vat_id: str) -> tax_pb2.DocumentParty:
    """Whoever a document is from or to."""
    return tax_pb2.DocumentParty(
        legal_name=name,
        street="Hauptstraße 1",
        city="Köln",
        postcode="50667",
        country="DE",
        vat_id=vat_id,
        registration_id="HRB 815",
        email="books@example.com",
    )


def account(holder: str, number: str) -> payment_terms_pb2.BankAccount:
    """A bank account."""
    address = payment_terms_pb2.PaymentAddress(
        street="Hauptstraße 1", town="Köln", postcode="50667", country="DE"
    )
    return payment_terms_pb2.BankAccount(holder=holder, iban=number, address=address)


async def settling_of(office: Office) -> Settling:
    """A programme in euros, without partners; the operator's own data and account are set."""
    programme = await office.house.programme(starts_at_us=STARTS_AT_US, zone=ZONE, currency="EUR")
    channel = open_channel(office.house.target)
    found = Settling(
        office,
        programme,
        await office.person("maker"),
        await office.person("checker"),
        SettlementServiceStub(channel),
        PaymentTermsServiceStub(channel),
        TaxServiceStub(channel),
        {},
    )
    await found.now(STARTS_AT_US)
    own = tax_pb2.OperatorData(valid_from_us=STARTS_AT_US, party=party("Plaza Points B.V.", "DE999999999"))
    await found.host(found.tax.SetOperatorData, tax_pb2.SetOperatorDataRequest(data=own))
    at = payment_terms_pb2.OperatorAccount(
        account=account("Plaza Points B.V.", OWN_IBAN),
        creditor_id="NL79ZZZ999999990000",
        valid_from=date(2026, 1, 1).isoformat(),
    )
    await found.host(found.terms.SetOperatorAccount, payment_terms_pb2.SetOperatorAccountRequest(account=at))
    return found
