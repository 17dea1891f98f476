"""The accounts of the clearing house: money by double entry, in minor units, debit above zero and credit below.

What a partner owes is a debit of its account. So the balance of `partner` is what documents made it owe, less what was paid; the
balance of `bank` is what the bank says is there because of settlement; and all balances of a programme sum to zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID


class Account(StrEnum):
    """An account. Those of partners are kept partner by partner."""

    PARTNER = "partner"
    """What a partner owes by its documents, less what was paid (above zero), or is owed."""
    DISPUTED = "disputed"
    """What a partner withholds until a dispute is decided; it is owed, and nobody collects it."""
    PREPAID = "prepaid"
    """What a partner has paid ahead by prepayment invoices."""
    BANK = "bank"
    SUSPENSE = "suspense"
    """Money at the bank that nothing of ours explains yet."""
    POINTS = "points"
    """What issuers were invoiced for points."""
    FEES = "fees"
    REIMBURSEMENT = "reimbursement"
    """What redeemers were credited for points burned."""
    TAX_CHARGED = "tax_charged"
    """Tax on what the operator supplies: it owes that to the tax office."""
    TAX_PAID = "tax_paid"
    """Tax on what partners supply to the operator."""
    CHARGES = "charges"
    """Interest on what is late, and fees for debits that came back."""
    BANK_CHARGES = "bank_charges"
    """What the bank took for itself."""
    WRITTEN_OFF = "written_off"


OF_PARTNERS: Final = frozenset({Account.PARTNER, Account.DISPUTED, Account.PREPAID})


class JournalKind(StrEnum):
    """Why money moved between accounts."""

    DOCUMENT = "document"
    COLLECTED = "collected"
    PAID_OUT = "paid_out"
    RETURNED = "returned"
    RECEIVED = "received"
    """Came in, or went out, at the bank, and nothing of ours explains it: it waits in suspense."""
    ALLOCATED = "allocated"
    REFUNDED = "refunded"
    WITHHELD = "withheld"
    LET_GO = "let_go"
    CHARGED = "charged"
    SET_OFF = "set_off"
    """What a partner owes is paid by what it has paid ahead."""
    WRITTEN_OFF = "written_off"
    BANK_CHARGED = "bank_charged"
    """The bank took its charge, or gave one back, as it says itself."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a journal: debit above zero, credit below, never zero. `partner_id`: of the accounts that partners have."""

    account: Account
    partner_id: UUID | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Journal:
    """A movement between accounts; what it is about is named where there is such a thing."""

    kind: JournalKind
    entries: tuple[Entry, ...]
    run_number: int | None = None
    document_id: UUID | None = None
    payment_id: UUID | None = None
    break_number: int | None = None
    dispute_id: UUID | None = None
    why: str = ""

    def __post_init__(self) -> None:
        if len(self.entries) < 2 or sum(each.amount_minor for each in self.entries):
            raise ValueError(f"the entries of a journal of {self.kind} do not balance")


def entries(amounts: Mapping[Account, int], partner_id: UUID) -> tuple[Entry, ...]:
    """Entries of a movement with one partner, by account; what is zero is left out."""
    return tuple(
        Entry(account, partner_id if account in OF_PARTNERS else None, amount)
        for account, amount in amounts.items()
        if amount
    )


def booked(partner_id: UUID, payment_id: UUID, run_number: int | None, received_minor: int) -> Journal:
    """Money of a payment at the bank: above zero it came from the partner, below it went there."""
    kind = JournalKind.COLLECTED if received_minor > 0 else JournalKind.PAID_OUT
    moved = entries({Account.BANK: received_minor, Account.PARTNER: -received_minor}, partner_id)
    return Journal(kind, moved, run_number, payment_id=payment_id)


def returned(partner_id: UUID, payment_id: UUID, run_number: int | None, received_minor: int) -> Journal:
    """A payment that came back: `received_minor` as the bank books it, so below zero for a debit that its payer took back.

    What was settled is open again.
    """
    moved = entries({Account.BANK: received_minor, Account.PARTNER: -received_minor}, partner_id)
    return Journal(JournalKind.RETURNED, moved, run_number, payment_id=payment_id)


def charged(
    partner_id: UUID, payment_id: UUID, run_number: int | None, amount_minor: int, why: str
) -> Journal:
    """What a partner owes by its contract for a debit that came back, or for being late."""
    moved = entries({Account.PARTNER: amount_minor, Account.CHARGES: -amount_minor}, partner_id)
    return Journal(JournalKind.CHARGED, moved, run_number, payment_id=payment_id, why=why)


def bank_charged(payment_id: UUID | None, received_minor: int) -> Journal:
    """What the bank says to be its charge: below zero it took it. `payment_id`: what it took it for, where it says so."""
    moved = (Entry(Account.BANK, None, received_minor), Entry(Account.BANK_CHARGES, None, -received_minor))
    return Journal(JournalKind.BANK_CHARGED, moved, payment_id=payment_id)


def set_off(partner_id: UUID, run_number: int, amount_minor: int) -> Journal:
    """What a partner owes is paid, above zero, by what is held of it."""
    moved = entries({Account.PREPAID: amount_minor, Account.PARTNER: -amount_minor}, partner_id)
    return Journal(JournalKind.SET_OFF, moved, run_number)


def unexplained(break_number: int, received_minor: int, payment_id: UUID | None = None) -> Journal:
    """Money at the bank that nothing explains: above zero it came in."""
    moved = (
        Entry(Account.BANK, None, received_minor),
        Entry(Account.SUSPENSE, None, -received_minor),
    )
    return Journal(JournalKind.RECEIVED, moved, payment_id=payment_id, break_number=break_number)


def out_of_suspense(
    kind: JournalKind, break_number: int, received_minor: int, to: Account, partner_id: UUID | None, why: str
) -> Journal:
    """What waited in suspense goes to where it belongs: a partner's account, back through the bank, or is written off."""
    moved = (
        Entry(Account.SUSPENSE, None, received_minor),
        Entry(to, partner_id if to in OF_PARTNERS else None, -received_minor),
    )
    return Journal(kind, moved, break_number=break_number, why=why)


def balances(of: Iterable[Entry]) -> dict[tuple[Account, UUID | None], int]:
    """What entries sum to, by account and partner."""
    found: dict[tuple[Account, UUID | None], int] = {}
    for each in of:
        key = each.account, each.partner_id
        found[key] = found.get(key, 0) + each.amount_minor
    return found
