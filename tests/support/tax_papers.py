"""Parties, tax data, statements and documents that tests make out of few words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final
from uuid import UUID

from services.partners.domain.documents.document import Document, Payment, Reference
from services.partners.domain.documents.drafting import documents_of
from services.partners.domain.documents.party import Party
from services.partners.domain.documents.tax import (
    Category,
    OperatorData,
    OperatorVersion,
    SelfBilling,
    Supply,
    TaxData,
    TaxRule,
    TaxVersion,
)
from services.partners.domain.netting import Net
from services.partners.domain.statement import LineKind, Range, Statement, StatementLine
from services.partners.domain.windows import Window, WindowState

PARTNER: Final = UUID(int=7)
DAY_US: Final = 86_400_000_000
WEEK_US: Final = 7 * DAY_US
#: Monday, 2 January 2017, 00:00 UTC.
STARTS_US: Final = 17_168 * DAY_US
ZONE: Final = "Europe/Berlin"
OPERATOR: Final = Party(
    "Coalition Clearing GmbH",
    "Lange Straße 12",
    "Köln",
    "50667",
    "DE",
    vat_id="DE123456789",
    registration_id="HRB 4711",
    email="billing@operator.example",
    legal_note="Register court Köln, managing director Ä. Müßig",
)
GROCER: Final = Party(
    "Grocer AG",
    "Marktplatz 1",
    "München",
    "80331",
    "DE",
    vat_id="DE987654321",
    registration_id="HRB 815",
    email="accounts@grocer.example",
)
AGREEMENT: Final = SelfBilling("SB-2016/7", date(2016, 12, 1), 14)
STANDARD: Final = TaxRule(Category.STANDARD, 2_000)
EXEMPT: Final = TaxRule(Category.EXEMPT, 0, "Exempt under article 135 (1) (d)", "VATEX-EU-135-1")
REVERSED: Final = TaxRule(Category.REVERSE_CHARGE, 0, "Reverse charge", "VATEX-EU-AE")
OUTSIDE: Final = TaxRule(Category.OUTSIDE, 0, "Vouchers: outside the scope of tax", "VATEX-EU-O")
SECURITY: Final = TaxRule(Category.OUTSIDE, 0, "Security for what is owed: outside the scope of tax")


def tax_version(
    rules: Mapping[Supply, TaxRule] | None = None,
    *,
    entity: int = 1,
    version: int = 1,
    valid_from_us: int = 0,
    party: Party = GROCER,
    self_billing: SelfBilling | None = AGREEMENT,
) -> TaxVersion:
    """Tax data of a company; 20 % on everything where no rules are named. Prefunding is outside the scope of tax, whatever is."""
    taken = dict(dict.fromkeys(Supply, STANDARD) if rules is None else rules)
    if Supply.PREFUNDING in taken:
        taken[Supply.PREFUNDING] = SECURITY
    return TaxVersion(TaxData(PARTNER, entity, valid_from_us, party, taken, self_billing).checked(), version)


def operator_version(party: Party = OPERATOR) -> OperatorVersion:
    """The operator, from ever."""
    return OperatorVersion(OperatorData(0, party).checked(), 1)


def line(
    kind: LineKind, points: int, price: int, *, count: int = 1, entity: int = 1, point_type: str = "base"
) -> StatementLine:
    """A line with the sign of its kind; `points` 0: of fees, `count` of them."""
    owed_by_operator = {
        LineKind.REVERSED,
        LineKind.CREDITED,
        LineKind.BURNED,
        LineKind.REVERSED_DIFFERENCE,
        LineKind.CREDITED_DIFFERENCE,
        LineKind.BURNED_DIFFERENCE,
    }
    sign = -1 if kind in owed_by_operator else 1
    amount = sign * (points or count) * price
    return StatementLine(kind, count, points, price, amount, point_type if points else "", entity)


def statement(lines: Iterable[StatementLine], window: int = 1, slug: str = "grocer") -> Statement:
    """A statement of one weekly window; its net is not that of the lines, which no document looks at."""
    start = STARTS_US + (window - 1) * WEEK_US
    of = Window(
        window, start, start + WEEK_US, window * 100, window * 100 + 99, WindowState.STATED, start + WEEK_US
    )
    net = Net(PARTNER, 0, 0, 0, 0, 0, 0, 0, 0)
    covers = Range(window, of.first_seq, start)
    return Statement(
        UUID(int=window),
        of,
        covers,
        slug,
        "EUR",
        net,
        0,
        of.ends_at_us,
        of.ends_at_us + 14 * DAY_US,
        0,
        tuple(lines),
    )


def drafts(
    lines: Iterable[StatementLine], rules: Mapping[Supply, TaxRule] | None = None, party: Party = GROCER
) -> tuple[Document, ...]:
    """The drafts of one statement."""
    tax = (tax_version(rules, party=party), tax_version(rules, entity=2, party=party))
    made = documents_of([statement(lines)], tax, [operator_version()], "mall", ZONE)
    assert not made.missing
    return made.documents


def issued(draft: Document, number: str = "R-2017-000001") -> Document:
    """A draft made out, with a transfer asked for."""
    references = (Reference("R-2016-000042", date(2016, 12, 31)),) if draft.type.is_credit else ()
    payment = Payment("Payable by transfer within 14 days.", "RF18539007547034", "DE75512108001245126199")
    return draft.issued(number, date(2017, 1, 9), date(2017, 1, 23), payment, references)
