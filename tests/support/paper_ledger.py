"""What `ledger_open` reads and `ledger_write` writes, on paper: runs the pure decision without a database."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from services.points.domain.accounts import PROGRAMME, AccountKey, AccountKind, AccountNumbers
from services.points.domain.answers import Decision, Refused
from services.points.domain.earning import EarnRate, EarnRates
from services.points.domain.lots import Lot, OpenLots
from services.points.domain.movements import (
    Capture,
    Earn,
    Hold,
    LotTaken,
    Movement,
    Purchase,
    Redemption,
    Transaction,
    Void,
)
from services.points.domain.opened import Earlier, LedgerRules, Opened, OpenHold
from services.points.domain.posting import Posting
from services.points.domain.rows import DecisionRow, PostingRow
from services.points.domain.telling import Telling
from services.runtime.errors import reason_of
from services.runtime.event_log import PARTITIONS, LogHead
from tests.support.ledger_model import Ask, LedgerModel, Posted, Taken, Verdict


def movement_of(ask: Ask, *, deadline_us: int = 0, store_id: UUID | None = None) -> Movement:
    """The movement that the reader would make of it."""
    content = repr(ask.content).encode()
    common = (ask.key, ask.partner, ask.member)
    if ask.kind == "hold":
        return Hold(
            *common, ask.reference, content, ask.occurred_us, ask.amount, ask.seconds, "", deadline_us
        )
    if ask.kind == "capture":
        return Capture(
            *common, UUID(int=ask.hold_seq), ask.hold_seq, content, ask.occurred_us, ask.amount, store_id, "store",
            "", deadline_us,
        )  # fmt: skip
    if ask.kind == "void":
        hold_id = UUID(int=ask.hold_seq)
        return Void(*common, hold_id, ask.hold_seq, content, ask.occurred_us, "", deadline_us)
    if ask.kind == "earn":
        purchase = Purchase(store_id, "1", "", "17", "store", "", ask.amount, "[]", "[]")
        return Earn(
            ask.key, ask.partner, ask.member, ask.reference, content, ask.occurred_us, purchase, "", deadline_us
        )  # fmt: skip
    return Redemption(
        ask.key, ask.partner, ask.member, ask.reference, content, ask.occurred_us, ask.amount, store_id, "store",
        "", deadline_us,
    )  # fmt: skip


@dataclass
class Told:
    """An event that the decision worded."""

    kind: str
    transaction: Transaction
    lot_no: int = 0
    taken: Sequence[LotTaken] = ()


@dataclass
class _LotRow:
    member: UUID
    lot: Lot


@dataclass
class PaperLedger:
    """The tables of one ledger as dictionaries."""

    rules: LedgerRules
    rates: dict[UUID, list[EarnRate]] = field(default_factory=dict)
    closed: set[UUID] = field(default_factory=set)
    now_us: int = 0
    last_seq: int = 0
    last_time_us: int = 0
    last_lot_no: int = 0
    batch_no: int = 0
    log: LogHead = field(default_factory=lambda: LogHead(0, [0] * PARTITIONS))
    accounts: dict[AccountKey, int] = field(default_factory=dict)
    numbers: AccountNumbers = field(default_factory=lambda: AccountNumbers(1_000))
    counters: dict[int, list[int]] = field(default_factory=dict)
    postings: dict[int, PostingRow] = field(default_factory=dict)
    recorded_us: dict[int, int] = field(default_factory=dict)
    decisions: dict[tuple[UUID, str], Earlier] = field(default_factory=dict)
    lots: dict[int, _LotRow] = field(default_factory=dict)
    uses: list[tuple[int, int, int]] = field(default_factory=list)
    holds: dict[int, OpenHold] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)

    def post(self, movements: Sequence[Movement], wall_now_us: int = 0) -> list[Decision]:
        """One batch: opened, decided, written."""
        opened = self._open(movements)
        first_us = opened.now_us
        posting = Posting(opened, self.rules, EarnRates(0, self.rates), self._telling(), "USD")
        decisions = posting.decide(movements, wall_now_us)
        if posting.rows.postings or posting.rows.decisions:
            self._write(opened, posting)
            assert self.last_time_us >= first_us
        return decisions

    def balance(self, member: UUID) -> int:
        """The counters' balance of a wallet."""
        account = self.accounts.get(AccountKey(AccountKind.WALLET, member))
        return self._balance(account) if account is not None else 0

    def _balance(self, account: int) -> int:
        debited, credited, _, _ = self.counters[account]
        return credited - debited

    def _held(self, account: int) -> int:
        _, _, reserved, released = self.counters[account]
        return reserved - released

    def _telling(self) -> Telling:
        def earned(transaction: Transaction, item: Earn, lot_no: int, currency: str) -> bytes:
            assert (item.reference, currency) == (transaction.reference, "USD")
            self.told.append(Told("earned", transaction, lot_no))
            return b"earned"

        def redeemed(transaction: Transaction, item: Redemption, taken: Sequence[LotTaken]) -> bytes:
            assert item.points == -transaction.points
            self.told.append(Told("redeemed", transaction, taken=taken))
            return b"redeemed"

        def expired(transaction: Transaction, taken: Sequence[LotTaken]) -> bytes:
            self.told.append(Told("expired", transaction, taken=taken))
            return b"expired"

        def held(transaction: Transaction) -> bytes:
            self.told.append(Told("held", transaction))
            return b"held"

        def captured(transaction: Transaction, item: Capture, taken: Sequence[LotTaken]) -> bytes:
            assert -transaction.points == (item.points or -transaction.held)
            self.told.append(Told("captured", transaction, taken=taken))
            return b"captured"

        def released(transaction: Transaction) -> bytes:
            self.told.append(Told("released", transaction))
            return b"released"

        return Telling(earned, redeemed, expired, held, captured, released)

    def _open(self, movements: Sequence[Movement]) -> Opened:
        now_us = max(self.now_us, self.last_time_us + 1)
        burns: dict[UUID, int] = {}
        for item in movements:
            burn = item.points if isinstance(item, Redemption | Hold) else 0
            burns[item.member_id] = burns.get(item.member_id, 0) + burn
            self._account(AccountKind.WALLET, item.member_id)
            self._account(AccountKind.ISSUANCE, item.partner_id)
            if isinstance(item, Redemption | Capture):
                self._account(AccountKind.REDEMPTION, item.partner_id)
        self._account(AccountKind.EXPIRY, PROGRAMME)
        named = {item.hold_seq for item in movements if isinstance(item, Capture | Void)}
        holds = {
            seq: hold
            for seq, hold in self.holds.items()
            if hold.member_id in burns and (seq in named or hold.expires_at_us <= now_us)
        }
        return Opened(
            last_seq=self.last_seq,
            now_us=now_us,
            last_lot_no=self.last_lot_no,
            batch_no=self.batch_no + 1,
            log=LogHead(self.log.pos, list(self.log.partition_pos)),
            by_key={
                (item.partner_id, item.key): self.decisions[item.partner_id, item.key]
                for item in movements
                if (item.partner_id, item.key) in self.decisions
            },
            by_reference={
                (self._owner(row.partner_no), row.kind, row.reference): (seq, row.content_hash or b"")
                for seq, row in self.postings.items()
                if row.partner_no is not None and row.reference is not None
            },
            accounts=self.numbers,
            balances={account: self._balance(account) for account in self.accounts.values()},
            held={account: self._held(account) for account in self.accounts.values()},
            open_holds={
                member: sum(hold.member_id == member for hold in self.holds.values()) for member in burns
            },
            closed=frozenset(self.closed),
            lots=self._read_lots(burns, now_us, holds),
            holds=holds,
        )

    def _read_lots(
        self, burns: dict[UUID, int], now_us: int, holds: Mapping[int, OpenHold]
    ) -> dict[UUID, OpenLots]:
        """Overdue lots of all, live ones of those who burn, no more than the burns can need; those of the holds."""
        reserved = {lot_no for hold in holds.values() for lot_no, _ in hold.lots}
        found: dict[UUID, list[Lot]] = {member: [] for member, burn in burns.items() if burn}
        for member, burn in burns.items():
            rows = [row.lot for row in self.lots.values() if row.member == member and row.lot.remaining]
            reached = 0
            for lot in sorted(rows, key=lambda lot: lot.order):
                if 0 < lot.expires_at_us <= now_us:
                    needed = lot.free > 0
                else:
                    needed = lot.free > 0 and reached < burn
                    reached += lot.free
                if needed or lot.lot_no in reserved:
                    found.setdefault(member, []).append(_copy(lot))
        return {member: OpenLots(lots) for member, lots in found.items()}

    def _account(self, kind: AccountKind, owner: UUID) -> None:
        if AccountKey(kind, owner) not in self.accounts:
            number = len(self.accounts) + 1
            self.accounts[AccountKey(kind, owner)] = number
            self.numbers.learn(AccountKey(kind, owner), number)
            self.counters[number] = [0, 0, 0, 0]

    def _owner(self, account: int) -> UUID:
        return next(key.owner_id for key, number in self.accounts.items() if number == account)

    def _write(self, opened: Opened, posting: Posting) -> None:
        rows = posting.rows
        for place, row in enumerate(rows.postings):
            seq = self.last_seq + 1
            self.last_seq, self.last_time_us = seq, opened.now_us + place
            self.postings[seq], self.recorded_us[seq] = row, self.last_time_us
            if row.key is not None and row.partner_no is not None:
                self._remember(row.partner_no, row.key, Earlier(row.content_hash or b"", seq, None))
            if row.lot_no is not None and row.partner_no is not None:
                assert row.credit_no == row.wallet_no
                lot = Lot(
                    row.lot_no, self._owner(row.partner_no), "base", row.amount, 0, row.occurred_at_us,
                    row.expires_at_us or 0,
                )  # fmt: skip
                assert row.lot_no == self.last_lot_no + 1
                self.last_lot_no = row.lot_no
                self.lots[row.lot_no] = _LotRow(self._owner(row.wallet_no), lot)
        assert (opened.last_lot_no, opened.log.pos) == (self.last_lot_no, self.log.pos + len(rows.postings))
        self.last_time_us = max(self.last_time_us, opened.now_us)
        self.batch_no, self.log = opened.batch_no, opened.log
        for decision in rows.decisions:
            self._remember(decision.partner_no, decision.key, _earlier(decision))
        for account, delta in rows.deltas.items():
            self.counters[account] = [
                counted + moved for counted, moved in zip(self.counters[account], delta, strict=True)
            ]
        for lots in opened.lots.values():
            for lot in lots.touched.values():
                self.lots[lot.lot_no].lot.remaining = lot.remaining
                self.lots[lot.lot_no].lot.reserved = lot.reserved
        self._write_holds(posting)
        self.uses += rows.uses

    def _write_holds(self, posting: Posting) -> None:
        rows = posting.rows
        for row in rows.holds:
            parts = [(lot_no, points) for seq, lot_no, points in rows.hold_lots if seq == row.seq]
            assert sum(points for _, points in parts) == row.points
            moved = next(told.transaction for told in self.told if told.transaction.seq == row.seq)
            self.holds[row.seq] = OpenHold(
                row.seq, moved.transaction_id, self._owner(row.partner_no), row.partner_no,
                self._owner(row.wallet_no), row.points, row.expires_at_us, parts,
            )  # fmt: skip
        for end in rows.hold_ends:
            hold = self.holds.pop(end.hold_seq)
            assert end.held == hold.points >= end.captured >= 0

    def _remember(self, partner_no: int, key: str, earlier: Earlier) -> None:
        partner = self._owner(partner_no)
        assert (partner, key) not in self.decisions
        self.decisions[partner, key] = earlier

    def check(self) -> None:
        """The invariants that can be seen on paper."""
        assert sum(credited - debited for debited, credited, _, _ in self.counters.values()) == 0
        for key, account in self.accounts.items():
            if key.kind is AccountKind.WALLET:
                left = sum(row.lot.remaining for row in self.lots.values() if row.member == key.owner_id)
                assert self._balance(account) == left >= 0
                held = [hold for hold in self.holds.values() if hold.member_id == key.owner_id]
                assert self._held(account) == sum(hold.points for hold in held) <= left
                assert self._held(account) == sum(
                    row.lot.reserved for row in self.lots.values() if row.member == key.owner_id
                )
        assert all(0 <= row.lot.reserved <= row.lot.remaining for row in self.lots.values())
        used: dict[int, int] = {}
        for _, lot_no, points in self.uses:
            used[lot_no] = used.get(lot_no, 0) + points
        opened = {row.lot_no: row.amount for row in self.postings.values() if row.lot_no is not None}
        for lot_no, row in self.lots.items():
            assert opened[lot_no] == row.lot.remaining + used.get(lot_no, 0)


