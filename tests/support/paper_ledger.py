"""What `ledger_open` reads and `ledger_write` writes, on paper: runs the pure decision without a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from uuid import UUID

from services.points.domain.accounts import PROGRAMME, AccountKey, AccountKind, AccountNumbers
from services.points.domain.answers import Decision, FloorSet, Lapsed
from services.points.domain.deciding.earn import ISSUED_POINTS_MAX
from services.points.domain.earning import EarnRate, EarnRates
from services.points.domain.lots import Lot, OpenLots
from services.points.domain.movements import (
    Act,
    Capture,
    Earn,
    FloorChange,
    Hold,
    Movement,
    Overdue,
    Redemption,
    Refund,
    Sale,
    Unpark,
    Void,
    WaitsOver,
    of_sales,
)
from services.points.domain.opened import Earlier, LedgerRules, Opened, OpenHold
from services.points.domain.posting import Posting
from services.points.domain.refunding import RefundRule
from services.points.domain.rows import ChildRow, PostingRow, RefundRow
from services.points.domain.terms import NO_LIMITS_SET, Limits, Terms
from services.points.domain.wallet_movements import WalletMovement
from services.points.storage import wallet_reads
from services.runtime.event_log import PARTITIONS, LogHead
from services.runtime.expiry_policy import DEFAULT_POLICY, ExpiryPolicy
from tests.support.paper_burns import PaperBurns
from tests.support.paper_campaigns import (
    PaperCampaigns,
    budget_accounts,
    granted,
    taken_of_grants,
    write_campaigns,
)
from tests.support.paper_checks import check
from tests.support.paper_floors import PaperFloors
from tests.support.paper_parks import PaperParks
from tests.support.paper_refunds import open_debts, refunded
from tests.support.paper_rows import LotRow, PaperDebt, earlier_of, keys_of
from tests.support.paper_telling import Told, telling
from tests.support.paper_waits import PaperWaits
from tests.support.paper_wallets import (
    accounts_of,
    check_lot_home,
    read_wallets,
    write_holds,
    write_wallets,
)


@dataclass
class PaperLedger:
    """The tables of one ledger as dictionaries."""

    rules: LedgerRules
    rates: dict[UUID, list[EarnRate]] = field(default_factory=dict)
    refund_rules: dict[UUID, RefundRule] = field(default_factory=dict)
    expiry: ExpiryPolicy = DEFAULT_POLICY
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
    lots: dict[int, LotRow] = field(default_factory=dict)
    uses: list[tuple[int, int, int]] = field(default_factory=list)
    holds: dict[int, OpenHold] = field(default_factory=dict)
    refunds: list[RefundRow] = field(default_factory=list)
    debts: dict[int, PaperDebt] = field(default_factory=dict)
    returns: list[tuple[int, int, int]] = field(default_factory=list)
    matured: list[tuple[int, int, int]] = field(default_factory=list)
    children: dict[int, ChildRow] = field(default_factory=dict)
    floors: PaperFloors = field(default_factory=PaperFloors)
    waits: PaperWaits = field(default_factory=PaperWaits)
    parks: PaperParks = field(default_factory=PaperParks)
    expires: dict[int, int] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    merged: dict[UUID, UUID] = field(default_factory=dict)
    limits: Limits = NO_LIMITS_SET
    campaigns: PaperCampaigns = field(default_factory=PaperCampaigns)
    burns: PaperBurns = field(default_factory=PaperBurns)

    def post(self, movements: Sequence[Act], wall_now_us: int = 0) -> list[Decision]:
        """One batch: opened, decided, written."""
        movements = self.burns.referred(movements)
        opened = self._open(movements)
        first_us = opened.now_us
        terms = self._terms()
        posting = Posting(opened, self.rules, terms, telling(self.told), "USD")
        told_before = len(self.told)
        decisions = posting.decide(movements, wall_now_us)
        # What a fallen chain had worded is told to nobody.
        written = {row.transaction_id for row in posting.rows.postings}
        self.told[told_before:] = [
            told for told in self.told[told_before:] if told.transaction.transaction_id in written
        ]
        if posting.rows:
            self._write(opened, posting)
            assert self.last_time_us >= first_us
        return [decision for decision in decisions if not isinstance(decision, Lapsed | FloorSet)]

    def _terms(self) -> Terms:
        return Terms(
            0, EarnRates(self.rates), self.refund_rules, self.expiry, self.limits, self.campaigns.in_force(),
            self.burns.in_force(),
        )  # fmt: skip

    def sale(self, seq: int) -> Sale | None:
        """What a refund of a posting refunds; None where it cannot be refunded by itself."""
        row = self.postings.get(seq)
        if (
            row is None
            or row.kind not in ("earn", "redeem", "capture")
            or (row.kind != "earn" and row.original_seq and not self.parks.is_ended(self, row.original_seq))
        ):
            return None
        linked = [
            no
            for no, each in self.postings.items()
            if each.original_seq == (row.original_seq or seq) and each.kind in ("redeem", "capture")
        ]
        burn_seq = seq if row.kind != "earn" else (linked or [0])[0]
        used = [(lot_no, points) for used_seq, lot_no, points in self.uses if used_seq == burn_seq]
        burned = self.postings[burn_seq].amount if burn_seq else 0
        if row.kind != "earn":
            return Sale(seq, row.transaction_id, 0, 0, 0, 0, 1, seq, burned, used)
        return Sale(
            seq, row.transaction_id, row.sale_minor or 0, row.points_minor or 0, row.amount, row.rate_points or 0,
            row.rate_per_minor or 0, burn_seq, burned, used, granted(self, seq),
        )  # fmt: skip

    def balance(self, member: UUID) -> int:
        """The counters' balance of a wallet."""
        account = self.accounts.get(AccountKey(AccountKind.WALLET, member))
        return self.balance_of(account) if account is not None else 0

    def balance_of(self, account: int) -> int:
        """The counters' balance of an account."""
        debited, credited, _, _ = self.counters[account]
        return credited - debited

    def held_of(self, account: int) -> int:
        """What open holds have set aside of an account."""
        _, _, reserved, released = self.counters[account]
        return reserved - released

    def _open(self, acts: Sequence[Act]) -> Opened:
        now_us = max(self.now_us, self.last_time_us + 1)
        movements = [
            item for item in acts if not isinstance(item, Overdue | FloorChange | WaitsOver | Unpark)
        ]
        burns = self._burns(acts, self.waits.awaited(movements))
        for kind, owner in [
            AccountKey(AccountKind.EXPIRY, PROGRAMME),
            *accounts_of(acts),
            *budget_accounts(acts, self._terms()),
        ]:
            self._account(kind, owner)
        named = {item.hold_seq for item in movements if isinstance(item, Capture | Void)}
        holds = {
            seq: hold
            for seq, hold in self.holds.items()
            if hold.member_id in burns and (seq in named or hold.expires_at_us <= now_us)
        }
        opened = Opened(
            last_seq=self.last_seq,
            now_us=now_us,
            last_lot_no=self.last_lot_no,
            batch_no=self.batch_no + 1,
            log=LogHead(self.log.pos, list(self.log.partition_pos)),
            by_key={key: self.decisions[key] for key in keys_of(movements) if key in self.decisions},
            by_reference={
                (self.owner(row.partner_no), row.kind, row.reference): (seq, row.content_hash or b"")
                for seq, row in self.postings.items()
                if row.partner_no is not None and row.reference is not None
            },
            accounts=self.numbers,
            balances={account: self.balance_of(account) for account in self.accounts.values()},
            held={account: self.held_of(account) for account in self.accounts.values()},
            open_holds={
                member: sum(hold.member_id == member for hold in self.holds.values()) for member in burns
            },
            closed=frozenset(self.closed),
            lots=self._read_lots(burns, now_us, holds, movements),
            holds=holds,
            linked={
                self.parks.sale_of(self, row.original_seq): (seq, row.content_hash or b"")
                for seq, row in self.postings.items()
                if row.kind in ("redeem", "capture") and row.original_seq
            },
            refunded=refunded(self, movements),
            debts=open_debts(self, burns),
            expires={member: self.expires.get(self.wallet_no(member), 0) for member in burns},
            credit_floors=self.floors.bounds(),
            parking=self.floors.parking(),
            parked=self.parks.read(self),
            standing_floors=self.floors.standing(acts, self.accounts),
            waiting=self.waits.read(self.parks),
            taken_of_grants=taken_of_grants(self, acts),
        )
        return self.burns.read(self, read_wallets(self, opened, acts), acts)

    def _burns(self, acts: Sequence[Act], awaited: Set[tuple[UUID, str]]) -> dict[UUID, int]:
        """Members with what they may burn; their accounts, and those of the partners, are there from now on."""
        burns: dict[UUID, int] = {}
        for item in of_sales(acts):
            if isinstance(item, WaitsOver):
                continue
            if not isinstance(item, Overdue):
                self._account(AccountKind.ISSUANCE, item.partner_id)
            if isinstance(item, FloorChange) or item.member_id == PROGRAMME:
                continue
            if isinstance(item, WalletMovement):
                for member, burn in wallet_reads.needs(item):
                    burns[member] = burns.get(member, 0) + burn
                    self._account(AccountKind.WALLET, member)
                continue
            burn = item.points if isinstance(item, Redemption | Hold) else 0
            if isinstance(item, Refund) and item.sale is not None:
                burn = item.sale.brought
                self._account(AccountKind.DEBT, item.member_id)
                if item.sale.burned:
                    self._account(AccountKind.REDEMPTION, item.partner_id)
            if isinstance(item, Earn) and (item.partner_id, item.reference) in awaited:
                burn = ISSUED_POINTS_MAX
                self._account(AccountKind.DEBT, item.member_id)
            burns[item.member_id] = burns.get(item.member_id, 0) + burn
            self._account(AccountKind.WALLET, item.member_id)
            if isinstance(item, Redemption | Capture):
                self._account(AccountKind.REDEMPTION, item.partner_id)
            if isinstance(item, Earn):
                self._account(AccountKind.PENDING, item.member_id)
        return burns

    def _read_lots(
        self,
        burns: dict[UUID, int],
        now_us: int,
        holds: Mapping[int, OpenHold],
        movements: Sequence[Movement],
    ) -> dict[UUID, OpenLots]:
        """Overdue lots of all; live ones of those who burn or owe, no more than that can need; those of the holds, of
        burns that are refunded, and of earns that are.
        """
        reserved = {lot_no for hold in holds.values() for lot_no, _ in hold.lots}
        sales = [item.sale for item in movements if isinstance(item, Refund) and item.sale is not None]
        reserved |= {lot_no for sale in sales for lot_no, _ in sale.lots}
        earns = {sale.seq for sale in sales} | {grant.seq for sale in sales for grant in sale.grants}
        found: dict[UUID, list[Lot]] = {member: [] for member, burn in burns.items() if burn}
        for member, asked in burns.items():
            burn = asked + sum(debt.left for debt in self.debts.values() if debt.member == member)
            rows = [row.lot for row in self.lots.values() if row.member == member]
            reached = 0
            for lot in sorted(rows, key=lambda lot: lot.order):
                if lot.matures_us:
                    needed = lot.remaining > 0 and (lot.matures_us <= now_us or asked >= 10**15)
                elif lot.over(now_us, self.expires.get(self.wallet_no(member), 0)):
                    needed = lot.free > 0
                else:
                    needed = lot.free > 0 and reached < burn
                    reached += lot.free
                if needed or lot.lot_no in reserved or (lot.remaining and lot.earned_seq in earns):
                    found.setdefault(member, []).append(replace(lot))
        for item in movements:
            if isinstance(item, Refund) and item.sale is not None:
                away = [self.lots[lot_no] for lot_no, _ in item.sale.lots]
                found.setdefault(item.member_id, []).extend(
                    replace(row.lot, elsewhere=True) for row in away if row.member != item.member_id
                )
        return {member: OpenLots(lots) for member, lots in found.items()}

    def _account(self, kind: AccountKind, owner: UUID) -> None:
        if AccountKey(kind, owner) not in self.accounts:
            number = len(self.accounts) + 1
            self.accounts[AccountKey(kind, owner)] = number
            self.numbers.learn(AccountKey(kind, owner), number)
            self.counters[number] = [0, 0, 0, 0]

    def owner(self, account: int) -> UUID:
        """Whose an account is."""
        return next(key.owner_id for key, number in self.accounts.items() if number == account)

    def now_of(self, member: UUID) -> UUID:
        """The member who has what was this one's."""
        while member in self.merged:
            member = self.merged[member]
        return member

    def wallet_no(self, member: UUID) -> int:
        """The number of a member's wallet."""
        return self.accounts[AccountKey(AccountKind.WALLET, member)]

    def _write(self, opened: Opened, posting: Posting) -> None:
        rows = posting.rows
        for place, row in enumerate(rows.postings):
            seq = self.last_seq + 1
            self.last_seq, self.last_time_us = seq, opened.now_us + place
            self.postings[seq], self.recorded_us[seq] = row, self.last_time_us
            if row.key is not None and row.partner_no is not None:
                self._remember(row.partner_no, row.key, Earlier(row.content_hash or b"", seq, None))
            if row.lot_no is not None and row.partner_no is not None and row.wallet_no is not None:
                assert (row.credit_no == row.wallet_no) == (row.matures_us is None)
                issuer_no = row.issuer_no or row.partner_no
                lot = Lot(
                    row.lot_no, self.owner(issuer_no), "bonus" if row.kind == "grant" else "base", row.amount, 0, row.occurred_at_us,
                    row.expires_at_us or 0, seq, row.matures_us or 0, (row.credit_no or 0) if row.matures_us else 0,
                )  # fmt: skip
                self.lots[row.lot_no] = LotRow(self.owner(row.wallet_no), lot)
        write_wallets(self, posting)
        write_campaigns(self, posting)
        self._write_children(posting)
        assert sorted(self.lots) == list(range(1, opened.last_lot_no + 1))
        self.last_lot_no = opened.last_lot_no
        assert opened.log.pos == self.log.pos + len(rows.postings)
        self.last_time_us = max(self.last_time_us, opened.now_us)
        self.batch_no, self.log = opened.batch_no, opened.log
        for decision in rows.decisions:
            self._remember(decision.partner_no, decision.key, earlier_of(decision))
        for account, delta in rows.deltas.items():
            self.counters[account] = [
                counted + moved for counted, moved in zip(self.counters[account], delta, strict=True)
            ]
        assert rows.expires.keys() <= rows.deltas.keys()
        self.expires |= rows.expires
        for lots in opened.lots.values():
            for lot in lots.touched.values():
                self.lots[lot.lot_no].lot.remaining = lot.remaining
                self.lots[lot.lot_no].lot.reserved = lot.reserved
                self.lots[lot.lot_no].lot.matures_us = lot.matures_us
        write_holds(self, posting)
        self._write_refunds(opened, posting)
        self.floors.rows += rows.floors
        self.waits.write(opened, rows, self.owner)
        self.parks.write(self, rows)
        self.burns.write(self, rows)
        self.uses += rows.uses
        self.returns += rows.returns
        self.matured += rows.matured

    def _write_children(self, posting: Posting) -> None:
        for row in posting.rows.children:
            parent, member = self.lots[row.parent_no], self.owner(row.wallet_no)
            lot = Lot(
                row.lot_no, parent.lot.issuer_id, parent.lot.point_type, row.points, 0, row.earned_us, row.expires_us or 0,
                row.earned_seq,
            )  # fmt: skip
            assert row.origin_no not in {child.lot_no for child in posting.rows.children}
            check_lot_home(self, lot, row.parent_no, member, row.seq)
            self.lots[row.lot_no] = LotRow(member, lot)
            self.children[row.lot_no] = row

    def _write_refunds(self, opened: Opened, posting: Posting) -> None:
        rows = posting.rows
        for row in rows.refunds:
            before = [each for each in self.refunds if each.original_seq == row.original_seq]
            assert (row.no, row.given_before) == (len(before) + 1, sum(each.given for each in before))
            assert row.given_before + row.given <= row.whole
            self.refunds.append(row)
        for debt in rows.debts:
            self.debts[debt.seq] = PaperDebt(
                debt.seq,
                self.owner(debt.wallet_no),
                self.owner(debt.partner_no),
                debt.original_seq,
                debt.points,
            )
        for _, debt_seq, points in rows.paid:
            self.debts[debt_seq].left -= points
        for debts in opened.debts.values():
            assert all(self.debts[debt.seq].left == debt.left for debt in debts.touched.values())

    def _remember(self, partner_no: int, key: str, earlier: Earlier) -> None:
        partner = self.owner(partner_no)
        assert (partner, key) not in self.decisions
        self.decisions[partner, key] = earlier

    def check(self) -> None:
        """The invariants that can be seen on paper."""
        check(self)
