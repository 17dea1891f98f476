"""A document as an e-invoice: UBL 2.1 as EN 16931 has it, with the core rules and no national ones.

Made with the standard library: the libraries that make e-invoices write CII, or bring rules and validators that nobody
needs to write one. Whether what comes out is right is said by the official schemas and rules, in the tests. BT and BG
numbers are those of EN 16931-1.
"""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from services.partners.domain.documents.document import Document, DocumentLine, Subtotal
from services.partners.domain.documents.party import Party
from services.partners.domain.documents.tax import Category, TaxRule
from services.partners.renderings.figures import plain_money, plain_price, plain_rate
from services.partners.renderings.words import self_billing_note

_UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd:"
_CUSTOMIZATION: Final = "urn:cen.eu:en16931:2017"
#: UNCL4461.
_SEPA_TRANSFER: Final = "58"
_TRANSFER: Final = "30"
_CLEARED: Final = "97"
_UNIT: Final = "C62"
#: Of an address that is an e-mail, in the list EAS.
_EMAIL: Final = "EM"
#: BT-32 is any scheme but VAT.
_TAX_NUMBER: Final = "FC"


def document_ubl(document: Document) -> bytes:
    """The XML, UTF-8. Raises ValueError for a draft: an e-invoice has a number."""
    if document.issued_on is None or document.due_on is None:
        raise ValueError("a draft is no e-invoice")
    credit = document.type.is_credit
    name = "CreditNote" if credit else "Invoice"
    root = Element(
        name,
        {
            "xmlns": f"{_UBL}{name}-2",
            "xmlns:cac": f"{_UBL}CommonAggregateComponents-2",
            "xmlns:cbc": f"{_UBL}CommonBasicComponents-2",
        },
    )
    _text(root, "CustomizationID", _CUSTOMIZATION)
    _text(root, "ID", document.number)
    _text(root, "IssueDate", document.issued_on.isoformat())
    if not credit:
        _text(root, "DueDate", document.due_on.isoformat())
    _text(root, f"{name}TypeCode", str(document.type.value))
    _text(root, "Note", self_billing_note(document))
    _text(root, "DocumentCurrencyCode", document.currency)
    period = _group(root, "InvoicePeriod")
    _text(period, "StartDate", document.period_from.isoformat())
    _text(period, "EndDate", document.period_to.isoformat())
    _references(root, document)
    outside = any(each.rule.category is Category.OUTSIDE for each in document.subtotals)
    _party(_group(root, "AccountingSupplierParty"), document.seller, outside=outside, sells=True)
    _party(_group(root, "AccountingCustomerParty"), document.buyer, outside=outside, sells=False)
    _payment(root, document)
    _totals(root, document)
    for line in document.lines:
        _line(
            _group(root, f"{name}Line"),
            line,
            "CreditedQuantity" if credit else "InvoicedQuantity",
            document.currency,
        )
    return tostring(root, encoding="UTF-8", xml_declaration=True)


def _references(root: Element, document: Document) -> None:
    for each in document.references:
        billed = _group(_group(root, "BillingReference"), "InvoiceDocumentReference")
        _text(billed, "ID", each.number)
        _text(billed, "IssueDate", each.issued_on.isoformat())
    if document.self_billing:
        _text(_group(root, "ContractDocumentReference"), "ID", document.self_billing.reference)
    for name in document.statements:
        statement = _group(root, "AdditionalDocumentReference")
        _text(statement, "ID", name)
        _text(statement, "DocumentDescription", "Statement of the clearing")


def _party(parent: Element, party: Party, *, outside: bool, sells: bool) -> None:
    """BG-4 and BG-7. What is outside the scope of tax names no VAT ids (BR-O-02)."""
    of = _group(parent, "Party")
    if party.email:
        _text(of, "EndpointID", party.email, schemeID=_EMAIL)
    address = _group(of, "PostalAddress")
    _text(address, "StreetName", party.street)
    _text(address, "CityName", party.city)
    _text(address, "PostalZone", party.postcode)
    _text(_group(address, "Country"), "IdentificationCode", party.country)
    if party.vat_id and not outside:
        _tax_scheme(of, party.vat_id, "VAT")
    if party.tax_number and sells:
        _tax_scheme(of, party.tax_number, _TAX_NUMBER)
    legal = _group(of, "PartyLegalEntity")
    _text(legal, "RegistrationName", party.legal_name)
    _text(legal, "CompanyID", party.registration_id)
    if sells:
        _text(legal, "CompanyLegalForm", party.legal_note)
    if party.email:
        _text(_group(of, "Contact"), "ElectronicMail", party.email)


