"""Statements of an account against each other: each opens with what the one before it closed with, or one between them is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from services.partners.domain.payments.bank_entries import BankStatement


@dataclass(frozen=True, slots=True)
class ToldStatement:
    """A statement as it is kept: the `place`-th, from 1, of a message. Minor units; balances None where they are not told.

    `sequence`: as the bank counts them, 0 where it does not by figures; `repeated`: the same one was told before.
    """

    message_number: int
    place: int
    account: str
    statement_id: str
    sequence: int
    closed_on: date
    opening_minor: int | None
    closing_minor: int | None
    repeated: bool = False

    @staticmethod
    def of(said: BankStatement, message_number: int, place: int, today: date) -> ToldStatement:
        """A statement that came in a message. One without a date is of its last movement, or of today."""
        booked = max((each.booked_on for each in said.items), default=today)
        return ToldStatement(
            message_number,
            place,
            said.account_iban,
            said.statement_id,
            int(said.number) if said.number.isdecimal() else 0,
            said.closed_on or booked,
            said.opening_minor,
            said.closing_minor,
        )

    @property
    def order(self) -> tuple[date, int, int, int]:
        """Its place in time: by the day of its closing, then as the bank counts, then as it came."""
        return self.closed_on, self.sequence, self.message_number, self.place

    @property
    def where(self) -> tuple[int, int]:
        """Its message, and its place in it: no other has both."""
        return self.message_number, self.place

    def says_the_same(self, other: ToldStatement) -> bool:
        """Whether it is the same statement, told again."""
        return self._said() == other._said()

    def _said(self) -> tuple[object, ...]:
        balances = self.opening_minor, self.closing_minor
        return self.account, self.statement_id, self.sequence, self.closed_on, balances


@dataclass(frozen=True, slots=True)
class Joint:
    """Two statements of an account, one after the other."""

    before: ToldStatement
    after: ToldStatement

    @property
    def gap_minor(self) -> int:
        """What moved between them that neither says; 0: nothing is missing, or a balance is not told."""
        if self.before.closing_minor is None or self.after.opening_minor is None:
            return 0
        return self.after.opening_minor - self.before.closing_minor


def joints(new: Iterable[ToldStatement], known: Iterable[ToldStatement]) -> list[Joint]:
    """Where new statements of one account join with each other, and with those that are known around them."""
    fresh = list(new)
    inserted = {each.where for each in fresh}
    ordered = sorted([*fresh, *known], key=lambda each: each.order)
    return [
        Joint(before, after) for before, after in pairwise(ordered) if inserted & {before.where, after.where}
    ]
