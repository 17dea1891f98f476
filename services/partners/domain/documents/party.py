"""Who a document is from and to: the party data of a company."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from services.partners.domain.documents.code_lists import COUNTRIES
from services.runtime.errors import InvalidRequest

#: Prefixes of VAT ids that are no country's code: Greece, and Northern Ireland.
_VAT_PREFIXES: Final = COUNTRIES | {"EL", "XI"}
_VAT_ID: Final = re.compile(r"[A-Z]{2}[0-9A-Z+*]{2,18}")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
#: The longest text of each field, in characters; those that a party cannot be without come first.
LENGTHS: Final[Mapping[str, int]] = {
    "legal_name": 200,
    "street": 200,
    "city": 100,
    "postcode": 20,
    "country": 2,
    "vat_id": 20,
    "tax_number": 40,
    "registration_id": 60,
    "email": 254,
    "legal_note": 500,
}
_NEEDED: Final = frozenset({"legal_name", "street", "city", "country"})


@dataclass(frozen=True, slots=True)
class Party:
    """A company as documents name it; empty where it has none of it.

    `country`: ISO 3166-1 alpha-2. `vat_id`: with its country's prefix, without spaces. `tax_number`: what a company without
    a VAT id is known by to its tax office. `registration_id`: of the register of companies. `legal_note`: what the law wants
    to be said of it on each document (register court, directors).
    """

    legal_name: str
    street: str
    city: str
    postcode: str
    country: str
    vat_id: str = ""
    tax_number: str = ""
    registration_id: str = ""
    email: str = ""
    legal_note: str = ""

    def checked(self) -> Party:
        """The same party. Raises InvalidRequest that names the field which is out of its shape."""
        for name, at_most in LENGTHS.items():
            _check_text(name, getattr(self, name), at_most)
        if self.country not in COUNTRIES:
            raise InvalidRequest("a country is two capital letters of ISO 3166-1", field="country")
        if self.vat_id and not (_VAT_ID.fullmatch(self.vat_id) and self.vat_id[:2] in _VAT_PREFIXES):
            raise InvalidRequest(
                "a VAT id is its country's two letters (EL for Greece) and 2 to 18 letters and digits, without spaces",
                field="vat_id",
            )
        if self.email and not _EMAIL.fullmatch(self.email):
            raise InvalidRequest("an e-mail address is name@domain", field="email")
        return self

    def document(self) -> dict[str, Any]:
        """What documents, drafts and the audit log say of it."""
        return asdict(self)


def read_party(said: Mapping[str, Any]) -> Party:
    """Reads what `Party.document` has written. Raises KeyError, TypeError or InvalidRequest for anything else."""
    texts = {field.name: said[field.name] for field in fields(Party)}
    if set(said) != set(texts) or not all(isinstance(text, str) for text in texts.values()):
        raise TypeError("a party has its fields, and each is a text")
    return Party(**texts).checked()


def _check_text(name: str, text: str, at_most: int) -> None:
    least = 1 if name in _NEEDED else 0
    if not least <= len(text) <= at_most or not text.isprintable() or text != text.strip():
        raise InvalidRequest(
            f"{least} to {at_most} printable characters, without spaces around them", field=name
        )