def _copy(lot: Lot) -> Lot:
    return Lot(
        lot.lot_no, lot.issuer_id, lot.point_type, lot.remaining, lot.reserved, lot.earned_at_us, lot.expires_at_us,
    )  # fmt: skip


def _earlier(row: DecisionRow) -> Earlier:
    refusal = None
    if row.refusal is not None:
        metadata: dict[str, str] = json.loads(row.metadata_json or "{}")
        refusal = Refused(reason_of(row.refusal), row.message or "", metadata)
    return Earlier(row.content_hash, row.seq, refusal)


def verdict_of(decision: Any, ledger: PaperLedger) -> Verdict:
    """A decision in the words of the model."""
    from services.points.domain.answers import Accepted, Replay, TurnedAway
    from services.runtime.errors import code_of

    if isinstance(decision, Replay):
        return Verdict("accepted", posted=posted_of(ledger, decision.seq), replayed=True)
    if isinstance(decision, Accepted):
        posted = posted_of(ledger, decision.transaction.seq)
        return Verdict("accepted", posted=posted, replayed=decision.replayed)
    if isinstance(decision, TurnedAway):
        return Verdict("turned away", code_of(decision.reason))
    assert isinstance(decision, Refused)
    available = decision.metadata.get("available")
    return Verdict(
        "refused", code_of(decision.reason), available=int(available) if available is not None else None,
        replayed=decision.replayed,
    )  # fmt: skip


