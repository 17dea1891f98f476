"""Tax as dated data: which rule each supply to or from a company falls under, in the words of EN 16931.

What is right is not for this service to know. It keeps what a professional has said, checks that it is of one piece,
and puts it on documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from services.partners.domain.documents.code_lists import EXEMPTION_CODES
from services.partners.domain.documents.party import Party
from services.partners.domain.legal_entities import ENTITIES_MAX
from services.partners.domain.netting import OPERATOR
from services.partners.domain.rates import TIME_US_MAX
from services.runtime.errors import InvalidRequest

RATE_BASIS_POINTS_MAX: Final = 10_000
EXEMPTION_CHARACTERS_MAX: Final = 300
AGREEMENT_CHARACTERS_MAX: Final = 60
OBJECTION_DAYS_MAX: Final = 366
VERSIONS_MAX: Final = 1_000


class Supply(StrEnum):
    """What is supplied, in the order of a document."""

    POINTS = "points"
    """Points that the operator issues for the partner."""
    FEES = "fees"
    """The operator's service."""
    REIMBURSEMENT = "reimbursement"
    """What the partner does for the operator by taking points: the partner is the seller."""
    PREFUNDING = "prefunding"
    """Money that the partner gives the operator beforehand, as security: outside the scope of tax."""


class Category(StrEnum):
    """How a supply is taxed: codes of UNCL5305 as EN 16931 takes them."""

    STANDARD = "S"
    ZERO = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    EXPORT = "G"
    OUTSIDE = "O"


@dataclass(frozen=True, slots=True)
class TaxRule:
    """One rule. `rate_basis_points`: 2,000 are 20 %; above 0 for S, 0 for all others.

    `exemption_text`, `exemption_code` (VATEX): why no tax is due. E, AE, G and O need one of them, S and Z have none
    (BR-S-10, BR-Z-10, BR-E-10, BR-AE-10, BR-G-10, BR-O-10).
    """

    category: Category
    rate_basis_points: int = 0
    exemption_text: str = ""
    exemption_code: str = ""

    def checked(self, field: str = "rule") -> TaxRule:
        """The same rule. Raises InvalidRequest where its parts do not go together."""
        taxed = self.category is Category.STANDARD
        if taxed and not 1 <= self.rate_basis_points <= RATE_BASIS_POINTS_MAX:
            raise InvalidRequest(
                f"category S has a rate of 1 to {RATE_BASIS_POINTS_MAX:,} basis points", field=field
            )
        if not taxed and self.rate_basis_points:
            raise InvalidRequest(f"category {self.category} has the rate 0", field=field)
        explained = bool(self.exemption_text or self.exemption_code)
        if explained and self.category in (Category.STANDARD, Category.ZERO):
            raise InvalidRequest(f"category {self.category} has no exemption reason", field=field)
        if not explained and self.category not in (Category.STANDARD, Category.ZERO):
            raise InvalidRequest(f"category {self.category} needs an exemption text or code", field=field)
        text = self.exemption_text
        if len(text) > EXEMPTION_CHARACTERS_MAX or not text.isprintable() or text != text.strip():
            raise InvalidRequest(
                f"an exemption text has up to {EXEMPTION_CHARACTERS_MAX} printable characters", field=field
            )
        if self.exemption_code and self.exemption_code not in EXEMPTION_CODES:
            raise InvalidRequest(
                "an exemption code is one of the list VATEX (VATEX-EU-AE); without one a text does",
                field=field,
            )
        return self

    def document(self) -> dict[str, Any]:
        """What documents, drafts and the audit log say of it."""
        return {
            "category": self.category.value,
            "exemption_code": self.exemption_code,
            "exemption_text": self.exemption_text,
            "rate_basis_points": self.rate_basis_points,
        }


@dataclass(frozen=True, slots=True)
class SelfBilling:
    """The partner's word that the operator makes out its invoices: where it stands, since when, days to object."""

    reference: str
    agreed_on: date
    objection_days: int

    def checked(self) -> SelfBilling:
        """The same agreement. Raises InvalidRequest."""
        text = self.reference
        if not 1 <= len(text) <= AGREEMENT_CHARACTERS_MAX or not text.isprintable() or text != text.strip():
            raise InvalidRequest(
                f"an agreement's reference has 1 to {AGREEMENT_CHARACTERS_MAX} printable characters",
                field="self_billing.reference",
            )
        if not 1 <= self.objection_days <= OBJECTION_DAYS_MAX:
            raise InvalidRequest(
                f"1 to {OBJECTION_DAYS_MAX} days to object", field="self_billing.objection_days"
            )
        return self


