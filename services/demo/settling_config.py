"""What demo.toml says of settling: companies and their taxes, accounts and terms, and what happens at the bank."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

# A misspelt key is an error, not a default.
_FILE = ConfigDict(extra="forbid")

Positive = Annotated[int, Field(strict=True, ge=1)]
Amount = Annotated[int, Field(strict=True, ge=0)]
Text = Annotated[str, Field(min_length=1)]
#: The supplies that each partner has a rule for; prefunding is none of the demo's.
SUPPLIES = ("points", "fees", "reimbursement")


@dataclass(frozen=True, slots=True, config=_FILE)
class Party:
    """A company as documents name it, in the words of docs/tax.md."""

    legal_name: Text
    street: Text
    city: Text
    postcode: Text
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    vat_id: Text
    email: str = ""


@dataclass(frozen=True, slots=True, config=_FILE)
class Rule:
    """How a supply is taxed; `rate` in whole per cent."""

    category: Literal["S", "Z", "E", "AE", "G", "O"]
    rate: Annotated[int, Field(strict=True, ge=0, le=100)]
    exemption_text: str = ""
    exemption_code: str = ""


@dataclass(frozen=True, slots=True, config=_FILE)
class SelfBilling:
    """The agreement that the operator makes out a partner's invoices."""

    reference: Text
    agreed_on: date
    objection_days: Positive


@dataclass(frozen=True, slots=True, config=_FILE)
class Rules:
    """A rule for each supply."""

    points: Rule
    fees: Rule
    reimbursement: Rule


@dataclass(frozen=True, slots=True, config=_FILE)
class Tax:
    """Tax data of a partner's one company."""

    party: Party
    rules: Rules
    self_billing: SelfBilling

    def document(self) -> dict[str, Any]:
        """The same as a file of `coalition partner tax set` says it."""
        return asdict(self)


@dataclass(frozen=True, slots=True, config=_FILE)
class Account:
    """A bank account; `bic` where it is known."""

    iban: Text
    bic: str = ""


@dataclass(frozen=True, slots=True, config=_FILE)
class Payment:
    """A partner's account and terms: with a mandate it is debited, without one it pays invoices. Minor units, calendar days."""

    account: Account
    mandate: str = ""
    scheme: Literal["core", "b2b"] = "core"
    prenotification_days: Positive = 5
    due_days: Amount = 14
    least_payout_minor: Amount = 0
    returned_fee_minor: Amount = 0


@dataclass(frozen=True, slots=True, config=_FILE)
class Operator:
    """The operator, as documents and the bank name it."""

    party: Party
    account: Account
    creditor_id: Text


@dataclass(frozen=True, slots=True, config=_FILE)
class Returned:
    """Whose debit of the first run comes back, and why (ISO 20022 return reason)."""

    partner: Text
    reason: Annotated[str, Field(pattern="^[A-Z]{2}[0-9]{2}$")]


@dataclass(frozen=True, slots=True, config=_FILE)
class Stray:
    """An amount that comes in and names nothing, and whose it is."""

    partner: Text
    minor: Positive
    note: Text


@dataclass(frozen=True, slots=True, config=_FILE)
class InParts:
    """Who pays its invoices in two parts, and how much of each at first, rounded down to a cent."""

    partner: Text
    first_percent: Annotated[int, Field(strict=True, ge=1, le=99)]

    def first_minor(self, amount_minor: int) -> int:
        """The first part of an amount, at least one cent."""
        return max(1, amount_minor * self.first_percent // 100)


@dataclass(frozen=True, slots=True, config=_FILE)
class Bank:
    """The operator's bank, and what happens there; see demo.toml."""

    opening_minor: Amount
    returned: Returned
    stray: Stray
    in_parts: InParts

    def misfits(self, payments: dict[str, Payment]) -> Iterable[str]:
        """Why it does not fit the partners, by slug; nothing where it does."""
        for key, slug in (
            ("returned", self.returned.partner),
            ("stray", self.stray.partner),
            ("in_parts", self.in_parts.partner),
        ):
            if slug not in payments:
                yield f"bank.{key}.partner: there is no {slug}"
        if (found := payments.get(self.returned.partner)) and not found.mandate:
            yield "bank.returned.partner: it is not debited"
        if (found := payments.get(self.in_parts.partner)) and found.mandate:
            yield "bank.in_parts.partner: it does not pay by invoice"


@dataclass(frozen=True, slots=True, config=_FILE)
class Disputed:
    """A dispute of the line `issued` of the statement of a week; amounts in minor units without tax.

    `opened_after`: the week after which it is said; a week later `accepted_minor` of it are accepted.
    """

    partner: Text
    statement: Positive
    opened_after: Positive
    minor: Positive
    accepted_minor: Positive
    ground: Literal["count", "price", "twice", "other"]
    says: Text
    answer: Text


@dataclass(frozen=True, slots=True, config=_FILE)
class Disputes:
    """One that is paid first and accepted, one that is withheld and accepted in part; none where there are less than `weeks_min` weeks."""

    weeks_min: Positive
    accepted: Disputed
    withheld: Disputed

    def misfits(self, weekly: Set[str]) -> Iterable[str]:
        """Why they do not fit partners, those of them that get a statement a week; nothing where they do."""
        for key, each in (("accepted", self.accepted), ("withheld", self.withheld)):
            if each.partner not in weekly:
                yield f"disputes.{key}.partner: {each.partner} gets no statement a week"
            if not each.statement <= each.opened_after <= self.weeks_min:
                yield f"disputes.{key}.opened_after: not before its statement, nor after weeks_min"
        if self.accepted.accepted_minor != self.accepted.minor:
            yield "disputes.accepted: all of it is"
        if self.withheld.accepted_minor >= self.withheld.minor:
            yield "disputes.withheld: a part of it is accepted"
        if self.accepted.partner == self.withheld.partner:
            yield "disputes: of two partners"


@dataclass(frozen=True, slots=True, config=_FILE)
class Leaving:
    """Who leaves after the last week, in `quiet_weeks` without purchases, and at which rate what is left is bought out; see demo.toml."""

    partner: Text
    weeks_min: Annotated[int, Field(strict=True, ge=2)]
    quiet_weeks: Annotated[int, Field(strict=True, ge=2)]
    buy_out_bp: Annotated[int, Field(strict=True, ge=0, le=10_000)]
    why: Text

    def misfits(self, slugs: Set[str], busy: Set[str]) -> Iterable[str]:
        """Why it does not fit the partners, of whom those that are `busy` cannot leave; nothing where it does."""
        if self.partner not in slugs - busy:
            yield f"leaving.partner: {self.partner} is no partner, or has disputes or campaigns"
