"""Legs: the payments of settlement runs as a bank's answers are matched against them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from services.partners.domain.payments.bank_entries import BankItem
from services.partners.domain.payments.instructions import Direction
from services.partners.domain.payments.reference import creditor_references


class LegState(StrEnum):
    """How a leg stands."""

    OPEN = "open"
    """To be paid by transfer: an invoice, or a debit that is not tried again."""
    INSTRUCTED = "instructed"
    """The bank was told."""
    REJECTED = "rejected"
    """The bank will not do it; no money has moved."""
    SETTLED = "settled"
    """All of it was paid."""
    RETURNED = "returned"
    """It was paid, and came back."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One payment of a partner. `amount_minor` > 0; `paid_minor`: 0 to that, what the bank has booked of it, less returns.

    `booked_minor`: what of that came by the instruction itself: only that can come back. `creditor_reference`:
    what a payer names; `message_id`: of the file that told the bank, or empty.
    """

    leg_id: UUID
    direction: Direction
    state: LegState
    amount_minor: int
    currency: str
    end_to_end_id: str
    creditor_reference: str = ""
    counterparty_iban: str = ""
    message_id: str = ""
    paid_minor: int = 0
    booked_minor: int = 0

    @property
    def due_minor(self) -> int:
        """What is not paid yet."""
        return self.amount_minor - self.paid_minor

    @property
    def sign(self) -> int:
        """Of its payment on the account: 1 comes in, -1 goes out."""
        return 1 if self.direction is Direction.COLLECT else -1

    def paid(self, amount_minor: int, by_instruction: bool) -> Leg:
        """The leg after an amount of it was paid, by what the bank was told or by a transfer."""
        paid = self.paid_minor + amount_minor
        booked = self.booked_minor + (amount_minor if by_instruction else 0)
        settled = paid == self.amount_minor
        return replace(
            self,
            paid_minor=paid,
            booked_minor=booked,
            state=LegState.SETTLED if settled else self.state,
        )

    def returned(self) -> Leg:
        """The leg after what was booked of its instruction came back."""
        left = self.paid_minor - self.booked_minor
        return replace(self, paid_minor=left, booked_minor=0, state=LegState.RETURNED)


class MatchedBy(StrEnum):
    """By what an item was matched with a leg."""

    END_TO_END_ID = "end_to_end_id"
    REFERENCE = "reference"
    AMOUNT_AND_ACCOUNT = "amount_and_account"
    NOTHING = "nothing"


class Legs:
    """Legs by what a bank may say of them. They change as items are matched."""

    def __init__(self, legs: Iterable[Leg]) -> None:
        self._legs: dict[UUID, Leg] = {}
        self._by_end_to_end: dict[str, UUID] = {}
        self._by_reference: dict[str, UUID] = {}
        self._by_iban: dict[str, list[UUID]] = {}
        self._by_message: dict[str, list[UUID]] = {}
        for leg in legs:
            self._add(leg)

    def _add(self, leg: Leg) -> None:
        """Raises ValueError for an id or a reference that another leg has: nothing could be told apart."""
        named = ((self._by_end_to_end, leg.end_to_end_id), (self._by_reference, leg.creditor_reference))
        if leg.leg_id in self._legs or any(name and name.upper() in index for index, name in named):
            raise ValueError(
                f"leg {leg.leg_id} is there twice, or its end-to-end id or reference is another's"
            )
        self._legs[leg.leg_id] = leg
        for index, name in named:
            if name:
                index[name.upper()] = leg.leg_id
        if leg.direction is Direction.COLLECT and leg.counterparty_iban:
            self._by_iban.setdefault(leg.counterparty_iban, []).append(leg.leg_id)
        if leg.message_id:
            self._by_message.setdefault(leg.message_id, []).append(leg.leg_id)

    def put(self, leg: Leg) -> None:
        """Replaces a leg by what has become of it."""
        self._legs[leg.leg_id] = leg

    def all(self) -> tuple[Leg, ...]:
        """All legs as they stand, in their order."""
        return tuple(self._legs.values())

    def by_end_to_end_id(self, text: str) -> Leg | None:
        """The leg with an end-to-end id."""
        found = self._by_end_to_end.get(text.upper()) if text else None
        return self._legs[found] if found else None

    def of_message(self, message_id: str) -> list[Leg]:
        """The legs that one file told the bank of."""
        return [self._legs[each] for each in self._by_message.get(message_id, ())]

    def named_by(self, item: BankItem) -> list[Leg]:
        """The legs whose creditor reference an item names: where it belongs, or in what its payer wrote."""
        wanted = creditor_references(f"{item.creditor_reference} | {item.remittance}")
        found = dict.fromkeys(self._by_reference[each] for each in wanted if each in self._by_reference)
        return [self._legs[each] for each in found]

    def due_from(self, item: BankItem) -> list[Leg]:
        """The legs of which exactly an item's amount is due from the account that it came from, in its currency.

        Not those that the bank is at: what it collects has its end-to-end id.
        """
        legs = (self._legs[each] for each in self._by_iban.get(item.counterparty_iban, ()))
        return [
            leg
            for leg in legs
            if leg.due_minor == item.amount_minor > 0
            and leg.currency == item.currency
            and leg.state is not LegState.INSTRUCTED
        ]
