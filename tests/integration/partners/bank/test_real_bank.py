"""Our files at a bank that somebody else wrote, and its answers matched: each case ends as the right outcome or break."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.partners.bank.pain import PaymentFile, payment_files
from services.partners.bank.reading import read_bank_file
from services.partners.domain.payments.bank_entries import BankItem
from services.partners.domain.payments.instructions import Direction, Instruction
from services.partners.domain.payments.legs import Leg, LegState
from services.partners.domain.payments.matching import (
    BreakType,
    Outcome,
    OutcomeKind,
    match_report,
    match_statement,
)
from services.partners.domain.payments.reference import end_to_end_id, payment_reference
from services.runtime.errors import InvalidRequest
from tests.support.mock_bank import OWN, OWN_BALANCE_MINOR, MockBank, mock_bank
from tests.support.payment_model import OWN_IBAN, account, instruction, own_account

CREATED_US = 1_772_445_600_000_000
WEDNESDAY = date(2026, 3, 4)


@pytest.fixture
def bank() -> Iterator[MockBank]:
    with mock_bank() as running:
        yield running


class Book:
    """What the operator keeps: legs, and which movements it has seen."""

    def __init__(self, bank: MockBank) -> None:
        self.bank = bank
        self.legs: tuple[Leg, ...] = ()
        self.seen: set[str] = set()
        self.files: tuple[PaymentFile, ...] = ()
        self.kept_minor = 0
        self.closing_minor = OWN_BALANCE_MINOR

    def instruct(self, *wanted: Instruction, number: int = 1) -> tuple[PaymentFile, ...]:
        """Hands files in; their legs are open from then on."""
        self.files = payment_files(own_account(), wanted, f"PLAZA-R{number}", CREATED_US)
        for file in self.files:
            assert self.bank.send(file.xml) == 202
            self.legs += tuple(_leg(each, file.message_id) for each in file.instructions)
        return self.files

    def invoice(self, number: int, amount_minor: int) -> Leg:
        """A partner that pays by transfer."""
        made = Leg(
            UUID(int=number), Direction.COLLECT, LegState.OPEN, amount_minor, "EUR",
            end_to_end_id(1, UUID(int=number)), payment_reference(1, UUID(int=number)), account(number).iban,
        )  # fmt: skip
        self.legs += (made,)
        return made

    def reports(self) -> list[Outcome]:
        """What the bank's new reports come to."""
        outcomes: list[Outcome] = []
        for each in self.bank.reports():
            found = match_report(each, self.legs)
            self.legs = found.legs
            outcomes += found.outcomes
        return outcomes

    def statements(self, days: int) -> list[Outcome]:
        """Lets days pass; what the bank's new statements come to. Balances go on from statement to statement."""
        self.bank.advance(days)
        outcomes: list[Outcome] = []
        for each in self.bank.statements():
            assert (each.opening_minor, each.gap_minor()) == (self.closing_minor, 0)
            self.closing_minor = each.closing_minor or 0
            found = match_statement(each, self.legs, {OWN_IBAN}, lambda item: item.key() in self.seen)
            self.seen |= {item.key() for item in each.items}
            self.legs = found.legs
            outcomes += found.outcomes
        self.kept_minor += sum(each.applied_minor + each.break_minor for each in outcomes)
        assert self.closing_minor == OWN_BALANCE_MINOR + self.kept_minor
        return outcomes

    def state(self, number: int) -> LegState:
        """How a leg stands."""
        return next(each.state for each in self.legs if each.leg_id == UUID(int=number))


@pytest.fixture
def book(bank: MockBank) -> Book:
    return Book(bank)


def _leg(wanted: Instruction, message_id: str) -> Leg:
    number = int(wanted.end_to_end_id.split("-")[1])
    return Leg(
        UUID(int=number), wanted.direction, LegState.INSTRUCTED, wanted.amount_minor, "EUR", wanted.end_to_end_id,
        payment_reference(1, UUID(int=number)), wanted.account.iban, message_id,
    )  # fmt: skip


def collection(number: int) -> Instruction:
    return instruction(number, Direction.COLLECT, on=WEDNESDAY)


def kinds(outcomes: Sequence[Outcome]) -> list[OutcomeKind]:
    return [each.kind for each in outcomes]


def breaks(outcomes: Sequence[Outcome]) -> list[tuple[BreakType | None, int]]:
    return [(each.break_type, each.break_minor) for each in outcomes if each.break_type]


def test_collections_and_payouts_are_taken_without_a_finding_and_settled(book: Book, bank: MockBank):
    files = book.instruct(collection(1), collection(2), instruction(3))
    for file in files:
        assert bank.ask("POST", "/_mock/validate", file.xml.replace(b"PLAZA-R1", b"PLAZA-R9"))[0] == 200
    assert kinds(book.reports()) == [OutcomeKind.NOTED] * 3
    outcomes = book.statements(3)
    assert kinds(outcomes) == [OutcomeKind.SETTLED] * 3
    assert [each.state for each in book.legs] == [LegState.SETTLED] * 3
    assert all(isinstance(each.item, BankItem) and not breaks([each]) for each in outcomes)


def test_a_payout_to_a_closed_account_is_rejected_and_no_money_moves(book: Book, bank: MockBank):
    bank.open_account("CLOSED", "NL03MOCK0000000006", behaviour="closed-account")
    closed = replace(account(1), iban="NL03MOCK0000000006")
    book.instruct(instruction(1, account=closed), instruction(2))
    outcomes = book.reports()
    assert [(each.kind, getattr(each.item, "reason", "")) for each in outcomes] == [
        (OutcomeKind.REJECTED, "AC04"), (OutcomeKind.NOTED, "")
    ]  # fmt: skip
    assert kinds(book.statements(1)) == [OutcomeKind.SETTLED]
    assert (book.state(1), book.state(2)) == (LegState.REJECTED, LegState.SETTLED)


