"""Journals of a period in double entry, out of the roll-forward; and the margin, as booked and at zero breakage.

They are the operator's books. It owes members the use of points; partners owe it for points issued and charged, and it owes
partners for points used with them. Fees, tax and payments are no part of them: documents book those. Amounts in minor units of the
programme's currency; a line is a debit or a credit, and each journal's debits are its credits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.partners.domain.liability.ifrs15 import RollForward
from services.runtime.errors import InvalidRequest

#: Of an account's code, and of its name.
CODE_MAX: Final = 20
NAME_MAX: Final = 100


class AccountKey(StrEnum):
    """Accounts that journals are made of, whatever they are called."""

    PARTNERS = "partners"
    """What partners owe and are owed: cleared by settlement."""
    CONTRACT_LIABILITY = "contract_liability"
    REVENUE_REDEEMED = "revenue_redeemed"
    REVENUE_BREAKAGE = "revenue_breakage"
    REVENUE_CHARGED = "revenue_charged"
    """Due once points are used: there was never a liability for it."""
    COST_OF_REDEMPTION = "cost_of_redemption"


@dataclass(frozen=True, slots=True)
class Account:
    """What an account is called in the books that take the journals over."""

    code: str
    name: str


Chart = Mapping[AccountKey, Account]
#: What accounts are called unless they are renamed: an example, no standard chart.
CHART: Final[Chart] = MappingProxyType(
    {
        AccountKey.PARTNERS: Account("1400", "Partners, clearing"),
        AccountKey.CONTRACT_LIABILITY: Account("3250", "Contract liability, points"),
        AccountKey.REVENUE_REDEEMED: Account("4400", "Revenue, points redeemed"),
        AccountKey.REVENUE_BREAKAGE: Account("4410", "Revenue, breakage of points"),
        AccountKey.REVENUE_CHARGED: Account("4420", "Revenue, points charged at redemption"),
        AccountKey.COST_OF_REDEMPTION: Account("5400", "Reimbursement of points redeemed"),
    }
)


class JournalKind(StrEnum):
    """What a journal books, in the order of a period's end."""

    DEFERRED = "deferred"
    REDEEMED = "redeemed"
    BREAKAGE = "breakage"
    CHANGE_OF_ESTIMATE = "change_of_estimate"
    CHARGED = "charged"
    REIMBURSED = "reimbursed"


