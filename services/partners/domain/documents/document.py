"""A document: what one company is invoiced for or credited with, as it is stored for ever."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum
from typing import Final

from services.partners.domain.documents.party import Party
from services.partners.domain.documents.tax import Category, SelfBilling, Supply, TaxRule
from services.partners.domain.netting import MICROS_PER_MINOR
from services.partners.domain.rounding import half_away
from services.runtime.errors import InvalidRequest

LINES_MAX: Final = 10_000
AMOUNT_MINOR_MAX: Final = 10**15
NUMBER_CHARACTERS_MAX: Final = 40
REFERENCES_MAX: Final = 100
PAYMENT_CHARACTERS_MAX: Final = 500
_BASIS_POINTS: Final = 10_000


class DocumentType(IntEnum):
    """Codes of UNTDID 1001."""

    INVOICE = 380
    """The operator's, for points and fees."""
    CREDIT_NOTE = 381
    """The operator's, for what is taken back of these."""
    SELF_BILLED_INVOICE = 389
    """The partner's for reimbursement, made out by the operator."""
    SELF_BILLED_CREDIT_NOTE = 261
    """The partner's for what is taken back of that, made out by the operator."""
    PREPAYMENT = 386
    """The operator's, for money given beforehand."""

    @property
    def self_billed(self) -> bool:
        """Whether the partner's company is the seller, and the operator makes it out as the buyer."""
        return self in (DocumentType.SELF_BILLED_INVOICE, DocumentType.SELF_BILLED_CREDIT_NOTE)

    @property
    def is_credit(self) -> bool:
        """Whether it takes back what an invoice said."""
        return self in (DocumentType.CREDIT_NOTE, DocumentType.SELF_BILLED_CREDIT_NOTE)

    @property
    def partner_owes(self) -> bool:
        """Whether the partner owes it: the operator's invoices, and credit notes on the partner's."""
        return self.self_billed == self.is_credit


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One line. Net = quantity × price, rounded half away from zero to minor units, once.

    `number` from 1. `kind`, `point_type`: of the statement lines that it sums, `entries` of them in the ledger. `quantity`:
    points, or how many fees. `price_micros`: of one, without a sign.
    """

    number: int
    supply: Supply
    kind: str
    point_type: str
    text: str
    entries: int
    quantity: int
    price_micros: int
    net_minor: int
    rule: TaxRule


@dataclass(frozen=True, slots=True)
class Subtotal:
    """Tax of one category and rate: on the sum of its lines, rounded half away from zero, once.

    The exemption text is that of all its lines, one after the other; the code is theirs if they have one.
    """

    rule: TaxRule
    net_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class Reference:
    """An earlier document."""

    number: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class Payment:
    """How a document is settled, in words; for a transfer to `iban` with `reference` (ISO 11649) the bookkeeper's figures too."""

    text: str = ""
    reference: str = ""
    iban: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A document; a draft while `number` is empty and it has no date of issue.

    `partner`, `entity`: whose company it is about (the seller if it is self-billed, else the buyer). Both ends of the period
    are included, dates in the programme's zone. `statements`: their ids. Amounts in minor units, none below zero. `set_off_minor`:
    what of an invoice is paid by what the partner has paid ahead; it lowers neither the total nor its tax.
    """

    type: DocumentType
    programme: str
    partner: str
    entity: int
    currency: str
    seller: Party
    buyer: Party
    period_from: date
    period_to: date
    statements: tuple[str, ...]
    lines: tuple[DocumentLine, ...]
    subtotals: tuple[Subtotal, ...]
    self_billing: SelfBilling | None = None
    number: str = ""
    issued_on: date | None = None
    due_on: date | None = None
    references: tuple[Reference, ...] = ()
    payment: Payment = Payment()
    set_off_minor: int = 0

    @property
    def net_minor(self) -> int:
        """The sum of its lines."""
        return sum(line.net_minor for line in self.lines)

    @property
    def tax_minor(self) -> int:
        """The sum of its taxes."""
        return sum(subtotal.tax_minor for subtotal in self.subtotals)

    @property
    def total_minor(self) -> int:
        """What is to be paid: net and tax."""
        return self.net_minor + self.tax_minor

    @property
    def payable_minor(self) -> int:
        """What is left to be paid of the total."""
        return self.total_minor - self.set_off_minor

    @property
    def due_minor(self) -> int:
        """The total with its sign in the partner's net: above zero the partner owes it."""
        return self.total_minor if self.type.partner_owes else -self.total_minor

    @property
    def operator_tax_minor(self) -> int:
        """Tax with its sign in the operator's return: output above zero, input below."""
        return -self.tax_minor if self.type.self_billed != self.type.is_credit else self.tax_minor

    def issued(
        self,
        number: str,
        issued_on: date,
        due_on: date,
        payment: Payment,
        references: Sequence[Reference] = (),
    ) -> Document:
        """The document that this draft becomes. Raises InvalidRequest, and ValueError for one that is issued already."""
        if self.number:
            raise ValueError(f"document {self.number} is issued already")
        made = replace(
            self,
            number=number,
            issued_on=issued_on,
            due_on=due_on,
            payment=payment,
            references=tuple(references),
        )
        return made.checked()

    def checked(self) -> Document:
        """The same document. Raises InvalidRequest where its figures do not add up or a text is out of its range."""
        if not 1 <= len(self.lines) <= LINES_MAX:
            raise InvalidRequest(f"a document has 1 to {LINES_MAX:,} lines", field="lines")
        if [line.number for line in self.lines] != list(range(1, len(self.lines) + 1)):
            raise InvalidRequest("lines are numbered from 1", field="lines")
        for line in self.lines:
            if min(line.entries, line.quantity, line.price_micros) < 0 or line.net_minor != line_net(
                line.quantity, line.price_micros
            ):
                raise InvalidRequest(
                    f"line {line.number} is not quantity times price, rounded once", field="lines"
                )
        if self.subtotals != subtotals_of(self.lines):
            raise InvalidRequest("the tax is not that of the lines", field="subtotals")
        if self.total_minor > AMOUNT_MINOR_MAX:
            raise InvalidRequest(f"a document is of at most {AMOUNT_MINOR_MAX:,} minor units", field="lines")
        most = self.total_minor if self.type is DocumentType.INVOICE else 0
        if not 0 <= self.set_off_minor <= most:
            raise InvalidRequest(
                "prefunding pays of an invoice what it comes to, at most", field="set_off_minor"
            )
        if self.type.self_billed != (self.self_billing is not None):
            raise InvalidRequest(
                "self-billed documents, and no others, name an agreement", field="self_billing"
            )
        if self.period_to < self.period_from:
            raise InvalidRequest("a period ends after it begins", field="period_to")
        self._check_issue()
        return self

    def _check_issue(self) -> None:
        if bool(self.number) != (self.issued_on is not None) or bool(self.number) != (
            self.due_on is not None
        ):
            raise InvalidRequest("number, date of issue and due date come together", field="number")
        if len(self.references) > REFERENCES_MAX:
            raise InvalidRequest(
                f"a document names at most {REFERENCES_MAX} earlier ones", field="references"
            )
        texts = (
            ("number", self.number, NUMBER_CHARACTERS_MAX),
            *(("references", each.number, NUMBER_CHARACTERS_MAX) for each in self.references),
            ("payment", self.payment.text, PAYMENT_CHARACTERS_MAX),
            ("payment", self.payment.reference, NUMBER_CHARACTERS_MAX),
            ("payment", self.payment.iban, NUMBER_CHARACTERS_MAX),
        )
        for field, text, at_most in texts:
            if len(text) > at_most or not text.isprintable():
                raise InvalidRequest(f"up to {at_most} printable characters", field=field)


