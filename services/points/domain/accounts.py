"""Accounts of a ledger, by kind and owner."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple
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


class AccountKey(NamedTuple):
    """Names an account: one per kind and owner; the programme's own accounts have no owner."""

    kind: AccountKind
    owner_id: UUID | None
