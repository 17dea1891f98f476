"""What movements of wallets need to be read for them: more than one wallet, and accounts that no sale touches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from services.points.domain.accounts import PROGRAMME, AccountKey, AccountKind
from services.points.domain.movements import Act
from services.points.domain.opened import Opened
from services.points.domain.wallet_movements import (
    Adjustment,
    Load,
    Merge,
    Opening,
    Transfer,
    WalletMovement,
    other_member,
)

# More than any wallet has, and far from what a sum of such can hold.
_ALL_POINTS: Final = 10**15


def needs(item: WalletMovement) -> Sequence[tuple[UUID, int]]:
    """The members that an item concerns, with what it may take of the lots that are used first."""
    other = other_member(item)
    if isinstance(item, Merge):
        # The one that takes over may have to pay what the other owes, from all its lots.
        return (item.member_id, _ALL_POINTS), (item.into_member_id, _ALL_POINTS)
    if isinstance(item, Adjustment):
        return ((item.member_id, max(0, -item.points)),)
    own = (item.member_id, item.points if isinstance(item, Transfer) else 0)
    return (own,) if other is None else (own, (other, 0))


def accounts(items: Sequence[Act]) -> list[AccountKey]:
    """The accounts that only such movements touch, each once; none where there is no such movement."""
    found: dict[AccountKey, None] = {}
    for item in items:
        if not isinstance(item, WalletMovement):
            continue
        if isinstance(item, Opening):
            found[AccountKey(AccountKind.OPENING, item.issuer_id)] = None
        elif isinstance(item, Load):
            found[AccountKey(AccountKind.FUNDING, PROGRAMME)] = None
        else:
            kind = AccountKind.ADJUSTMENT if isinstance(item, Adjustment) else AccountKind.TRANSIT
            found[AccountKey(kind, PROGRAMME)] = None
    return list(found)


def givers(items: Sequence[Act]) -> list[UUID]:
    """Those who give points away."""
    return list(dict.fromkeys(item.member_id for item in items if isinstance(item, Transfer)))


def add_read(opened: Opened, row: asyncpg.Record, members: Sequence[UUID], giving: Sequence[UUID]) -> None:
    """Adds what ledger_open answered of wallets that were given up, and of what was given today."""
    opened.merged = {
        members[place]: into
        for place, into in zip(row["merged_member"] or (), row["merged_into"] or (), strict=True)
    }
    opened.given_today = dict(zip(giving, row["given_today"] or (), strict=True))
