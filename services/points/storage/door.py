"""The door's two calls: open the ledger under its head's lock, write what was decided.

Both are functions of the database, called on the driver's connection: a Core statement per table would
cost ten times as much (measured: about 80 µs a call against 850–1,100 µs for three Core statements).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

import asyncpg

from services.points.domain.accounts import PROGRAMME, AccountKey, AccountKind, AccountNumbers
from services.points.domain.answers import Refused
from services.points.domain.lots import Lot, OpenLots
from services.points.domain.movements import (
    Act,
    Capture,
    Hold,
    Movement,
    Overdue,
    Redemption,
    Refund,
    Reversal,
    Void,
)
from services.points.domain.opened import Debts, Earlier, OpenDebt, Opened, OpenHold, Refunded
from services.points.domain.posting import Posting
from services.points.domain.refunding import TenderOrder
from services.points.storage.words import ReferenceMac, erased_references, salted
from services.runtime.database import PgConnection
from services.runtime.errors import reason_of
from services.runtime.event_log import LogHead

_OPEN: Final = f"SELECT * FROM ledger_open({','.join(f'${n}' for n in range(1, 17))})"
_WRITE: Final = f"SELECT ledger_write({','.join(f'${n}' for n in range(1, 30))})"


class _Listed:
    """The accounts that a batch may touch: those whose numbers are known, then those that `ledger_open` finds or makes."""

    def __init__(self, numbers: AccountNumbers) -> None:
        self._numbers = numbers
        self.known: list[int] = []
        self.missing: list[AccountKey] = []

    def add(self, kind: AccountKind, owners: Iterable[UUID]) -> dict[UUID, int]:
        """Lists the accounts of one kind; answers their places from 1 on, those of missing ones below 0."""
        numbers = self._numbers.of(kind)
        places: dict[UUID, int] = {}
        for owner in owners:
            number = numbers.get(owner)
            if number is None:
                self.missing.append(AccountKey(kind, owner))
                places[owner] = -len(self.missing)
            else:
                self.known.append(number)
                places[owner] = len(self.known)
        return places

    def place(self, place: int) -> int:
        """The place in the whole list, once all are listed."""
        return place if place > 0 else len(self.known) - place


def _asked(items: Sequence[Act]) -> tuple[dict[UUID, int], Iterable[UUID], Iterable[UUID]]:
    """Members with what they burn or set aside, partners, and partners at whom is burned; in the order of the items."""
    burns: dict[UUID, int] = {}
    partners: dict[UUID, None] = {}
    redeemers: dict[UUID, None] = {}
    for item in items:
        if not isinstance(item, Overdue):
            partners[item.partner_id] = None
        if isinstance(item, Reversal):
            continue
        burns[item.member_id] = burns.get(item.member_id, 0) + _burn(item)
        if isinstance(item, Redemption | Capture) or (
            isinstance(item, Refund) and item.sale and item.sale.burned
        ):
            redeemers[item.partner_id] = None
    return burns, partners, redeemers


def _burn(item: Act) -> int:
    """What an item may take of the lots that are used first."""
    if isinstance(item, Redemption | Hold):
        return item.points
    return item.sale.earned if isinstance(item, Refund) and item.sale is not None else 0


class _Sales:
    """What the refunds of a batch need to know of their originals: by place of the member, each once."""

    def __init__(self, items: Sequence[Act], members: Sequence[UUID]) -> None:
        self.originals: list[int] = []
        self.original_members: list[int] = []
        self.back_members: list[int] = []
        self.back_lots: list[int] = []
        place_of: dict[UUID, int] = {}
        for item in items:
            if not isinstance(item, Refund) or item.sale is None or item.sale.seq in self.originals:
                continue
            place_of = place_of or {member: place for place, member in enumerate(members)}
            place = place_of[item.member_id]
            self.originals.append(item.sale.seq)
            self.original_members.append(place)
            self.back_lots += [lot_no for lot_no, _ in item.sale.lots]
            self.back_members += [place] * len(item.sale.lots)


async def open_ledger(
    connection: PgConnection,
    ledger_id: int,
    items: Sequence[Act],
    numbers: AccountNumbers,
    learned: list[AccountKey],
    mac: ReferenceMac,
) -> tuple[Opened, int]:
    """Locks the ledger's head and reads what the decisions need; answers it with the config version.

    Makes missing accounts and learns their numbers. The caller's transaction holds the lock from here to its end;
    where it is undone, or this raises, the caller forgets what is in `learned` by then: the next account made gets
    the number, and whoever kept it would post to somebody else's wallet.
    """
    burns, partners, redeemers = _asked(items)
    listed = _Listed(numbers)
    wallet_at = listed.add(AccountKind.WALLET, burns)
    # The issuance account stands for the partner in the journal, whatever the partner does.
    partner_at = listed.add(AccountKind.ISSUANCE, partners)
    listed.add(AccountKind.REDEMPTION, redeemers)
    listed.add(AccountKind.EXPIRY, (PROGRAMME,))
    members = list(burns)
    sales = _Sales(items, members)
    asked = [item for item in items if not isinstance(item, Overdue)]
    keys = _keys(asked)
    listed.add(AccountKind.DEBT, {members[place] for place in sales.original_members})
    row = await connection.fetchrow(
        _OPEN,
        ledger_id,
        listed.known,
        [key.kind for key in listed.missing],
        [key.owner_id for key in listed.missing],
        [listed.place(partner_at[partner]) for partner, _ in keys],
        [key for _, key in keys],
        [item.kind for item in asked],
        [item.reference for item in asked],
        members,
        [listed.place(place) for place in wallet_at.values()],
        list(burns.values()),
        [item.hold_seq for item in items if isinstance(item, Capture | Void)],
        sales.originals,
        sales.original_members,
        sales.back_members,
        sales.back_lots,
    )
    if row is None:
        raise ArithmeticError("ledger_open answered no row")
    accounts: list[int] = row["accounts"]
    for key, number in zip(listed.missing, accounts[len(listed.known) :], strict=True):
        learned.append(key)
        numbers.learn(key, number)
    opened = _opened(row, asked, members, burns, numbers)
    if row["erased"]:
        taken = [(item.partner_id, item.kind, item.reference) for item in asked if item.reference is not None]
        opened.by_reference.update(await erased_references(connection, ledger_id, taken, mac))
    return opened, row["config_version"]


def _opened(
    row: asyncpg.Record,
    items: Sequence[Movement],
    members: Sequence[UUID],
    burns: Mapping[UUID, int],
    numbers: AccountNumbers,
) -> Opened:
    accounts: list[int] = row["accounts"]
    opened = Opened(
        last_seq=row["last_seq"],
        now_us=row["now_us"],
        last_lot_no=row["last_lot_no"],
        batch_no=row["last_batch_no"] + 1,
        log=LogHead(row["last_pos"], row["partition_pos"]),
        by_key=_earlier(row, _keys(items)),
        by_reference={
            (items[no].partner_id, items[no].kind, items[no].reference or ""): (seq, content_hash)
            for no, seq, content_hash in zip(
                row["ref_no"] or (), row["ref_seq"] or (), row["ref_hash"] or (), strict=True
            )
        },
        accounts=numbers,
        balances=dict(zip(accounts, row["balances"], strict=True)),
        held=dict(zip(accounts, row["held"], strict=True)),
        open_holds=dict(zip(members, row["open_holds"] or (), strict=True)),
        closed=frozenset(row["closed"] or ()),
        lots=_lots(row, members, burns),
        holds=_holds(row, members),
        linked={
            seq: (burn_seq, content_hash)
            for seq, burn_seq, content_hash in zip(
                row["linked_to"] or (), row["linked_seq"] or (), row["linked_hash"] or (), strict=True
            )
        },
        refunded=_refunded(row),
        debts=_debts(row, members),
    )
    for debts in opened.debts.values():
        opened.balances.setdefault(debts.account_no, -debts.points)
    return opened


def _keys(items: Sequence[Movement]) -> list[tuple[UUID, str]]:
    """The keys that a batch asks for: those of its items, in their order, then those that shall be reversed."""
    reversed_keys = [(item.partner_id, item.target_key) for item in items if isinstance(item, Reversal)]
    return [(item.partner_id, item.key) for item in items] + reversed_keys


def _earlier(row: asyncpg.Record, keys: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], Earlier]:
    found: dict[tuple[UUID, str], Earlier] = {}
    if not row["key_no"]:
        return found
    columns = ("key_no", "key_hash", "key_seq", "key_refusal", "key_message", "key_metadata")
    for no, content_hash, seq, refusal, message, metadata in zip(
        *(row[name] for name in columns), strict=True
    ):
        refused = Refused(reason_of(refusal), message, json.loads(metadata)) if refusal else None
        found[keys[no]] = Earlier(content_hash, seq, refused)
    return found


def _lots(row: asyncpg.Record, members: Sequence[UUID], burns: Mapping[UUID, int]) -> dict[UUID, OpenLots]:
    # By number: one that a hold has reserved may come twice.
    found: dict[UUID, dict[int, Lot]] = {member: {} for member, burn in burns.items() if burn}
    if row["lot_nos"]:
        columns = (
            "lot_nos", "lot_issuers", "lot_types", "lot_remaining", "lot_reserved", "lot_earned_us", "lot_expires_us",
            "lot_earned_seq",
        )  # fmt: skip
        places: list[int] = row["lot_member"]
        for place, facts in zip(places, zip(*(row[name] for name in columns), strict=True), strict=True):
            lot = Lot(*facts)
            found.setdefault(members[place], {})[lot.lot_no] = lot
    return {member: OpenLots(list(lots.values())) for member, lots in found.items()}


def _holds(row: asyncpg.Record, members: Sequence[UUID]) -> dict[int, OpenHold]:
    if not row["hold_seqs"]:
        return {}
    lots: dict[int, list[tuple[int, int]]] = {}
    for seq, lot_no, points in zip(row["part_hold"], row["part_lot"], row["part_points"], strict=True):
        lots.setdefault(seq, []).append((lot_no, points))
    columns = (
        "hold_seqs", "hold_ids", "hold_partners", "hold_partner_nos", "hold_member", "hold_points", "hold_expires_us",
    )  # fmt: skip
    return {
        seq: OpenHold(
            seq, hold_id, partner, partner_no, members[member], points, expires_us, lots.get(seq, ())
        )
        for seq, hold_id, partner, partner_no, member, points, expires_us in zip(
            *(row[name] for name in columns), strict=True
        )
    }


def _refunded(row: asyncpg.Record) -> dict[int, Refunded]:
    if not row["refunded"]:
        return {}
    columns = (
        "refunded", "refund_no", "refund_given", "refund_returned", "refund_taken", "refund_money", "refund_order",
    )  # fmt: skip
    return {
        seq: Refunded(no, given, returned, taken, money, TenderOrder(order))
        for seq, no, given, returned, taken, money, order in zip(
            *(row[name] for name in columns), strict=True
        )
    }


def _debts(row: asyncpg.Record, members: Sequence[UUID]) -> dict[UUID, Debts]:
    found: dict[UUID, Debts] = {}
    if row["debt_seq"]:
        columns = ("debt_account", "debt_seq", "debt_partner", "debt_original", "debt_left")
        places: list[int] = row["debt_member"]
        for place, (account, seq, partner, original, left) in zip(
            places, zip(*(row[name] for name in columns), strict=True), strict=True
        ):
            debts = found.setdefault(members[place], Debts(account))
            debts.open.append(OpenDebt(seq, partner, original, left))
    return found


async def write(
    connection: PgConnection, ledger_id: int, opened: Opened, first_pos: int, posting: Posting
) -> None:
    """Writes a decided batch; the caller commits. `first_pos` is the log's position before the decisions."""
    rows = posting.rows
    touched = [lot for lots in opened.lots.values() for lot in lots.touched.values()]
    paid = [debt for debts in opened.debts.values() for debt in debts.touched.values()]
    deltas = sorted(rows.deltas.items())
    await connection.execute(
        _WRITE,
        ledger_id,
        opened.last_seq,
        opened.now_us,
        opened.last_lot_no,
        opened.batch_no,
        first_pos + 1,
        opened.log.partition_pos,
        rows.postings,
        rows.decisions,
        rows.uses,
        [account for account, _ in deltas],
        *([delta[place] for _, delta in deltas] for place in range(4)),
        [lot.lot_no for lot in touched],
        [lot.remaining for lot in touched],
        [lot.reserved for lot in touched],
        rows.holds,
        rows.hold_lots,
        rows.hold_ends,
        rows.refunds,
        rows.returns,
        rows.children,
        rows.debts,
        rows.paid,
        [debt.seq for debt in paid],
        [debt.left for debt in paid],
        salted(rows, opened.last_seq + 1),
    )
