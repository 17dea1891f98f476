"""From statements to documents: which line is whose supply, under which rule, on which document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from services.partners.domain.documents.document import (
    Document,
    DocumentLine,
    DocumentType,
    line_net,
    subtotals_of,
)
from services.partners.domain.documents.party import Party
from services.partners.domain.documents.tax import (
    Category,
    OperatorVersion,
    Supply,
    TaxData,
    TaxRule,
    TaxVersion,
    buyer_lacks,
    operator_at,
    seller_lacks,
    tax_at,
)
from services.partners.domain.netting import MICROS_PER_MINOR
from services.partners.domain.statement import LineKind, Statement, StatementLine
from services.runtime.clock import from_micros, in_zone
from services.runtime.ids import to_text

_POINTS, _FEES, _REIMBURSEMENT = Supply.POINTS, Supply.FEES, Supply.REIMBURSEMENT
#: Whose supply a line of a statement is of. None: on no document. Points released cost nothing, and carries are what
#: rounding leaves: documents round by themselves.
SUPPLY_OF: Final[Mapping[LineKind, Supply | None]] = {
    LineKind.ISSUED: _POINTS,
    LineKind.REVERSED: _POINTS,
    LineKind.CHARGED: _POINTS,
    LineKind.CREDITED: _POINTS,
    LineKind.RELEASED: None,
    LineKind.BURNED: _REIMBURSEMENT,
    LineKind.RETURNED: _REIMBURSEMENT,
    LineKind.FEE: _FEES,
    LineKind.CYCLE_FEE: _FEES,
    LineKind.ISSUED_DIFFERENCE: _POINTS,
    LineKind.REVERSED_DIFFERENCE: _POINTS,
    LineKind.CHARGED_DIFFERENCE: _POINTS,
    LineKind.CREDITED_DIFFERENCE: _POINTS,
    LineKind.RELEASED_DIFFERENCE: None,
    LineKind.BURNED_DIFFERENCE: _REIMBURSEMENT,
    LineKind.RETURNED_DIFFERENCE: _REIMBURSEMENT,
    LineKind.FEE_DIFFERENCE: _FEES,
    LineKind.ADJUSTMENT_POINTS: _POINTS,
    LineKind.ADJUSTMENT_FEES: _FEES,
    LineKind.ADJUSTMENT_REIMBURSEMENT: _REIMBURSEMENT,
    LineKind.BUY_OUT: _POINTS,
    LineKind.CARRY_IN: None,
    LineKind.CARRY_OUT: None,
}
PREPAID: Final = "prepaid"
_TEXTS: Final[Mapping[str, str]] = {
    LineKind.ISSUED: "Points issued",
    LineKind.REVERSED: "Points issued, taken back by refunds",
    LineKind.CHARGED: "Points used",
    LineKind.CREDITED: "Points used, given back",
    LineKind.BURNED: "Points taken in payment",
    LineKind.RETURNED: "Points taken in payment, given back by refunds",
    LineKind.FEE: "Fee for each transaction",
    LineKind.CYCLE_FEE: "Fee for the statement",
    LineKind.ADJUSTMENT_POINTS: "Points, given back after a dispute",
    LineKind.ADJUSTMENT_FEES: "Fees, given back after a dispute",
    LineKind.ADJUSTMENT_REIMBURSEMENT: "Points taken in payment, owed after a dispute",
    LineKind.BUY_OUT: "Points not used yet, bought out",
    PREPAID: "Money paid ahead, as security",
}
_DIFFERENCE: Final = "_difference"
_ORDER: Final = {kind.value: place for place, kind in enumerate(LineKind)} | {PREPAID: len(LineKind)}
_SUPPLIES: Final = tuple(Supply)


class Lack(StrEnum):
    """What is not there."""

    TAX_DATA = "tax_data"
    """Of a company, at that time."""
    RULE = "rule"
    """Of a supply, in the tax data of a company."""
    SELF_BILLING = "self_billing"
    """A reimbursement is due, and there is no agreement that the operator makes out the partner's invoice."""
    OPERATOR = "operator"
    """The operator's own data at that time."""
    PARTY = "party"
    """A number that a party needs for the category of a rule."""


@dataclass(frozen=True, slots=True, order=True)
class Missing:
    """Why no documents can be made. `entity`: the company's number, 0 for the operator; `at_us`: for which time; `text`: what to do."""

    entity: int
    at_us: int
    lack: Lack
    text: str


