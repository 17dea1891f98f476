"""The door's two calls: open the ledger under its head's lock, write what was decided.

Both are functions of the database, called on the driver's connection: a Core statement per table would
cost ten times as much (measured: about 80 µs a call against 850–1,100 µs for three Core statements).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from typing import Final
from uuid import UUID

from services.points.domain.accounts import PROGRAMME, AccountKey, AccountKind, AccountNumbers
from services.points.domain.deciding.earn import ISSUED_POINTS_MAX
from services.points.domain.movements import (
    Act,
    Capture,
    Earn,
    FloorChange,
    Hold,
    Movement,
    Overdue,
    ParkedEarn,
    Redemption,
    Refund,
    Unpark,
    Void,
    WaitsOver,
    of_sales,
)
from services.points.domain.opened import Opened
from services.points.domain.posting import Posting
from services.points.domain.terms import Terms
from services.points.domain.wallet_movements import Merge, Opening, WalletMovement
from services.points.storage import wallet_reads
from services.points.storage.burn_rules import add_burned, burns_by_rule
from services.points.storage.campaigns import budgets
from services.points.storage.lookups import lookups_of
from services.points.storage.opened_rows import opened_of, standing_floors
from services.points.storage.words import ReferenceMac, add_erased, salted
from services.runtime.database import PgConnection

_OPEN: Final = f"SELECT * FROM ledger_open({','.join(f'${n}' for n in range(1, 25))})"
# The settings of the door's own connection, for one transaction.
_AS_THE_DOOR: Final = """SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
set_config('enable_mergejoin', 'off', true)"""
_WRITE: Final = f"SELECT ledger_write({','.join(f'${n}' for n in range(1, 43))})"


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

    def learn(self, accounts: Sequence[int], learned: list[AccountKey]) -> None:
        """Learns the numbers of those that were missing, from the whole list."""
        for key, number in zip(self.missing, accounts[len(self.known) :], strict=True):
            learned.append(key)
            self._numbers.learn(key, number)


def _asked(items: Sequence[Act]) -> tuple[dict[UUID, int], Iterable[UUID], Iterable[UUID]]:
    """Members with what they burn or set aside, partners, and partners at whom is burned; in the order of the items."""
    burns: dict[UUID, int] = {}
    partners: dict[UUID, None] = {}
    redeemers: dict[UUID, None] = {}
    for item in of_sales(items):
        if isinstance(item, WaitsOver):
            continue
        if not isinstance(item, Overdue):
            partners[item.partner_id] = None
        if isinstance(item, FloorChange) or item.member_id == PROGRAMME:
            continue
        if isinstance(item, WalletMovement):
            for member, burn in wallet_reads.needs(item):
                burns[member] = burns.get(member, 0) + burn
            if isinstance(item, Opening):
                partners[item.issuer_id] = None
            continue
        burns[item.member_id] = burns.get(item.member_id, 0) + _burn(item)
        if isinstance(item, Redemption | Capture) or (
            isinstance(item, Refund) and item.sale and item.sale.burned
        ):
            redeemers[item.partner_id] = None
    # (A refund that waits for a sale that was parked gives back what was burned with it.)
    redeemers |= {
        item.parked.item.partner_id: None for item in items if isinstance(item, Unpark) and item.parked.burn
    }
    return burns, partners, redeemers


def _burn(item: Act) -> int:
    """What an item may take of the lots that are used first."""
    if isinstance(item, Redemption | Hold):
        return item.points
    return item.sale.brought if isinstance(item, Refund) and item.sale is not None else 0


def _pending_earners(items: Sequence[Act], terms: Terms | None) -> Iterable[UUID]:
    """Those who earn at partners whose points may be pending, each once."""
    partners = terms.rates.pending_partners if terms is not None else ()
    earns = (item for item in of_sales(items) if isinstance(item, Earn)) if partners else ()
    return dict.fromkeys(item.member_id for item in earns if item.partner_id in partners)


def _owing(items: Sequence[Act], awaited: Set[tuple[UUID, str]]) -> list[UUID]:
    """Those whose sales are refunded as soon as they are posted."""
    return [
        item.member_id
        for item in (of_sales(items) if awaited else ())
        if isinstance(item, Earn) and (item.partner_id, item.reference) in awaited
    ]


def _keyed(items: Sequence[Act]) -> list[Movement]:
    """What somebody asks for under a key."""
    return [item for item in items if not isinstance(item, Overdue | FloorChange | WaitsOver | Unpark)]


def _unparked(items: Sequence[Act]) -> list[ParkedEarn]:
    """What is to be posted that was parked."""
    return [item.parked for item in items if isinstance(item, Unpark)]


def _parked_seqs(items: Sequence[Act]) -> list[int]:
    """What parked that, what parked the sales of burns that are reversed, and the sales that refunds wait for."""
    named = [item.unparks or item.parked_seq for item in items if isinstance(item, Refund)]
    return [parked.seq for parked in _unparked(items)] + [seq for seq in named if seq]


def needs_more(items: Sequence[Act], known: Terms | None, terms: Terms) -> bool:
    """Whether a batch was opened with fewer accounts or figures than these terms need."""
    pending = known.rates.pending_partners if known is not None else frozenset[UUID]()
    if not terms.rates.pending_partners <= pending:
        return True
    if not set(burns_by_rule(items, terms)) <= set(burns_by_rule(items, known)):
        return True
    return bool(terms.campaigns) and not set(budgets(items, terms)) <= set(budgets(items, known))


class _Sales:
    """What the refunds of a batch need to know of their originals: by place of the member, each once."""

    def __init__(self, items: Sequence[Act], members: Sequence[UUID]) -> None:
        self.originals: list[int] = []
        self.original_members: list[int] = []
        self.back_members: list[int] = []
        self.back_lots: list[int] = []
        self.grants: list[int] = []
        place_of: dict[UUID, int] = {}
        for item in items:
            if isinstance(item, Unpark) and item.parked.burn is not None:
                place = members.index(item.parked.item.member_id)
                self.back_lots += [lot_no for lot_no, _ in item.parked.burn.lots]
                self.back_members += [place] * len(item.parked.burn.lots)
            if not isinstance(item, Refund) or item.sale is None or item.sale.seq in self.originals:
                continue
            place_of = place_of or {member: place for place, member in enumerate(members)}
            place = place_of[item.member_id]
            self.originals.append(item.sale.seq)
            self.original_members.append(place)
            self.back_lots += [lot_no for lot_no, _ in item.sale.lots]
            self.back_members += [place] * len(item.sale.lots)
            # What was granted on top of it has lots of its own.
            grants = [grant.seq for grant in item.sale.grants]
            self.grants += grants
            self.originals += grants
            self.original_members += [place] * len(grants)


async def open_ledger(
    connection: PgConnection,
    ledger_id: int,
    items: Sequence[Act],
    numbers: AccountNumbers,
    learned: list[AccountKey],
    terms: Terms | None,
    patience_us: int,
    mac: ReferenceMac,
    *,
    peek: bool = False,
) -> tuple[Opened, int]:
    """Locks the ledger's head and reads what the decisions need; answers it with the config version.

    By `terms`, as they were known last, it is what earns may need: accounts of what is pending, and of budgets.

    Makes missing accounts and learns their numbers. The caller's transaction holds the lock from here to its end;
    where it is undone, or this raises, the caller forgets what is in `learned` by then: the next account made gets
    the number, and whoever kept it would post to somebody else's wallet. Refunds wait for their originals for patience_us.

    peek: nothing is locked and no account made, in a read-only transaction; missing ones have numbers below 0 in `numbers`, which
    the caller throws away.
    """
    awaited = {
        (item.partner_id, item.original_reference)
        for item in items
        if isinstance(item, Refund) and item.sale is None
    }
    opened, version = await _open(
        connection, ledger_id, items, numbers, learned, terms, patience_us, mac, awaited, peek
    )
    late = {(each.item.partner_id, each.item.original_reference) for each in opened.waiting} - awaited
    if late and any(
        isinstance(item, Earn) and (item.partner_id, item.reference) in late for item in of_sales(items)
    ):
        # What waits for an earn is decided right after it: with what a refund needs to know of the member.
        return await _open(
            connection, ledger_id, items, numbers, learned, terms, patience_us, mac, awaited | late, peek
        )
    return opened, version


async def peek_ledger(
    connection: PgConnection,
    ledger_id: int,
    items: Sequence[Act],
    numbers: AccountNumbers,
    terms: Terms | None,
    patience_us: int,
    mac: ReferenceMac,
) -> tuple[Opened, int]:
    """As open_ledger, in a read-only transaction: nothing is locked, nothing is made, and `numbers` is for this once."""
    await connection.execute(_AS_THE_DOOR)
    return await open_ledger(connection, ledger_id, items, numbers, [], terms, patience_us, mac, peek=True)


async def _open(
    connection: PgConnection,
    ledger_id: int,
    items: Sequence[Act],
    numbers: AccountNumbers,
    learned: list[AccountKey],
    terms: Terms | None,
    patience_us: int,
    mac: ReferenceMac,
    awaited: Set[tuple[UUID, str]],
    peek: bool,
) -> tuple[Opened, int]:
    burns, partners, redeemers = _asked(items)
    owing = _owing(items, awaited)
    # It may take back as much as the wallet has.
    burns |= {member: burns[member] + ISSUED_POINTS_MAX for member in owing}
    listed = _Listed(numbers)
    wallet_at = listed.add(AccountKind.WALLET, burns)
    # The issuance account stands for the partner in the journal, whatever the partner does.
    partner_at = listed.add(AccountKind.ISSUANCE, partners)
    listed.add(AccountKind.REDEMPTION, redeemers)
    listed.add(AccountKind.EXPIRY, (PROGRAMME,))
    members = list(burns)
    sales = _Sales(items, members)
    floored = list({item.partner_id: None for item in items if isinstance(item, FloorChange)})
    lookups = lookups_of(_keyed(items), _unparked(items))
    taking_over = {item.into_member_id for item in items if isinstance(item, Merge)}
    refunded = {members[place] for place in sales.original_members}
    listed.add(AccountKind.DEBT, taking_over | refunded | set(owing))
    for kind, owner in wallet_reads.accounts(items):
        listed.add(kind, (owner,))
    listed.add(AccountKind.PENDING, _pending_earners(items, terms))
    listed.add(AccountKind.BUDGET, budgets(items, terms))
    giving, burning = wallet_reads.givers(items), burns_by_rule(items, terms)
    row = await connection.fetchrow(
        _OPEN,
        ledger_id,
        listed.known,
        [key.kind for key in listed.missing],
        [key.owner_id for key in listed.missing],
        [listed.place(partner_at[look.partner_id]) for look in lookups],
        [look.key for look in lookups],
        [look.kind for look in lookups],
        [look.reference for look in lookups],
        members,
        [listed.place(place) for place in wallet_at.values()],
        list(burns.values()),
        [item.hold_seq for item in items if isinstance(item, Capture | Void)],
        sales.originals,
        sales.original_members,
        sales.back_members,
        sales.back_lots,
        [listed.place(partner_at[partner]) for partner in floored],
        [listed.place(wallet_at[giver]) for giver in giving],
        patience_us,
        sales.grants,
        _parked_seqs(items),
        [listed.place(wallet_at[member]) for member, _ in burning],
        [listed.place(partner_at[partner]) for _, partner in burning],
        peek,
    )
    if row is None:
        raise ArithmeticError("ledger_open answered no row")
    listed.learn(row["accounts"], learned)
    opened = opened_of(row, lookups, members, burns, numbers)
    if row["erased"]:
        await add_erased(connection, ledger_id, opened, lookups, mac)
    opened.standing_floors |= standing_floors(row, floored)
    wallet_reads.add_read(opened, row, members, giving)
    add_burned(opened, row, burning)
    return opened, row["config_version"]


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
        [rows.expires.get(account) for account, _ in deltas] if rows.expires else [],
        [lot.lot_no for lot in touched],
        [lot.remaining for lot in touched],
        [lot.reserved for lot in touched],
        [lot.matures_us > 0 for lot in touched],
        rows.matured,
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
        rows.floors,
        rows.adjustments,
        rows.merges,
        rows.waiting,
        rows.waited,
        rows.grants,
        rows.loads,
        rows.parked,
        rows.unparked,
        rows.worths,
        salted(rows, opened.last_seq + 1),
    )
