"""Accounts, terms and legs as tests of payments need them."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.partners.domain.payments.accounts import Address, BankAccount, OperatorAccount
from services.partners.domain.payments.bank_entries import BankItem, BankStatement
from services.partners.domain.payments.instructions import Direction, Instruction, Sequence
from services.partners.domain.payments.legs import Leg, LegState
from services.partners.domain.payments.reference import creditor_reference
from services.partners.domain.payments.terms import Mandate, Method, PaymentTerms, Scheme

OWN_IBAN = "NL30MOCK0000000005"
MONDAY = date(2026, 3, 2)


def iban(number: int, bank: str = "MOCK") -> str:
    """A Dutch IBAN of a bank that does not exist."""
    account = f"{bank}{number:010}"
    figures = "".join(str(int(each, 36)) for each in f"{account}NL00")
    return f"NL{98 - int(figures) % 97:02}{account}"


def account(number: int = 7, holder: str = "Grocer GmbH") -> BankAccount:
    """A partner's account."""
    return BankAccount(holder, iban(number, "ELSE"), "", Address("Hauptstraße 1", "Köln", "50667", "DE"))


def own_account() -> OperatorAccount:
    """The operator's account, with a creditor identifier."""
    own = BankAccount(
        "Plaza Points B.V.", OWN_IBAN, "MOCKNL2A", Address("Kade 2", "Amsterdam", "1011 AB", "NL")
    )
    return OperatorAccount(own, "NL79ZZZ999999990000", date(2026, 1, 1)).checked()


def mandate(number: int = 1) -> Mandate:
    """A mandate of February 2026."""
    return Mandate(f"M-{number}", date(2026, 2, 2), Scheme.CORE)


def terms(**changes: object) -> PaymentTerms:
    """Terms of a partner that pays by invoice, changed as wanted."""
    said: dict[str, object] = {
        "partner_id": UUID(int=1), "method": Method.INVOICE, "account": account(), "valid_from": date(2026, 3, 1)
    }  # fmt: skip
    return PaymentTerms(**{**said, **changes})  # pyright: ignore[reportArgumentType]


def instruction(number: int = 1, direction: Direction = Direction.PAYOUT, **changes: object) -> Instruction:
    """A payment to, or of, a partner."""
    collects = direction is Direction.COLLECT
    said: dict[str, object] = {
        "direction": direction,
        "amount_minor": 10_000 + number,
        "currency": "EUR",
        "end_to_end_id": f"R1-{number:012}-1",
        "account": account(number),
        "on": MONDAY,
        "remittance": f"Settlement 1, document {number}",
        "mandate": mandate(number) if collects else None,
        "sequence": Sequence.RCUR if collects else None,
    }
    return Instruction(**{**said, **changes})  # pyright: ignore[reportArgumentType]


def leg(number: int = 1, **changes: object) -> Leg:
    """A collection of 100.00 that the bank was told of, changed as wanted."""
    said: dict[str, object] = {
        "leg_id": UUID(int=number),
        "direction": Direction.COLLECT,
        "state": LegState.INSTRUCTED,
        "amount_minor": 10_000,
        "currency": "EUR",
        "end_to_end_id": f"R1-{number:012}-1",
        "creditor_reference": creditor_reference(f"1{number:06}"),
        "counterparty_iban": iban(number, "ELSE"),
        "message_id": "R1-C-1",
    }
    return Leg(**{**said, **changes})  # pyright: ignore[reportArgumentType]


def item(amount_minor: int, number: int = 1, **changes: object) -> BankItem:
    """A movement on the operator's account."""
    said: dict[str, object] = {
        "entry": number,
        "detail": 1,
        "bank_reference": f"B{number}",
        "booked_on": MONDAY,
        "value_on": MONDAY,
        "amount_minor": amount_minor,
        "currency": "EUR",
    }
    return BankItem(**{**said, **changes})  # pyright: ignore[reportArgumentType]


def statement(*items: BankItem, **changes: object) -> BankStatement:
    """A statement of the operator's account with these movements, which its balances add up with."""
    said: dict[str, object] = {
        "statement_id": "S1-1",
        "number": "1",
        "account_iban": OWN_IBAN,
        "currency": "EUR",
        "opening_minor": 0,
        "closing_minor": sum(each.amount_minor for each in items),
        "items": items,
    }
    return BankStatement(**{**said, **changes})  # pyright: ignore[reportArgumentType]
