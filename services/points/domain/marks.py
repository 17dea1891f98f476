"""A mark in the books, to return to where a chain of items cannot stand."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Final

from services.points.domain.accounts import PROGRAMME
from services.points.domain.books import Books
from services.points.domain.movements import Movement

_LISTS: Final = (
    "postings", "decisions", "uses", "hold_lots", "holds", "hold_ends", "refunds", "returns", "paid", "children", "debts",
)  # fmt: skip


class Mark:
    """What a chain may change: all of it is of one member and one partner, so it is little."""

    def __init__(self, books: Books, items: Sequence[Movement]) -> None:
        at, first = books.at, items[0]
        self._items = items
        self._member = first.member_id
        accounts = at.accounts
        owned = (
            accounts.wallet.get(first.member_id), accounts.debt.get(first.member_id),
            accounts.issuance.get(first.partner_id), accounts.redemption.get(first.partner_id),
            accounts.expiry.get(PROGRAMME),
        )  # fmt: skip
        self._seq, self._last_lot_no = books.seq, at.last_lot_no
        self._log = (at.log.pos, list(at.log.partition_pos))
        self._lengths = {name: len(getattr(books.rows, name)) for name in _LISTS}
        numbers = [number for number in owned if number is not None]
        self._numbers = numbers
        self._deltas = {no: list(books.rows.deltas[no]) for no in numbers if no in books.rows.deltas}
        self._balances = {no: at.balances[no] for no in numbers if no in at.balances}
        self._held = {no: at.held[no] for no in numbers if no in at.held}
        self._open_holds = at.open_holds.get(self._member)
        self._holds = {seq: hold for seq, hold in at.holds.items() if hold.member_id == self._member}
        self._due = list(books.due.get(self._member, ()))
        self._lots = deepcopy(at.lots.get(self._member))
        self._debts = deepcopy(at.debts.get(self._member))
        self._refunded = dict(at.refunded)
        self._keys = {key: books.keys.get(key) for key in ((item.partner_id, item.key) for item in items)}

    def restore(self, books: Books) -> None:
        """Undoes all that the chain did."""
        at, rows = books.at, books.rows
        for seq in range(self._seq + 1, books.seq + 1):
            books.posted.pop(seq, None)
            books.linked.pop(seq, None)
        for reference in [key for key, (seq, _) in books.references.items() if seq > self._seq]:
            del books.references[reference]
        books.seq, at.last_lot_no = self._seq, self._last_lot_no
        at.log.pos, at.log.partition_pos = self._log[0], list(self._log[1])
        for name, length in self._lengths.items():
            del getattr(rows, name)[length:]
        for number in self._numbers:
            rows.deltas.pop(number, None)
        rows.deltas.update(self._deltas)
        at.balances.update(self._balances)
        at.held.update(self._held)
        if self._open_holds is not None:
            at.open_holds[self._member] = self._open_holds
        at.holds.update(self._holds)
        books.due[self._member] = self._due
        for kept, now in ((self._lots, at.lots), (self._debts, at.debts)):
            if kept is None:
                now.pop(self._member, None)
            else:
                now[self._member] = kept  # type: ignore[assignment]
        at.refunded.clear()
        at.refunded.update(self._refunded)
        for key, earlier in self._keys.items():
            if earlier is None:
                books.keys.pop(key, None)
            else:
                books.keys[key] = earlier
