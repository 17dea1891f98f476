"""Bank accounts: the operator's own, and those of partners, with the address that a payment has to carry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.partners.domain.drafts import parse_body
from services.partners.domain.payments.reference import mod_97
from services.partners.domain.payments.sepa_text import NAME_CHARACTERS_MAX
from services.partners.domain.text import read_name
from services.runtime.errors import InvalidRequest

OPERATOR_KIND: Final = "operator_account"
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC: Final = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_CREDITOR: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Z0-9]{1,28}")
_POSTCODE_CHARACTERS_MAX: Final = 16
_TOWN_CHARACTERS_MAX: Final = 35
_CREDITOR_CODE: Final = slice(4, 7)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the holder of an account is; structured, as payments need it from November 2026 on. `street`: with its number."""

    street: str
    town: str
    postcode: str
    country: str

    def checked(self, field: str) -> Address:
        """The same without spaces around. Raises InvalidRequest: town and country are needed, the country is ISO 3166's two letters."""
        if not _COUNTRY.fullmatch(self.country):
            raise InvalidRequest("a country is two capital letters of ISO 3166", field=f"{field}.country")
        street = read_name(self.street, f"{field}.street", NAME_CHARACTERS_MAX) if self.street else ""
        town = read_name(self.town, f"{field}.town", _TOWN_CHARACTERS_MAX)
        postcode = self.postcode and read_name(self.postcode, f"{field}.postcode", _POSTCODE_CHARACTERS_MAX)
        return Address(street, town, postcode, self.country)


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An account. `iban`, `bic`: in capitals without spaces, `bic` empty where it is not known (SEPA needs none)."""

    holder: str
    iban: str
    bic: str
    address: Address

    def checked(self, field: str = "account") -> BankAccount:
        """The same. Raises InvalidRequest for an IBAN whose check digits are wrong, a BIC or an address that is none.

        What an IBAN of each country looks like is the bank room's to check, which has the registry.
        """
        if not _IBAN.fullmatch(self.iban) or mod_97(self.iban[4:] + self.iban[:4]) != 1:
            raise InvalidRequest(
                "that is no IBAN: its form or its check digits are wrong", field=f"{field}.iban"
            )
        if self.bic and not _BIC.fullmatch(self.bic):
            raise InvalidRequest("a BIC is 8 or 11 capitals and figures", field=f"{field}.bic")
        holder = read_name(self.holder, f"{field}.holder", NAME_CHARACTERS_MAX)
        return BankAccount(holder, self.iban, self.bic, self.address.checked(f"{field}.address"))


@dataclass(frozen=True, slots=True)
class OperatorAccount:
    """The operator's account of a programme, from a business date on.

    `creditor_id`: the SEPA creditor identifier, which direct debits need; empty: nothing is collected by direct debit.
    """

    account: BankAccount
    creditor_id: str
    valid_from: date

    @property
    def partner_id(self) -> None:
        """Nobody's: it is the programme's."""

    def checked(self) -> OperatorAccount:
        """The same. Raises InvalidRequest where something is no such thing."""
        if self.creditor_id and not is_creditor_id(self.creditor_id):
            raise InvalidRequest(
                "that is no SEPA creditor identifier: its form or its check digits are wrong",
                field="creditor_id",
            )
        return OperatorAccount(self.account.checked(), self.creditor_id, self.valid_from)


@dataclass(frozen=True, slots=True)
class OperatorAccountVersion:
    """The operator's account in the books: version from 1 a programme.

    `draft_id`: what two people made it by; None: set by one, in a test programme.
    """

    terms: OperatorAccount
    version: int
    draft_id: UUID | None = None


def is_creditor_id(text: str) -> bool:
    """Whether a text is a SEPA creditor identifier.

    Source: EPC262-08: country, check digits (ISO 7064 MOD 97-10, which skip the business code of three characters), number.
    """
    return (
        _CREDITOR.fullmatch(text) is not None
        and mod_97(text[_CREDITOR_CODE.stop :] + text[: _CREDITOR_CODE.start]) == 1
    )


def account_document(account: BankAccount) -> dict[str, Any]:
    """What a draft and the audit log say of an account."""
    address = account.address
    return {
        "address": {
            "country": address.country,
            "postcode": address.postcode,
            "street": address.street,
            "town": address.town,
        },
        "bic": account.bic,
        "holder": account.holder,
        "iban": account.iban,
    }


def account_from(said: Mapping[str, Any]) -> BankAccount:
    """The account of a document."""
    at = said["address"]
    address = Address(at["street"], at["town"], at["postcode"], at["country"])
    return BankAccount(said["holder"], said["iban"], said["bic"], address)


def operator_document(terms: OperatorAccount) -> dict[str, Any]:
    """What a draft and the audit log say of the operator's account."""
    return {
        "account": account_document(terms.account),
        "creditor_id": terms.creditor_id,
        "valid_from": terms.valid_from.isoformat(),
    }


def parse_operator(body: bytes) -> OperatorAccount:
    """Reads the body of a draft. Raises Fault for one that `operator_document` has not made."""
    return parse_body(OPERATOR_KIND, body, _operator, operator_document)


def _operator(said: Mapping[str, Any]) -> OperatorAccount:
    valid_from = date.fromisoformat(said["valid_from"])
    return OperatorAccount(account_from(said["account"]), said["creditor_id"], valid_from).checked()
