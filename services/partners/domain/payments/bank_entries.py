"""What a bank says, read: reports on payments that it was told of, and statements of an account. Amounts are minor units."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

NOT_PROVIDED = "NOTPROVIDED"


class Status(StrEnum):
    """How far a payment is, by a bank. Source: ISO 20022 external code set, payment transaction status."""

    ACCEPTED = "accepted"
    """On its way, or settled; only a statement says that money has moved."""
    PENDING = "pending"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class StatusItem:
    """What a bank says of one payment, by its end-to-end id; `code` as it said it (ACCP, RJCT…), `reason` its code or empty."""

    end_to_end_id: str
    status: Status
    code: str
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What a bank says of a file that it was given (pain.002).

    `whole`: what it says of the file as such, where it says that: a file that is rejected has no items. `batches`: of parts of
    it, by the id of the part.
    """

    message_id: str
    original_message_id: str
    whole: StatusItem | None
    batches: tuple[StatusItem, ...]
    items: tuple[StatusItem, ...]


@dataclass(frozen=True, slots=True)
class BankItem:
    """One movement on an account: a transaction of an entry, or the entry itself where it tells of none.

    `entry`, `detail`: its place, from 1 (detail 0: the entry itself, or what its transactions leave over of it); `amount_minor`:
    above zero came in, below went out; `bank_reference`: the bank's own, the same in every statement that shows it; `remittance`:
    what the payer wrote; `creditor_reference`: where it is told apart; `reason`: why it came back; `charge_minor`: what of the
    amount the bank says to be its own charge, below zero where it took it.
    """

    entry: int
    detail: int
    bank_reference: str
    booked_on: date
    value_on: date
    amount_minor: int
    currency: str
    end_to_end_id: str = ""
    creditor_reference: str = ""
    remittance: str = ""
    is_return: bool = False
    reason: str = ""
    counterparty: str = ""
    counterparty_iban: str = ""
    charge_minor: int = 0

    @property
    def before_charge_minor(self) -> int:
        """What it was before the bank took its charge."""
        return self.amount_minor - self.charge_minor

    def key(self) -> str:
        """The same for the same movement in another statement; empty: the bank gave it no reference."""
        if not self.bank_reference:
            return ""
        # A batch may have one reference for all that is in it.
        return (
            f"{self.bank_reference}/{self.detail}/{self.booked_on}/{self.amount_minor}/{self.end_to_end_id}"
        )


@dataclass(frozen=True, slots=True)
class BankStatement:
    """A statement of an account (camt.053). `number`: as the bank counts them; balances None where they are not told.

    `unbooked`: entries that are announced only; they are not among the items. `closed_on`: the day of the closing balance.
    """

    statement_id: str
    number: str
    account_iban: str
    currency: str
    opening_minor: int | None
    closing_minor: int | None
    items: tuple[BankItem, ...]
    unbooked: int = 0
    closed_on: date | None = None

    def gap_minor(self) -> int:
        """By how much the balances differ beyond what the items say; 0: nothing is missing, or a balance is not told."""
        if self.opening_minor is None or self.closing_minor is None:
            return 0
        return self.closing_minor - self.opening_minor - sum(each.amount_minor for each in self.items)