@dataclass(frozen=True, slots=True)
class TaxData:
    """What holds for one company of a partner from a programme time on, until a higher version's time.

    `entity`: its number from 1. `rules`: of each supply that it can be invoiced; one that is not there cannot.
    `self_billing` None: no reimbursement can be paid to it.
    """

    partner_id: UUID
    entity: int
    valid_from_us: int
    party: Party
    rules: Mapping[Supply, TaxRule]
    self_billing: SelfBilling | None = None

    def checked(self) -> TaxData:
        """The same data. Raises InvalidRequest that names what is wrong, and what does not go together."""
        if not 1 <= self.entity <= ENTITIES_MAX:
            raise InvalidRequest(f"companies have the numbers 1 to {ENTITIES_MAX:,}", field="legal_entity")
        if not 0 <= self.valid_from_us <= TIME_US_MAX:
            raise InvalidRequest("a time lies between 1970 and 2200", field="valid_from_us")
        self.party.checked()
        for supply, rule in self.rules.items():
            rule.checked(f"rules.{supply}")
            if supply is Supply.PREFUNDING and rule.category is not Category.OUTSIDE:
                # Taxed when it is received, it would be taxed once more on the invoice that it pays.
                raise InvalidRequest(
                    "prefunding is security, which no tax is on before it pays an invoice that is taxed: its category is O",
                    field=f"rules.{supply}",
                )
            lacks = (seller_lacks if supply is Supply.REIMBURSEMENT else buyer_lacks)(self.party, rule)
            if lacks:
                raise InvalidRequest(
                    f"the rule of {supply} ({rule.category}): {lacks}", field=f"rules.{supply}"
                )
        if self.self_billing:
            self.self_billing.checked()
        return self


@dataclass(frozen=True, slots=True)
class OperatorData:
    """Who the operator of a programme is on documents, from a programme time on."""

    valid_from_us: int
    party: Party

    @property
    def partner_id(self) -> UUID:
        """The operator's place where a party is named by id."""
        return OPERATOR

    def checked(self) -> OperatorData:
        """The same data. Raises InvalidRequest."""
        if not 0 <= self.valid_from_us <= TIME_US_MAX:
            raise InvalidRequest("a time lies between 1970 and 2200", field="valid_from_us")
        self.party.checked()
        return self


@dataclass(frozen=True, slots=True)
class TaxVersion:
    """Tax data in the books: version from 1 a company. `draft_id`: what two people made it by; None: set by one."""

    data: TaxData
    version: int
    draft_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class OperatorVersion:
    """The operator's data in the books: version from 1 a programme."""

    data: OperatorData
    version: int
    draft_id: UUID | None = None


def tax_at(versions: Iterable[TaxVersion], entity: int, at_us: int) -> TaxData | None:
    """What holds for a company at a time: the highest version that is valid by then; None: there is none."""
    mine = (each for each in versions if each.data.entity == entity and each.data.valid_from_us <= at_us)
    found = max(mine, key=lambda each: each.version, default=None)
    return found.data if found else None


def operator_at(versions: Iterable[OperatorVersion], at_us: int) -> Party | None:
    """Who the operator is at a time: the highest version that is valid by then; None: there is none."""
    valid = (each for each in versions if each.data.valid_from_us <= at_us)
    found = max(valid, key=lambda each: each.version, default=None)
    return found.data.party if found else None


def seller_lacks(seller: Party, rule: TaxRule) -> str:
    """What a seller needs for a rule and has not; empty: nothing.

    BR-CO-26, and 02 to 04 of each category. A document outside the scope of tax names no VAT ids (BR-O-02).
    """
    if rule.category is Category.OUTSIDE:
        return "" if seller.registration_id else "the seller needs a registration id"
    if rule.category is Category.EXPORT and not seller.vat_id:
        return "the seller needs a VAT id"
    if not (seller.vat_id or seller.tax_number):
        return "the seller needs a VAT id or a tax number"
    return "" if seller.vat_id or seller.registration_id else "the seller needs a VAT id or a registration id"


def buyer_lacks(buyer: Party, rule: TaxRule) -> str:
    """What a buyer needs for a rule and has not; empty: nothing (BR-AE-02)."""
    if rule.category is Category.REVERSE_CHARGE and not (buyer.vat_id or buyer.registration_id):
        return "the buyer needs a VAT id or a registration id"
    return ""
