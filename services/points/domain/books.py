"""The books of a ledger while a batch is decided: what was read under its head's lock, and what is to be written.

What every kind of movement is posted with. The kinds themselves are in `deciding`, a file each.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.accounts import PROGRAMME
from services.points.domain.answers import Refused
from services.points.domain.campaigns import Granted
from services.points.domain.expiry import wallet_expires_us
from services.points.domain.guarding import NOT_COUNTED, Count, Subject
from services.points.domain.kinds import ACTIVITIES
from services.points.domain.lots import OpenLots
from services.points.domain.movements import (
    LotTaken,
    Movement,
    MovementKind,
    Reversal,
    Transaction,
)
from services.points.domain.opened import ANY_CONTENT, Earlier, LedgerRules, Opened, OpenHold
from services.points.domain.parks import Parks
from services.points.domain.rows import DecisionRow, PostingRow, Rows
from services.points.domain.telling import Telling
from services.points.domain.terms import Terms
from services.points.domain.waits import Waits
from services.runtime.errors import code_of
from services.runtime.event_log import PARTITIONS
from services.runtime.ids import new_id

Legs = tuple[int | None, int | None, int]
NO_LEGS: Final[Legs] = (None, None, 0)
_NO_PURCHASE: Final = (None,) * 13
_BURNS: Final = frozenset((MovementKind.REDEEM, MovementKind.CAPTURE))


class Books:
    """What was opened, as the decisions of a batch change it, and the rows that they make."""

    def __init__(
        self, opened: Opened, rules: LedgerRules, terms: Terms, telling: Telling, currency: str
    ) -> None:
        self.at, self.rules, self.terms, self.tell = opened, rules, terms, telling
        self.currency = currency
        self.seq = opened.last_seq
        self.first_us = opened.now_us
        self.rows = Rows()
        self.keys: dict[tuple[UUID, str], Earlier] = {}
        self.references: dict[tuple[UUID, str, str], tuple[int, bytes]] = {}
        self.posted: dict[int, Transaction] = {}
        # The burn that was posted in this batch with the sale of an earn, by the earn's seq: its own, and its hash.
        self.linked: dict[int, tuple[int, bytes]] = {}
        # What campaigns granted in this batch, by the seq of the earn.
        self.granted: dict[int, list[Granted]] = {}
        self.due = _by_member(opened)
        self.waits = Waits(opened.waiting)
        self.parks = Parks(opened.parked)

    def next(self) -> tuple[int, int]:
        """The seq of the next posting, and the time at which it is recorded."""
        self.seq += 1
        return self.seq, self.first_us + self.seq - self.at.last_seq - 1

    def free(self, wallet: int) -> int:
        """What of a wallet no hold has set aside."""
        return self.at.balances[wallet] - self.at.held[wallet]

    def available(self, member_id: UUID, wallet: int) -> int:
        """What can be spent: what is free, less what the member owes."""
        debts = self.at.debts.get(member_id)
        return self.free(wallet) - (debts.points if debts is not None else 0)

    def live_until(self, member_id: UUID, expires_us: int) -> None:
        """Moves the date on at which a member's wallet expires as a whole; never back."""
        if expires_us > self.at.expires.get(member_id, 0):
            wallet = self.at.accounts.wallet[member_id]
            self.at.expires[member_id] = self.rows.expires[wallet] = expires_us
            self.rows.delta(wallet)

    def keep_alive(self, member_id: UUID, active_at_us: int) -> None:
        """Counts the date of a wallet from an activity then, in a ledger by activity; in others wallets have none."""
        self.live_until(member_id, wallet_expires_us(active_at_us, self.terms.expiry, self.rules.zone))

    def bring_alive(self, member_id: UUID, at_us: int) -> None:
        """As keep_alive, where the wallet has no date that is still to come: for points that arrive without an activity.

        Else they would never expire, or as soon as they had come.
        """
        if self.at.expires.get(member_id, 0) <= self.at.now_us:
            self.keep_alive(member_id, at_us)

    def burned_today(self, item: Movement) -> int:
        """What a member has burned today at the partner that asks, with what open holds of that partner set aside."""
        return self.at.burned_today.get((item.member_id, item.partner_id), 0)

    def burn_more(self, member_id: UUID, partner_id: UUID, points: int) -> None:
        """Counts points burned or set aside to what a member burns at a partner today; below 0 what is free again."""
        place = member_id, partner_id
        if place in self.at.burned_today:
            self.at.burned_today[place] += points

    def counted(self, subject: Subject) -> Count:
        """What was counted of a subject today."""
        return self.at.counts.get(subject, NOT_COUNTED)

    def count(self, subject: Subject, points: int) -> None:
        """Counts one more act of a subject, of so many points."""
        before = self.counted(subject)
        self.at.counts[subject] = before._replace(times=before.times + 1, points=before.points + points)
        added = self.rows.counted.get(subject, NOT_COUNTED)
        self.rows.counted[subject] = added._replace(times=added.times + 1, points=added.points + points)

    def lots(self, member_id: UUID) -> OpenLots:
        """The lots of a member's wallet, as far as they were read."""
        lots = self.at.lots.get(member_id)
        if lots is None:
            lots = self.at.lots[member_id] = OpenLots([])
        return lots

    def move(self, debit: int, credit: int, points: int) -> Legs:
        """Two legs: points from one account to another."""
        rows, balances = self.rows, self.at.balances
        rows.delta(debit)[0] += points
        rows.delta(credit)[1] += points
        balances[debit] -= points
        balances[credit] += points
        return debit, credit, points

    def use(self, seq: int, taken: Sequence[LotTaken]) -> None:
        """Notes what a posting took from lots."""
        self.rows.uses.extend((seq, part.lot_no, part.points) for part in taken)

    def remember(self, number: int, item: Movement, seq: int | None, refusal: Refused | None) -> None:
        """Keeps the answer to an item that posts nothing under its key."""
        self.keys[item.partner_id, item.key] = Earlier(item.content_hash, seq, refusal)
        told = (None, None, None)
        if refusal is not None:
            told = (code_of(refusal.reason), refusal.message, json.dumps(refusal.metadata))
        partner_no = self.at.accounts.issuance[item.partner_id]
        self.rows.decisions.append(DecisionRow(partner_no, item.key, number, item.content_hash, seq, *told))

    def entomb(self, number: int, item: Reversal) -> None:
        """Keeps an answer under a key that was never seen, for whatever is asked under it."""
        refusal = Refused(
            Reason.REASON_REVERSED_BEFORE_ARRIVAL,
            "it was reversed before it arrived",
            {"key": item.target_key},
        )
        self.remember(number, item._replace(key=item.target_key, content_hash=ANY_CONTENT), None, refusal)

    def refuse(
        self, number: int, item: Movement, reason: Reason.ValueType, message: str, metadata: dict[str, str]
    ) -> Refused:
        """Decides against an item, for ever."""
        refusal = Refused(reason, message, metadata)
        self.remember(number, item, None, refusal)
        return refusal

    def write(
        self,
        transaction: Transaction,
        wallet: int | None,
        legs: Legs,
        event: tuple[str, bytes],
        asked: tuple[int, Movement] | None,
        *,
        lot_no: int | None = None,
        matures_us: int | None = None,
        issuer_no: int | None = None,
        purchase: tuple[Any, ...] = _NO_PURCHASE,
        partner_no: int | None = None,
    ) -> None:
        """Adds a posting's row; `asked` is the item it answers, None for the ledger's own acts.

        Without a wallet it is of no member, and is told in the partition of its partner.
        """
        if transaction.kind in ACTIVITIES:
            # Points that cannot be spent yet count from when they can: they never are over while they are pending.
            self.keep_alive(transaction.member_id, max(transaction.recorded_at_us, transaction.matures_at_us))
        owner_id = transaction.member_id if wallet is not None else transaction.partner_id or PROGRAMME
        partition = owner_id.int % PARTITIONS
        before = self.at.log.advance(partition)
        key, number, content_hash, traceparent = None, None, None, ""
        if asked is not None:
            number, item = asked
            key, content_hash, traceparent = item.key, item.content_hash, item.traceparent
            partner_no = self.at.accounts.issuance[item.partner_id]
            self.keys[item.partner_id, key] = Earlier(content_hash, transaction.seq, None)
            if transaction.original_seq and item.kind in _BURNS:
                self.linked[transaction.original_seq] = (transaction.seq, content_hash)
            if item.reference is not None:
                self.references[item.partner_id, item.kind, item.reference] = (transaction.seq, content_hash)
        head = (
            transaction.transaction_id,
            transaction.kind,
            wallet,
            partner_no,
            transaction.reference,
            key,
            number,
        )
        moved = (content_hash, transaction.points, transaction.balance_after, transaction.occurred_at_us)
        told = (event[0], transaction.partner_id, partition, before, traceparent, event[1])
        tied = (
            transaction.expires_at_us or None,
            *legs,
            transaction.original_seq or None,
            lot_no,
            matures_us,
            issuer_no,
        )
        self.rows.postings.append(PostingRow._make((*head, *moved, *tied, *purchase, *told)))
        self.posted[transaction.seq] = transaction

    def own_act(
        self, kind: MovementKind, member_id: UUID, wallet: int, points: int, partner_id: UUID | None = None
    ) -> Transaction:
        """A posting of the ledger's own at its next seq; `points` is its effect on the wallet, moved already."""
        seq, recorded_us = self.next()
        return Transaction(
            new_id(), seq, kind, member_id, partner_id, None, points, self.at.balances[wallet], recorded_us,
            recorded_us, 0,
        )  # fmt: skip


def _by_member(opened: Opened) -> dict[UUID, list[OpenHold]]:
    """The holds whose time is over, by member, in the order in which they ran out."""
    due: dict[UUID, list[OpenHold]] = {}
    for hold in sorted(opened.holds.values(), key=lambda hold: (hold.expires_at_us, hold.seq)):
        if hold.expires_at_us <= opened.now_us:
            due.setdefault(hold.member_id, []).append(hold)
    return due
