"""camt.053: a bank's statement of an account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final
from xml.etree.ElementTree import Element

from services.partners.bank.entries import entry_items
from services.partners.bank.limits import STATEMENTS_MAX
from services.partners.bank.values import SIGNS, Node
from services.partners.domain.payments.bank_entries import BankItem, BankStatement
from services.runtime.errors import InvalidRequest

_STATEMENT: Final = "Document/BkToCstmrStmt/Stmt"
_ENTRY: Final = f"{_STATEMENT}/Ntry"
# Of a day, or of what came before it.
_OPENING: Final = ("OPBD", "PRCD")
_CLOSING: Final = ("CLBD",)
_IDS_CHARACTERS_MAX: Final = 35
_ACCOUNT_CHARACTERS_MAX: Final = 34


class StatementReader:
    """Reads entries as they are complete, then their statement, then the rest of the file."""

    def __init__(self, namespace: str) -> None:
        self._namespace: Final = namespace
        self._statements: list[BankStatement] = []
        self._items: list[BankItem] = []
        self._entries = 0
        self._unbooked = 0

    def part(self, path: str, element: Element) -> int:
        """Reads an entry or a statement; answers how many movements there were in it."""
        place = len(self._statements) + 1
        if path == _ENTRY:
            self._entries += 1
            node = Node(element, f"{_STATEMENT}[{place}]/Ntry[{self._entries}]", self._namespace)
            items = entry_items(node, self._entries)
            self._unbooked += items is None
            self._items += items or ()
            return len(items or ()) or 1
        if path != _STATEMENT or place > STATEMENTS_MAX:
            raise InvalidRequest(
                f"up to {STATEMENTS_MAX:,} statements, with entries in them, are read", field=path
            )
        self._statements.append(self._statement(Node(element, f"{_STATEMENT}[{place}]", self._namespace)))
        self._items, self._entries, self._unbooked = [], 0, 0
        return 0

    def read(self, root: Element) -> tuple[BankStatement, ...]:
        """The statements of the file. Raises InvalidRequest where there is none."""
        if not self._statements or Node(root, "Document", self._namespace).at("BkToCstmrStmt") is None:
            raise InvalidRequest("there is no statement in the file", field=_STATEMENT)
        return tuple(self._statements)

    def _statement(self, node: Node) -> BankStatement:
        account = node.first_text(
            ("Acct", "Id", "IBAN"), ("Acct", "Id", "Othr", "Id"), at_most=_ACCOUNT_CHARACTERS_MAX
        )
        if not account:
            raise InvalidRequest("there is no account", field=f"{node.path}/Acct/Id")
        opening, closing = _balance(node, _OPENING), _balance(node, _CLOSING)
        currency = node.text("Acct", "Ccy") or (closing or opening or _NO_BALANCE).currency
        return BankStatement(
            node.needed("Id", at_most=_IDS_CHARACTERS_MAX),
            node.first_text(("LglSeqNb",), ("ElctrncSeqNb",), at_most=18),
            account.replace(" ", "").upper(),
            currency,
            opening and opening.minor,
            closing and closing.minor,
            tuple(self._items),
            self._unbooked,
            closing and closing.on,
        )


@dataclass(frozen=True, slots=True)
class _Balance:
    """What was on an account, in minor units, and when; None: it says no day."""

    minor: int
    currency: str
    on: date | None


_NO_BALANCE: Final = _Balance(0, "", None)


def _balance(node: Node, codes: tuple[str, ...]) -> _Balance | None:
    """The first balance of one of some kinds, below zero where the account is in debit; the better kind first."""
    found = {each.text("Tp", "CdOrPrtry", "Cd"): each for each in reversed(node.all("Bal"))}
    for code in codes:
        if code in found:
            minor, currency = found[code].amount("Amt")
            on = found[code].day("Dt") if found[code].at("Dt") else None
            return _Balance(SIGNS.get(found[code].text("CdtDbtInd"), 1) * minor, currency, on)
    return None