@dataclass(frozen=True, slots=True)
class Drafted:
    """Documents in the order of company and type; none where anything is missing, so that nobody takes half of them."""

    documents: tuple[Document, ...]
    missing: tuple[Missing, ...] = ()


class _Place(NamedTuple):
    """Which document a line is on. What is outside the scope of tax is on one of its own (BR-O-11)."""

    entity: int
    type: DocumentType
    outside: bool


class _Key(NamedTuple):
    """What lines are summed by."""

    supply: Supply
    kind: str
    point_type: str
    price_micros: int
    rule: TaxRule


@dataclass(slots=True)
class _Sum:
    entries: int = 0
    quantity: int = 0


@dataclass(slots=True)
class _Sheet:
    """A document while its lines are gathered."""

    sums: dict[_Key, _Sum] = field(default_factory=dict[_Key, _Sum])
    statements: set[str] = field(default_factory=set[str])
    from_us: int = 2**63
    last_us: int = 0


class Draughtsman:
    """Makes the drafts of one partner in one programme; `zone`: the programme's.

    `tax`: all versions of all of its companies; `operator`: all versions of the operator's own data.
    """

    def __init__(
        self,
        programme: str,
        zone: str,
        partner: str,
        currency: str,
        tax: Iterable[TaxVersion],
        operator: Iterable[OperatorVersion],
    ) -> None:
        self._of: Final = (programme, partner, currency)
        self._zone: Final = zone
        self._tax: Final = tuple(tax)
        self._operator: Final = tuple(operator)
        self._missing: Final[set[Missing]] = set()
        self._sheets: Final[dict[_Place, _Sheet]] = {}

    def drafted(self) -> Drafted:
        """What the lines that were added make, or what is missing for it."""
        if self._missing:
            return Drafted((), tuple(sorted(self._missing)))
        places = sorted(
            self._sheets, key=lambda place: (place.entity, list(DocumentType).index(place.type), place)
        )
        made = (self._document(place, self._sheets[place]) for place in places)
        return Drafted(tuple(each for each in made if each.net_minor))

    def add_statement(self, statement: Statement) -> None:
        """Adds its lines. Raises ValueError for a statement that was added already, of another partner or currency."""
        name = to_text("stm", statement.statement_id)
        if (statement.partner_slug, statement.currency) != self._of[1:]:
            raise ValueError(f"statement {name} is not of this partner and currency")
        if any(name in sheet.statements for sheet in self._sheets.values()):
            raise ValueError(f"statement {name} is there twice")
        # By the last instant of its last window: one that holds from the end on is of the next.
        last_us = statement.window.ends_at_us - 1
        for line in statement.lines:
            supply = SUPPLY_OF[line.kind]
            if supply is None or not line.amount_micros:
                continue
            sheet = self._add(line, supply, last_us)
            if sheet:
                sheet.statements.add(name)
                sheet.from_us = min(sheet.from_us, statement.covers.starts_at_us)

    def add_prefunding(self, entity: int, amount_minor: int, at_us: int) -> None:
        """Adds money that the partner gives beforehand, net of tax; below zero: that it is given back."""
        micros = amount_minor * MICROS_PER_MINOR
        line = StatementLine(LineKind.ISSUED, 1, 0, micros, micros, "", entity)
        sheet = self._add(line, Supply.PREFUNDING, at_us, PREPAID)
        if sheet:
            sheet.from_us = min(sheet.from_us, at_us)

    def _add(self, line: StatementLine, supply: Supply, at_us: int, kind: str = "") -> _Sheet | None:
        quantity, price = line.points or line.count, abs(line.price_micros)
        if quantity * price != abs(line.amount_micros):
            raise ValueError(f"a line of {line.kind} is not its points, or their count, times its price")
        rule = self._rule(line.entity, supply, at_us)
        if rule is None:
            return None
        place = _Place(line.entity, _type_of(supply, line.amount_micros), rule.category is Category.OUTSIDE)
        sheet = self._sheets.setdefault(place, _Sheet())
        found = sheet.sums.setdefault(
            _Key(supply, kind or line.kind.value, line.point_type, price, rule), _Sum()
        )
        found.entries += line.count
        found.quantity += quantity
        sheet.last_us = max(sheet.last_us, at_us)
        return sheet

    def _rule(self, entity: int, supply: Supply, at_us: int) -> TaxRule | None:
        """The rule, once all is there that a document under it needs."""
        company, operator = tax_at(self._tax, entity, at_us), operator_at(self._operator, at_us)
        if operator is None:
            self._lacks(0, at_us, Lack.OPERATOR, "the operator's own name, address and numbers are not set")
        if company is None:
            self._lacks(entity, at_us, Lack.TAX_DATA, f"no tax data is set for company {entity}")
            return None
        rule = company.rules.get(supply)
        if rule is None:
            self._lacks(
                entity, at_us, Lack.RULE, f"the tax data of company {entity} has no rule for {supply}"
            )
        billed = supply is Supply.REIMBURSEMENT
        if billed and company.self_billing is None:
            text = f"reimbursement is due to company {entity}, and it has no self-billing agreement"
            self._lacks(entity, at_us, Lack.SELF_BILLING, text)
        if rule is None or operator is None:
            return None
        self._check_parties(
            entity, at_us, rule, (company.party, operator) if billed else (operator, company.party)
        )
        return rule

    def _check_parties(self, entity: int, at_us: int, rule: TaxRule, parties: tuple[Party, Party]) -> None:
        for lacks in filter(None, (seller_lacks(parties[0], rule), buyer_lacks(parties[1], rule))):
            text = f"for a rule of category {rule.category} of company {entity} {lacks}"
            self._lacks(entity, at_us, Lack.PARTY, text)

    def _lacks(self, entity: int, at_us: int, lack: Lack, text: str) -> None:
        self._missing.add(Missing(entity, at_us, lack, f"{text} at {from_micros(at_us):%Y-%m-%d %H:%M} UTC"))

    def _document(self, place: _Place, sheet: _Sheet) -> Document:
        company, operator = self._parties(place.entity, sheet.last_us)
        billed = place.type.self_billed
        lines = tuple(
            _line(number, key, sheet.sums[key])
            for number, key in enumerate(sorted(sheet.sums, key=_order), 1)
        )
        programme, partner, currency = self._of
        return Document(
            place.type,
            programme,
            partner,
            place.entity,
            currency,
            company.party if billed else operator,
            operator if billed else company.party,
            in_zone(sheet.from_us, self._zone).date(),
            in_zone(sheet.last_us, self._zone).date(),
            tuple(sorted(sheet.statements)),
            lines,
            subtotals_of(lines),
            company.self_billing if billed else None,
        ).checked()

    def _parties(self, entity: int, at_us: int) -> tuple[TaxData, Party]:
        """Both as they are at the end of what a document covers."""
        company, operator = tax_at(self._tax, entity, at_us), operator_at(self._operator, at_us)
        if company is None or operator is None:
            raise ValueError("a line was added without the data of its parties")
        return company, operator