# What each is debited and credited to where its amount is above zero; below, it is the other way round.
_SIDES: Final[Mapping[JournalKind, tuple[AccountKey, AccountKey, str]]] = MappingProxyType(
    {
        JournalKind.DEFERRED: (
            AccountKey.PARTNERS, AccountKey.CONTRACT_LIABILITY, "Due for points issued, less reversed",
        ),
        JournalKind.REDEEMED: (
            AccountKey.CONTRACT_LIABILITY, AccountKey.REVENUE_REDEEMED, "Allocated to points used",
        ),
        JournalKind.BREAKAGE: (
            AccountKey.CONTRACT_LIABILITY, AccountKey.REVENUE_BREAKAGE, "Breakage, in the pattern of use",
        ),
        JournalKind.CHANGE_OF_ESTIMATE: (
            AccountKey.CONTRACT_LIABILITY, AccountKey.REVENUE_BREAKAGE, "Breakage, change of estimate",
        ),
        JournalKind.CHARGED: (
            AccountKey.PARTNERS, AccountKey.REVENUE_CHARGED, "Due once points are used",
        ),
        JournalKind.REIMBURSED: (
            AccountKey.COST_OF_REDEMPTION, AccountKey.PARTNERS, "Owed for points used, less returned",
        ),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class JournalLine:
    """A debit or a credit; the other one is 0. `key`: the account, whatever it is called."""

    key: AccountKey
    account: Account
    debit_minor: int
    credit_minor: int


@dataclass(frozen=True, slots=True)
class Journal:
    """Lines that balance. Raises ValueError where they do not."""

    kind: JournalKind
    text: str
    lines: tuple[JournalLine, ...]

    def __post_init__(self) -> None:
        if sum(line.debit_minor - line.credit_minor for line in self.lines):
            raise ValueError(f"journal {self.kind} does not balance")


@dataclass(frozen=True, slots=True)
class Settled:
    """What partners owe and are owed for points used, cumulative to a moment, in minor units.

    `charged`: due once points were used, less credited. `reimbursed`: for points used with partners, less returned.
    """

    charged: int
    reimbursed: int


@dataclass(frozen=True, slots=True)
class Margin:
    """What is left of points in a period, in minor units. `at_zero_breakage`: had none been recognised."""

    revenue: int
    breakage: int
    charged: int
    reimbursed: int

    @property
    def booked(self) -> int:
        """With breakage."""
        return self.revenue + self.charged - self.reimbursed

    @property
    def at_zero_breakage(self) -> int:
        """As if every point ever issued were to be used."""
        return self.booked - self.breakage


def margin_of(total: RollForward, before: Settled, after: Settled) -> Margin:
    """The margin of a period."""
    return Margin(
        total.revenue,
        total.breakage + total.change_of_estimate,
        after.charged - before.charged,
        after.reimbursed - before.reimbursed,
    )


def journals_of(total: RollForward, margin: Margin, chart: Chart = CHART) -> list[Journal]:
    """The journals of a period; one of nothing is left out."""
    amounts = {
        JournalKind.DEFERRED: total.deferred,
        JournalKind.REDEEMED: total.redeemed,
        JournalKind.BREAKAGE: total.breakage,
        JournalKind.CHANGE_OF_ESTIMATE: total.change_of_estimate,
        JournalKind.CHARGED: margin.charged,
        JournalKind.REIMBURSED: margin.reimbursed,
    }
    return [_journal(kind, amount, chart) for kind, amount in amounts.items() if amount]


def _journal(kind: JournalKind, amount: int, chart: Chart) -> Journal:
    debit, credit, text = _SIDES[kind]
    if amount < 0:
        debit, credit = credit, debit
    return Journal(
        kind,
        text,
        (
            JournalLine(debit, chart[debit], abs(amount), 0),
            JournalLine(credit, chart[credit], 0, abs(amount)),
        ),
    )


def renamed(names: Iterable[tuple[str, str, str]]) -> Chart:
    """The chart with some accounts called otherwise: key, code and name of each.

    Raises InvalidRequest for a key that there is not or that is named twice, and for a code or a name that is empty, too long, or
    has control characters.
    """
    chart = dict(CHART)
    seen: set[AccountKey] = set()
    for place, (wanted, code, name) in enumerate(names):
        field = f"accounts[{place}]"
        if wanted not in tuple(AccountKey):
            raise InvalidRequest(
                f"there is no account {wanted!r}; there are {', '.join(AccountKey)}", field=field
            )
        key = AccountKey(wanted)
        if key in seen:
            raise InvalidRequest(f"account {key} is named twice", field=field)
        seen.add(key)
        chart[key] = Account(
            _checked(code, CODE_MAX, f"{field}.code"), _checked(name, NAME_MAX, f"{field}.name")
        )
    return MappingProxyType(chart)


def _checked(text: str, longest: int, field: str) -> str:
    if not text.strip() or len(text) > longest or not text.isprintable():
        raise InvalidRequest(f"it has 1 to {longest} characters, and none that cannot be seen", field=field)
    return text.strip()


def balances_of(journals: Sequence[Journal]) -> dict[AccountKey, int]:
    """What each account is moved by: debits less credits."""
    sums: dict[AccountKey, int] = {}
    for journal in journals:
        for line in journal.lines:
            sums[line.key] = sums.get(line.key, 0) + line.debit_minor - line.credit_minor
    return sums