def _tax_scheme(party: Element, number: str, scheme: str) -> None:
    of = _group(party, "PartyTaxScheme")
    _text(of, "CompanyID", number)
    _text(_group(of, "TaxScheme"), "ID", scheme)


def _payment(root: Element, document: Document) -> None:
    """BG-16 to BG-17: a transfer where an account is named, else what partners settle among each other."""
    payment = document.payment
    means = _group(root, "PaymentMeans")
    if payment.iban:
        _text(means, "PaymentMeansCode", _SEPA_TRANSFER if document.currency == "EUR" else _TRANSFER)
    else:
        _text(means, "PaymentMeansCode", _CLEARED)
    if document.type.is_credit and document.due_on:
        _text(means, "PaymentDueDate", document.due_on.isoformat())
    _text(means, "PaymentID", payment.reference)
    if payment.iban:
        _text(_group(means, "PayeeFinancialAccount"), "ID", payment.iban)
    if payment.text:
        _text(_group(root, "PaymentTerms"), "Note", payment.text)


def _totals(root: Element, document: Document) -> None:
    currency = document.currency
    tax = _group(root, "TaxTotal")
    _amount(tax, "TaxAmount", document.tax_minor, currency)
    for each in document.subtotals:
        _subtotal(_group(tax, "TaxSubtotal"), each, currency)
    total = _group(root, "LegalMonetaryTotal")
    _amount(total, "LineExtensionAmount", document.net_minor, currency)
    _amount(total, "TaxExclusiveAmount", document.net_minor, currency)
    _amount(total, "TaxInclusiveAmount", document.total_minor, currency)
    if document.set_off_minor:
        _amount(total, "PrepaidAmount", document.set_off_minor, currency)
    _amount(total, "PayableAmount", document.payable_minor, currency)


def _subtotal(parent: Element, subtotal: Subtotal, currency: str) -> None:
    _amount(parent, "TaxableAmount", subtotal.net_minor, currency)
    _amount(parent, "TaxAmount", subtotal.tax_minor, currency)
    _category(parent, "TaxCategory", subtotal.rule, explained=True)


def _category(parent: Element, name: str, rule: TaxRule, *, explained: bool) -> None:
    """A rate is said of all but what is outside the scope of tax (BR-O-05); the reason in the subtotal alone."""
    of = _group(parent, name)
    _text(of, "ID", rule.category.value)
    if rule.category is not Category.OUTSIDE:
        _text(of, "Percent", plain_rate(rule.rate_basis_points))
    if explained:
        _text(of, "TaxExemptionReasonCode", rule.exemption_code)
        _text(of, "TaxExemptionReason", rule.exemption_text)
    _text(_group(of, "TaxScheme"), "ID", "VAT")


def _line(parent: Element, line: DocumentLine, quantity: str, currency: str) -> None:
    _text(parent, "ID", str(line.number))
    _text(parent, quantity, str(line.quantity), unitCode=_UNIT)
    _amount(parent, "LineExtensionAmount", line.net_minor, currency)
    item = _group(parent, "Item")
    _text(item, "Name", line.text)
    _text(_group(item, "SellersItemIdentification"), "ID", line.kind)
    _category(item, "ClassifiedTaxCategory", line.rule, explained=False)
    _text(_group(parent, "Price"), "PriceAmount", plain_price(line.price_micros), currencyID=currency)


def _group(parent: Element, name: str) -> Element:
    return SubElement(parent, f"cac:{name}")


def _text(parent: Element, name: str, text: str, **attributes: str) -> None:
    """An element with a text; none where there is no text."""
    if text:
        SubElement(parent, f"cbc:{name}", attributes).text = text


def _amount(parent: Element, name: str, minor: int, currency: str) -> None:
    _text(parent, name, plain_money(minor), currencyID=currency)
