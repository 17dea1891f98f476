"""What partners take points for, in a ledger on paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from services.points.domain.accounts import AccountKey, AccountKind
from services.points.domain.burning import BurnRule, BurnRules, RuleVersion
from services.points.domain.movements import Act, Capture, Hold, Redemption
from services.points.domain.opened import Opened
from services.points.domain.rows import Rows, WorthRow

if TYPE_CHECKING:
    from tests.support.paper_ledger import PaperLedger


@dataclass
class PaperBurns:
    """Rules in the order in which they were set, and what they made of burns."""

    versions: list[RuleVersion] = field(default_factory=list)
    rows: dict[int, WorthRow] = field(default_factory=dict)

    def set(self, partner: UUID, rule: BurnRule) -> None:
        """Adds a rule."""
        self.versions.append(RuleVersion(partner, rule, len(self.versions) + 1, 1))

    def in_force(self) -> BurnRules:
        """The rules as a posting takes them."""
        return BurnRules(self.versions)

    def referred(self, acts: Sequence[Act]) -> list[Act]:
        """The acts, captures with the rules that their holds were decided by, as they are looked up before the door."""
        return [
            act._replace(rule_version=self.rows[act.hold_seq].rule_version)
            if isinstance(act, Capture) and act.hold_seq in self.rows
            else act
            for act in acts
        ]

    def read(self, ledger: PaperLedger, opened: Opened, acts: Sequence[Act]) -> Opened:
        """Adds the day, and what was burned in it by those who burn at partners with rules."""
        burns = [act for act in acts if isinstance(act, Redemption | Hold | Capture)]
        partners = self.in_force().partners
        if any(act.partner_id in partners for act in burns):
            opened.today = _day(ledger, opened.now_us)
        for act in burns:
            if act.partner_id not in partners:
                continue
            wallet = ledger.wallet_no(act.member_id)
            partner_no = ledger.accounts[AccountKey(AccountKind.ISSUANCE, act.partner_id)]
            burned = sum(
                row.points
                for row in self.rows.values()
                if row.burned
                and (row.wallet_no, row.partner_no, row.day) == (wallet, partner_no, opened.today)
            )
            held = sum(
                hold.points
                for hold in ledger.holds.values()
                if (hold.member_id, hold.partner_id) == (act.member_id, act.partner_id)
            )
            opened.burned_today[act.member_id, act.partner_id] = burned + held
        return opened

    def write(self, ledger: PaperLedger, rows: Rows) -> None:
        """What a batch has burned and set aside by rules; what the database would refuse is."""
        for row in rows.worths:
            rule = next(each.rule for each in self.versions if each.version == row.rule_version)
            posting = ledger.postings[row.seq]
            assert row.burned == (posting.kind in ("redeem", "capture"))
            assert (row.wallet_no, row.partner_no) == (posting.wallet_no, posting.partner_no)
            assert row.worth_minor == row.points * rule.worth_minor // rule.points
            assert row.points >= rule.minimum
            assert row.points % rule.step == 0
            if row.basket_minor is not None:
                assert row.worth_minor <= row.basket_minor * rule.share_percent // 100
            if row.burned:
                assert row.points == posting.amount
            self.rows[row.seq] = row


def _day(ledger: PaperLedger, now_us: int) -> date:
    return datetime.fromtimestamp(now_us // 1_000_000, ZoneInfo(ledger.rules.zone)).date()
