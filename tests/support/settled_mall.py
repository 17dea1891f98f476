"""A Mall that settles: contracts of everybody in it, runs by two people of the staff, and a bank that books what it is told to."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from services.operations import approvals, ledger, payment_terms, runs, settlement, tax
from services.operations.documents import Document
from services.operations.payment_terms import Figures
from services.operations.session import Session, open_session
from services.runtime.clock import to_micros
from tests.support.bank_files import camt, camt_statement, entry
from tests.support.operators_mall import STARTS_AT, WEEK, Mall
from tests.support.payment_model import OWN_IBAN, iban

CREDITOR_ID: Final = "NL79ZZZ999999990000"
# As bank_files numbers them: its first statement is the seventh.
_COUNTED: Final = 6
_FIGURES: Final = Figures(
    prenotification_days=14,
    due_days=14,
    least_payout_minor=0,
    reminder_days=7,
    reminders_max=3,
    late_interest_bp=0,
    returned_fee_minor=0,
    suspend_after_days=0,
)


@dataclass
class SettledMall:
    """A mall whose partners can be settled: 20 % tax on points and fees, 10 % on reimbursements, all by direct debit."""

    mall: Mall
    maker: Session
    checker: Session
    folder: Path
    statements: int = 0
    bank_minor: int = 0

    def bank_says(self, payments: Sequence[dict[str, Any]]) -> bytes:
        """The bank's next statement, on which all payments are booked."""
        self.statements += 1
        said, self.bank_minor = statement_of(payments, self.statements, self.bank_minor)
        return said

    async def now(self, moment: Any) -> None:
        """Moves programme time on."""
        await ledger.move_clock(self.mall.session, self.mall.programme, to_micros(moment))

    async def close(self, window: int) -> None:
        """Ends a week (from 1) and states it, once all of it is rated; a minute of the next week has passed then."""
        end = STARTS_AT + window * WEEK
        await self.now(end + timedelta(minutes=1))
        await settlement.close(self.mall.session, self.mall.programme, to_micros(end))

    async def settled(self, why: str) -> Document:
        """A run that was drafted, approved by another person, and instructed."""
        programme = self.mall.programme
        drafted = await runs.draft(self.maker, programme, 0, why)
        seen = await runs.whole(self.maker, programme, drafted.run.number)
        await approvals.approve(self.checker, programme, seen["draft"], seen["hash"], "seen")
        await runs.instruct(self.maker, programme, drafted.run.number)
        return await runs.whole(self.maker, programme, drafted.run.number)

    async def paid(self, run: Document) -> None:
        """The bank books all payments of a run, on its whole; all that was to come and to go then has."""
        path = self.folder / f"statement-{run['number']}.xml"
        path.write_bytes(self.bank_says(run["payments"]))
        answer = await runs.receive(self.maker, self.mall.programme, path)
        assert [each.outcome for each in answer.items] == ["settled"] * len(run["payments"])
        now = await runs.whole(self.maker, self.mall.programme, run["number"])
        assert now["state"] == "settled"

    async def accounts(self) -> dict[tuple[str, str], int]:
        """What accounts hold, in minor units by name and partner; every one is explained, and all sum to zero."""
        slugs = await runs.slugs_of(self.mall.session, self.mall.programme)
        found = [
            runs.account_document(each, slugs)
            for each in await runs.accounts(self.maker, self.mall.programme)
        ]
        assert [each for each in found if each["difference_minor"]] == []
        assert sum(each["balance_minor"] for each in found) == 0
        return {
            (each["account"], each["partner"] or ""): each["balance_minor"]
            for each in found
            if each["balance_minor"]
        }


def dues(run: Document) -> dict[str, int]:
    """What each partner owes in a run, minor units; below zero it is owed that."""
    return {each["partner"]: each["due_minor"] for each in run["positions"]}


def statement_of(
    payments: Sequence[dict[str, Any]], number: int = 1, opening_minor: int = 0
) -> tuple[bytes, int]:
    """A statement of the bank, counted from 1, on which all payments are booked; and what is on the account then."""
    entries: list[str] = []
    total = opening_minor
    for each in payments:
        amount = each["amount_minor"]
        side = "CRDT" if each["direction"] == "collect" else "DBIT"
        total += amount if side == "CRDT" else -amount
        inner = f"<TxDtls><Refs><EndToEndId>{each['end_to_end_id']}</EndToEndId></Refs></TxDtls>"
        entries.append(entry(_written(amount), side, inner, reference=each["end_to_end_id"]))
    written = camt_statement(
        *entries, opening=_written(opening_minor), closing=_written(total), number=_COUNTED + number
    )
    return camt(written), total


def _written(amount_minor: int) -> str:
    return f"{amount_minor // 100}.{amount_minor % 100:02}"


@asynccontextmanager
async def settled_mall(mall: Mall, folder: Path) -> AsyncGenerator[SettledMall]:
    """The mall with everybody's companies, taxes, accounts and mandates, until the block ends."""
    await _operator(mall)
    for number, slug in enumerate(mall.tills, start=1):
        await _partner(mall, slug, number)
    environment = mall.environment
    async with (
        open_session(environment, mall.staff["maker"], 60) as maker,
        open_session(environment, mall.staff["checker"], 60) as checker,
    ):
        yield SettledMall(mall, maker, checker, folder)


async def _operator(mall: Mall) -> None:
    said = {"party": _party("Operator", "NL999999999B01")}
    await tax.set_operator_data(
        mall.session, mall.programme, tax.operator_data_from(said, to_micros(STARTS_AT))
    )
    account = payment_terms.account_of("Operator B.V.", OWN_IBAN, "", "Kade 1", "Amsterdam", "1011 AB", "NL")
    own = payment_terms.operator_of(account, CREDITOR_ID, _signed())
    await payment_terms.set_account(mall.session, mall.programme, own)


async def _partner(mall: Mall, slug: str, number: int) -> None:
    session, programme = mall.session, mall.programme
    rates = {"points": 20, "fees": 20, "reimbursement": 10}
    said = {
        "party": _party(slug.title(), f"NL{number:09}B01"),
        "rules": {supply: {"category": "S", "rate": rate} for supply, rate in rates.items()},
        "self_billing": {"reference": f"SB-{number}", "agreed_on": _signed(), "objection_days": 14},
    }
    data = await tax.tax_data_from(session, programme, slug, 1, said, to_micros(STARTS_AT))
    await tax.set_tax_data(session, programme, data)
    account = payment_terms.account_of(
        slug.title(), iban(number, "ELSE"), "", "Kade 1", "Amsterdam", "1011 AB", "NL"
    )
    mandate = payment_terms.mandate_of(f"M-{slug}", _signed(), "core")
    terms = await payment_terms.terms_of(session, programme, slug, account, _signed(), mandate, **_FIGURES)
    await payment_terms.set_terms(session, programme, terms)


def _signed() -> date:
    return STARTS_AT.date()


def _party(name: str, vat_id: str) -> dict[str, str]:
    return {
        "legal_name": f"{name} B.V.",
        "street": "Kade 1",
        "city": "Amsterdam",
        "postcode": "1011 AB",
        "country": "NL",
        "vat_id": vat_id,
    }
