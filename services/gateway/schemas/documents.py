"""Invoices and credit notes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.gateway.schemas.fields import Answer, CalendarDate

DocumentType = Annotated[
    Literal[380, 381, 389, 261, 386],
    Field(
        description="Code of UNTDID 1001: 380 invoice and 381 credit note of the operator's, 389 and 261 the same of yours, which "
        "the operator makes out for you (self-billing), 386 invoice of the operator's for money given beforehand"
    ),
]
_Number = Annotated[str, Field(description="Its number, for ever its own", examples=["2026-380-000001"])]
_Due = Annotated[
    int, Field(description="Net and tax with their sign: above zero you owe it, below you are owed it")
]
_Company = Annotated[int, Field(description="Number of your company that it is about, from 1")]


class DocumentSummary(Answer):
    """An invoice or a credit note, without its content. Amounts are minor units."""

    object: Literal["document"]
    id: _Number
    type: DocumentType
    legal_entity: _Company
    issued_on: CalendarDate
    net_minor: Annotated[int, Field(description="Without tax, never below zero")]
    tax_minor: int
    due_minor: _Due
    sha256: Annotated[
        str, Field(description="Over the document's JSON, as it is sent", pattern="^[0-9a-f]{64}$")
    ]


class DocumentParty(Answer):
    """A company on a document; empty where it has none of it."""

    legal_name: str
    street: str
    city: str
    postcode: str
    country: Annotated[str, Field(description="ISO 3166-1")]
    vat_id: str
    tax_number: Annotated[str, Field(description="What its tax office knows it by, where it has no VAT id")]
    registration_id: Annotated[str, Field(description="In the register of companies")]
    email: str
    legal_note: str


class DocumentRule(Answer):
    """How something is taxed."""

    category: Annotated[
        Literal["S", "Z", "E", "AE", "G", "O"],
        Field(
            description="Of EN 16931: S taxed, Z zero rated, E exempt, AE reverse charge, G export, O out of scope"
        ),
    ]
    rate_basis_points: Annotated[int, Field(description="2000 is 20 %")]
    exemption_text: Annotated[str, Field(description="Why no tax is due")]
    exemption_code: Annotated[str, Field(description="The same as a code of VATEX")]


class DocumentLine(Answer):
    """A line: quantity times price, rounded half away from zero to minor units, once."""

    number: int
    supply: Literal["points", "fees", "reimbursement", "prefunding"]
    kind: Annotated[str, Field(description="Type of the statement lines that it sums")]
    point_type: Annotated[str, Field(description="Type of points; empty for fees")]
    text: str
    entries: Annotated[int, Field(description="Entries of the ledger that are behind it")]
    quantity: Annotated[int, Field(description="Points, or how many fees")]
    price_micros: Annotated[int, Field(description="Of one, in millionths of the major unit, without a sign")]
    net_minor: int
    rule: DocumentRule


class DocumentSubtotal(Answer):
    """Tax of one category and rate."""

    rule: DocumentRule
    net_minor: int
    tax_minor: int


class DocumentPayment(Answer):
    """How it is settled; for a transfer also what to name and where to."""

    text: str
    reference: Annotated[str, Field(description="Creditor reference (ISO 11649); empty: nothing to transfer")]
    iban: str


class DocumentReference(Answer):
    """An earlier document."""

    number: _Number
    issued_on: CalendarDate


class DocumentSelfBilling(Answer):
    """Your agreement that the operator makes out your documents."""

    reference: str
    agreed_on: CalendarDate
    objection_days: Annotated[int, Field(description="Days to object to a document, from when you have it")]


class Document(Answer):
    """An invoice or a credit note as it is kept for ever: canonical JSON. Amounts are minor units, none but `due_minor` below zero."""

    format: Literal[1]
    number: _Number
    type: DocumentType
    programme: str
    partner: Annotated[str, Field(description="Your short name in the programme")]
    entity: _Company
    currency: Annotated[str, Field(description="ISO 4217")]
    seller: DocumentParty
    buyer: DocumentParty
    issued_on: CalendarDate
    due_on: Annotated[CalendarDate, Field(description="When it is paid or collected")]
    period_from: CalendarDate
    period_to: Annotated[CalendarDate, Field(description="Included")]
    statements: Annotated[list[str], Field(description="Ids of the statements whose lines it sums")]
    lines: list[DocumentLine]
    subtotals: list[DocumentSubtotal]
    net_minor: int
    tax_minor: int
    total_minor: Annotated[int, Field(description="Net and tax")]
    due_minor: _Due
    set_off_minor: Annotated[
        int,
        Field(description="What of an invoice is paid by what you have paid ahead; the total stays whole"),
    ]
    payment: DocumentPayment
    references: Annotated[list[DocumentReference], Field(description="Of a credit note: what it is about")]
    self_billing: Annotated[
        DocumentSelfBilling | None, Field(description="Of 389 and 261; null for the others")
    ]
