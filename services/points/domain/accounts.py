"""Accounts of a ledger, by kind and owner."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID


class AccountKind(StrEnum):
    """What an account holds."""

    WALLET = "wallet"
    """A member's spendable points; never below zero."""
    ISSUANCE = "issuance"
    """Points a partner has issued, as a debit balance."""
    REDEMPTION = "redemption"
    """Points burned at a partner."""
    EXPIRY = "expiry"
    """Points that lapsed; the programme's own."""


# Owns the programme's own accounts.
PROGRAMME: Final = UUID(int=0)


class AccountKey(NamedTuple):
    """Names an account: one per kind and owner (a member, a partner, or PROGRAMME)."""

    kind: AccountKind
    owner_id: UUID