def posted_of(ledger: PaperLedger, seq: int) -> Posted:
    """A posting of the journal in the words of the model."""
    row = ledger.postings[seq]
    kind, moved = row.kind, _moved(ledger, seq)
    assert kind in ("earn", "redeem", "expire", "hold", "capture", "void", "lapse")
    taken = tuple(
        Taken(lot_no, ledger.lots[lot_no].lot.issuer_id, points)
        for used_seq, lot_no, points in ledger.uses
        if used_seq == seq
    )
    return Posted(
        seq, kind, moved.member_id, moved.partner_id, row.reference or "", row.points, row.balance_after,
        row.expires_at_us or 0, row.lot_no or 0, taken, moved.held, _hold_seq(ledger, moved),
    )  # fmt: skip


def _hold_seq(ledger: PaperLedger, moved: Transaction) -> int:
    if moved.hold_id is None:
        return 0
    return next(
        told.transaction.seq for told in ledger.told if told.transaction.transaction_id == moved.hold_id
    )


def _moved(ledger: PaperLedger, seq: int) -> Transaction:
    """What was told of a posting; checks that its row says the same."""
    moved = next(told.transaction for told in ledger.told if told.transaction.seq == seq)
    row = ledger.postings[seq]
    assert ledger.accounts[AccountKey(AccountKind.WALLET, moved.member_id)] == row.wallet_no
    partner = moved.partner_id
    assert row.partner_no == (ledger.accounts[AccountKey(AccountKind.ISSUANCE, partner)] if partner else None)
    assert row.event_partner_id == partner
    assert ledger.recorded_us[seq] == moved.recorded_at_us
    assert (row.transaction_id, row.kind, row.reference, row.points) == (
        moved.transaction_id, moved.kind, moved.reference, moved.points,
    )  # fmt: skip
    return moved


def pair(zone: str, months: int, backdate_days: int) -> tuple[PaperLedger, LedgerModel]:
    """An empty ledger on paper, and its model."""
    return PaperLedger(LedgerRules(zone, months, backdate_days)), LedgerModel(zone, months, backdate_days)
