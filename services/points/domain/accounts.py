"""Accounts of a ledger, by kind and owner."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from itertools import islice
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
    DEBT = "debt"
    """Points that a member owes, as a debit balance."""
    PENDING = "pending"
    """A member's points that cannot be spent yet; never below zero."""
    TRANSIT = "transit"
    """Points on their way from one wallet to another; the programme's own, and zero after every batch."""
    ADJUSTMENT = "adjustment"
    """Points that the operator took less those it gave; the programme's own."""
    OPENING = "opening"
    """Points taken over from earlier books, as a debit balance; of each issuer, the programme among them."""
    BUDGET = "budget"
    """Points that a campaign has left to give; never below zero."""
    FUNDING = "funding"
    """Points that budgets were loaded with, as a debit balance; the programme's own."""


# Owns the programme's own accounts. As one who asks and issues it is the operator, whose issuance account moves nothing.
PROGRAMME: Final = UUID(int=0)


class AccountKey(NamedTuple):
    """Names an account: one per kind and owner (a member, a partner, or PROGRAMME)."""

    kind: AccountKind
    owner_id: UUID


class AccountNumbers:
    """Numbers of a ledger's accounts by kind and owner. They never change, so what is known stays right.

    There may be millions of wallets: `wallets_max` of them are kept.
    """

    __slots__ = (
        "_wallets_max",
        "adjustment",
        "budget",
        "debt",
        "expiry",
        "funding",
        "issuance",
        "opening",
        "pending",
        "redemption",
        "transit",
        "wallet",
    )  # fmt: skip

    def __init__(self, wallets_max: int) -> None:
        self._wallets_max = wallets_max
        self.wallet: dict[UUID, int] = {}
        self.issuance: dict[UUID, int] = {}
        self.redemption: dict[UUID, int] = {}
        self.expiry: dict[UUID, int] = {}
        self.debt: dict[UUID, int] = {}
        self.pending: dict[UUID, int] = {}
        self.transit: dict[UUID, int] = {}
        self.adjustment: dict[UUID, int] = {}
        self.opening: dict[UUID, int] = {}
        self.budget: dict[UUID, int] = {}
        self.funding: dict[UUID, int] = {}

    def of(self, kind: AccountKind) -> dict[UUID, int]:
        """The numbers of one kind, by owner."""
        numbers: dict[UUID, int] = getattr(self, kind.value)
        return numbers

    def learn(self, key: AccountKey, number: int) -> None:
        """Keeps a number."""
        self.of(key.kind)[key.owner_id] = number

    def trim(self) -> None:
        """Lets go of the wallets learned first where there are too many; not while a batch is being decided."""
        for owner in list(islice(self.wallet, max(0, len(self.wallet) - self._wallets_max))):
            del self.wallet[owner]

    def clear(self) -> None:
        """Forgets all: every number is looked up again."""
        for kind in AccountKind:
            self.of(kind).clear()

    def forget(self, keys: Iterable[AccountKey]) -> None:
        """Drops what was learned of accounts whose making may have been undone."""
        for kind, owner_id in keys:
            self.of(kind).pop(owner_id, None)