def line_net(quantity: int, price_micros: int) -> int:
    """The net of a line in minor units."""
    return half_away(quantity * price_micros, MICROS_PER_MINOR)


def subtotals_of(lines: Iterable[DocumentLine]) -> tuple[Subtotal, ...]:
    """Tax by category and rate, in this order: one subtotal each, as EN 16931 has it."""
    found: dict[tuple[Category, int], list[DocumentLine]] = {}
    for line in lines:
        found.setdefault((line.rule.category, line.rule.rate_basis_points), []).append(line)
    return tuple(_subtotal(found[key]) for key in sorted(found))


def _subtotal(lines: Sequence[DocumentLine]) -> Subtotal:
    rules = {line.rule for line in lines}
    texts = sorted({rule.exemption_text for rule in rules} - {""})
    codes = {rule.exemption_code for rule in rules}
    first = lines[0].rule
    net = sum(line.net_minor for line in lines)
    # A second code has no place in a subtotal; then the texts say it, or the codes as a text.
    code = codes.pop() if len(codes) == 1 else ""
    text = "; ".join(texts) or ("" if code else ", ".join(sorted(codes - {""})))
    return Subtotal(
        TaxRule(first.category, first.rate_basis_points, text, code),
        net,
        half_away(net * first.rate_basis_points, _BASIS_POINTS),
    )
