"""Values of elements of ISO 20022: texts, dates and amounts, each with the place that an error names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from xml.etree.ElementTree import Element

from services.runtime.errors import InvalidRequest

#: ISO 20022: 18 digits, of which 5 may follow the point.
_AMOUNT: Final = re.compile(r"\+?[0-9]{1,18}(\.[0-9]{0,5})?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
#: Credit and debit, seen from the holder of the account.
SIGNS: Final = {"CRDT": 1, "DBIT": -1}
_MINOR_OF_MAJOR: Final = 100
#: Far more than there is; the database sums eight whole files of such amounts (limits.ITEMS_MAX), and more would be no sum any more.
AMOUNT_MINOR_MAX: Final = 10**13
# ISO 4217: those whose minor unit is not a hundredth, so that two decimals would be read wrongly.
_NOT_HUNDREDTHS: Final = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
        "BHD",
        "IQD",
        "JOD",
        "KWD",
        "LYD",
        "OMR",
        "TND",
        "CLF",
        "UYW",
    ]
)


@dataclass(frozen=True, slots=True)
class Node:
    """An element, where it stands, and the namespace of its file."""

    element: Element
    path: str
    namespace: str

    def all(self, name: str) -> list[Node]:
        """Its children with a name, in their order."""
        found = self.element.findall(self.namespace + name)
        many = len(found) > 1
        return [
            Node(each, f"{self.path}/{name}[{place}]" if many else f"{self.path}/{name}", self.namespace)
            for place, each in enumerate(found, start=1)
        ]

    def at(self, *names: str) -> Node | None:
        """The first element on a way down, where it is there."""
        node = self
        for name in names:
            found = node.element.find(self.namespace + name)
            if found is None:
                return None
            node = Node(found, f"{node.path}/{name}", self.namespace)
        return node

    def text(self, *names: str, at_most: int = 500) -> str:
        """What it says there, without spaces around; empty where it is not there. Raises InvalidRequest beyond `at_most`."""
        node = self.at(*names)
        text = (node.element.text or "").strip() if node else ""
        if node and len(text) > at_most:
            raise InvalidRequest(f"up to {at_most} characters are read here", field=node.path)
        return text

    def first_text(self, *ways: tuple[str, ...], at_most: int = 500) -> str:
        """What it says on the first of several ways down that is there."""
        return next((text for way in ways if (text := self.text(*way, at_most=at_most))), "")

    def needed(self, *names: str, at_most: int = 500) -> str:
        """What it says there. Raises InvalidRequest where it says nothing."""
        text = self.text(*names, at_most=at_most)
        if not text:
            raise InvalidRequest("this is missing", field="/".join((self.path, *names)))
        return text

    def day(self, *names: str) -> date:
        """The date there, of a date (`Dt`) or of a time (`DtTm`), whose own offset counts. Raises InvalidRequest."""
        text = self.text(*names, "Dt") or self.text(*names, "DtTm")
        try:
            return date.fromisoformat(text[:10])
        except ValueError:
            raise InvalidRequest(
                "there is no date that can be read", field="/".join((self.path, *names))
            ) from None

    def amount(self, *names: str) -> tuple[int, str]:
        """The amount there in minor units, and its currency. Raises InvalidRequest for more than two decimals that count."""
        node = self.at(*names)
        if node is None:
            raise InvalidRequest("there is no amount", field="/".join((self.path, *names)))
        text, currency = (node.element.text or "").strip(), node.element.get("Ccy", "")
        if not _CURRENCY.fullmatch(currency) or currency in _NOT_HUNDREDTHS:
            raise InvalidRequest("an amount is in a currency with two decimals", field=f"{node.path}/@Ccy")
        if not _AMOUNT.fullmatch(text):
            raise InvalidRequest("that is no amount", field=node.path)
        minor = Decimal(text) * _MINOR_OF_MAJOR
        if minor != minor.to_integral_value() or minor > AMOUNT_MINOR_MAX:
            raise InvalidRequest("an amount has two decimals, and is not that large", field=node.path)
        return int(minor), currency
