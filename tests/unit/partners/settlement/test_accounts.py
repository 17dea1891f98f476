"""Every movement of money balances, and leaves each account with what it should hold."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.partners.domain.settlement.accounts import (
    Account,
    Entry,
    Journal,
    JournalKind,
    balances,
    booked,
    charged,
    out_of_suspense,
    returned,
    unexplained,
)

GROCER, PAYMENT = UUID(int=1), UUID(int=9)
amounts = st.integers(-(10**12), 10**12).filter(bool)


def after(*journals: Journal) -> dict[tuple[Account, UUID | None], int]:
    return {key: amount for key, amount in balances(e for j in journals for e in j.entries).items() if amount}


@given(amounts)
def test_what_is_booked_lowers_what_the_partner_owes_by_what_the_bank_has(amount: int) -> None:
    found = booked(GROCER, PAYMENT, 1, amount)
    assert after(found) == {(Account.BANK, None): amount, (Account.PARTNER, GROCER): -amount}
    assert found.kind is (JournalKind.COLLECTED if amount > 0 else JournalKind.PAID_OUT)


@given(amounts, st.integers(1, 10**6))
def test_what_comes_back_opens_what_was_settled_and_its_fee_is_owed_beside_it(amount: int, fee: int) -> None:
    moved = (
        booked(GROCER, PAYMENT, 1, amount),
        returned(GROCER, PAYMENT, 1, -amount),
        charged(GROCER, PAYMENT, 1, fee, "came back"),
    )
    assert after(*moved) == {(Account.PARTNER, GROCER): fee, (Account.CHARGES, None): -fee}


@given(amounts, st.sampled_from([Account.PARTNER, Account.BANK, Account.WRITTEN_OFF]))
def test_what_waited_in_suspense_is_wholly_where_it_belongs(amount: int, to: Account) -> None:
    first = unexplained(3, amount)
    assert after(first) == {(Account.BANK, None): amount, (Account.SUSPENSE, None): -amount}
    partner = GROCER if to is Account.PARTNER else None
    moved = out_of_suspense(JournalKind.ALLOCATED, 3, amount, to, partner, "seen")
    assert (Account.SUSPENSE, None) not in after(first, moved)
    assert after(first, moved).get((to, partner), 0) == (0 if to is Account.BANK else -amount)


def test_what_does_not_balance_is_no_journal() -> None:
    bank = Entry(Account.BANK, None, 100)
    for entries in ((bank,), (), (bank, Entry(Account.PARTNER, GROCER, -99))):
        with pytest.raises(ValueError, match="do not balance"):
            Journal(JournalKind.RECEIVED, entries)