def test_a_debit_from_who_has_nothing_is_rejected(book: Book, bank: MockBank):
    bank.open_account("POOR", "NL03MOCK0000000006", 100, "insufficient-funds")
    poor = replace(account(1), iban="NL03MOCK0000000006")
    book.instruct(instruction(1, Direction.COLLECT, account=poor, on=WEDNESDAY))
    (outcome,) = book.reports()
    assert (outcome.kind, getattr(outcome.item, "reason", "")) == (OutcomeKind.REJECTED, "AM04")
    assert book.statements(3) == []


def test_a_debit_that_is_refused_before_it_settles_is_rejected_by_a_later_report(book: Book, bank: MockBank):
    book.instruct(collection(1))
    assert kinds(book.reports()) == [OutcomeKind.NOTED]
    bank.refuse(collection(1).end_to_end_id, "MD01")
    assert kinds(book.reports()) == [OutcomeKind.REJECTED]
    assert book.statements(3) == []


def test_a_debit_that_comes_back_after_it_was_settled_is_due_again_and_can_be_paid_by_transfer(
    book: Book, bank: MockBank
):
    book.instruct(collection(1))
    book.reports()
    assert kinds(book.statements(3)) == [OutcomeKind.SETTLED]
    bank.advance(18)
    bank.refuse(collection(1).end_to_end_id, "MD06")
    (outcome,) = book.statements(3)
    assert (outcome.kind, outcome.applied_minor, getattr(outcome.item, "reason", "")) == (
        OutcomeKind.RETURNED, -10_001, "MD06"
    )  # fmt: skip
    assert book.state(1) is LegState.RETURNED
    bank.pay_in(10_001, f"sorry {payment_reference(1, UUID(int=1))}")
    assert kinds(book.statements(1)) == [OutcomeKind.SETTLED]


def test_a_payout_that_comes_back_three_days_later_is_owed_again(book: Book, bank: MockBank):
    bank.behave(OWN, behaviour="return-later", parameters={"days": 3, "reason": "AC04"})
    book.instruct(instruction(1))
    book.reports()
    assert kinds(book.statements(1)) == [OutcomeKind.SETTLED]
    (outcome,) = book.statements(5)
    assert (outcome.kind, outcome.applied_minor, book.state(1)) == (
        OutcomeKind.RETURNED, 10_001, LegState.RETURNED
    )  # fmt: skip


def test_money_that_nobody_expects_is_a_break_of_all_of_it(book: Book, bank: MockBank):
    book.invoice(1, 5_000)
    bank.pay_in(4_711, "thank you for the music")
    outcomes = book.statements(1)
    assert breaks(outcomes) == [(BreakType.UNKNOWN_REFERENCE, 4_711)]
    assert book.state(1) is LegState.OPEN


def test_an_invoice_is_paid_in_two_parts_and_then_too_much(book: Book, bank: MockBank):
    due = book.invoice(1, 5_000)
    for amount in (2_000, 3_000, 10):
        bank.pay_in(amount, f"invoice {due.creditor_reference}")
    outcomes = book.statements(1)
    assert kinds(outcomes) == [OutcomeKind.PART, OutcomeKind.SETTLED, OutcomeKind.BREAK]
    assert breaks(outcomes) == [(BreakType.PARTIAL, 0), (BreakType.DUPLICATE, 10)]
    assert book.state(1) is LegState.SETTLED


def test_an_invoice_is_known_by_its_reference_in_groups_and_by_amount_and_account(book: Book, bank: MockBank):
    first, second = book.invoice(1, 5_000), book.invoice(2, 6_000)
    grouped = " ".join(first.creditor_reference[place : place + 4] for place in range(0, 25, 4))
    bank.pay_in(5_000, f"pays {grouped} of march")
    bank.pay_in(6_000, "settlement", iban=second.counterparty_iban)
    assert kinds(book.statements(1)) == [OutcomeKind.SETTLED] * 2


def test_a_file_that_is_handed_in_twice_is_refused_and_pays_once(book: Book, bank: MockBank):
    (file,) = book.instruct(instruction(1))
    book.reports()
    assert bank.send(file.xml) == 422
    assert breaks(book.reports()) == [(BreakType.DUPLICATE, 0)]
    assert book.state(1) is LegState.INSTRUCTED
    assert kinds(book.statements(1)) == [OutcomeKind.SETTLED]


def test_a_file_that_the_bank_rejects_is_rejected_with_all_that_was_in_it(book: Book, bank: MockBank):
    bank.behave(OWN, behaviour="reject-file")
    files = payment_files(own_account(), [instruction(1), instruction(2)], "PLAZA-R1", CREATED_US)
    assert bank.send(files[0].xml) == 422
    book.legs = tuple(_leg(each, files[0].message_id) for each in files[0].instructions)
    assert kinds(book.reports()) == [OutcomeKind.REJECTED] * 2
    assert book.statements(1) == []


def test_a_statement_that_leaves_an_entry_out_shows_it(bank: MockBank):
    bank.behave(OWN, behaviour="statement-gap")
    bank.pay_in(1_000, "one")
    bank.pay_in(2_000, "two")
    bank.advance(1)
    (statement,) = bank.statements()
    assert (len(statement.items), statement.gap_minor()) == (1, 2_000)


def test_a_notification_is_told_to_be_none_of_what_is_read(bank: MockBank):
    bank.pay_in(1_000, "one")
    (notification,) = bank.notifications()
    with pytest.raises(InvalidRequest, match=r"camt\.054 is not read"):
        read_bank_file([notification])