def documents_of(
    statements: Sequence[Statement],
    tax: Iterable[TaxVersion],
    operator: Iterable[OperatorVersion],
    programme: str,
    zone: str,
) -> Drafted:
    """The drafts of one partner's statements of one run, in whichever order.

    Raises ValueError for none, for one that is there twice, and for statements of several partners or currencies.
    """
    if not statements:
        raise ValueError("documents are made out of at least one statement")
    first = statements[0]
    maker = Draughtsman(programme, zone, first.partner_slug, first.currency, tax, operator)
    for statement in statements:
        maker.add_statement(statement)
    return maker.drafted()


def _type_of(supply: Supply, amount_micros: int) -> DocumentType:
    owes = amount_micros > 0
    if supply is Supply.REIMBURSEMENT:
        return DocumentType.SELF_BILLED_CREDIT_NOTE if owes else DocumentType.SELF_BILLED_INVOICE
    if not owes:
        return DocumentType.CREDIT_NOTE
    return DocumentType.PREPAYMENT if supply is Supply.PREFUNDING else DocumentType.INVOICE


def _order(key: _Key) -> tuple[object, ...]:
    rule = key.rule
    return (
        _SUPPLIES.index(key.supply), _ORDER[key.kind], key.point_type, key.price_micros, rule.category,
        rule.rate_basis_points, rule.exemption_text, rule.exemption_code,
    )  # fmt: skip


def _line(number: int, key: _Key, found: _Sum) -> DocumentLine:
    text = _TEXTS[key.kind.removesuffix(_DIFFERENCE)]
    if key.kind.endswith(_DIFFERENCE):
        text += ": difference of price"
    if key.point_type:
        text += f" ({key.point_type})"
    net = line_net(found.quantity, key.price_micros)
    return DocumentLine(
        number,
        key.supply,
        key.kind,
        key.point_type,
        text,
        found.entries,
        found.quantity,
        key.price_micros,
        net,
        key.rule,
    )
