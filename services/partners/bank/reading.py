"""Files from the bank: reports on payments (pain.002) and statements (camt.053) of ISO 20022.

Read as a stream, with the limits of limits.py. Versions are those from 2009 (pain.002.001.03, camt.053.001.02) on: what is read of
them has hardly changed, and where it has, both forms are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from xml.etree.ElementTree import Element

from services.partners.bank.camt import StatementReader
from services.partners.bank.limits import FILE_BYTES_MAX, ITEMS_MAX
from services.partners.bank.pain_002 import ReportReader
from services.partners.bank.trees import Trees
from services.partners.domain.payments.bank_entries import BankStatement, StatusReport
from services.runtime.errors import InvalidRequest

_ROOT: Final = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:([a-z]{4}\.\d{3})\.001\.(\d{2})\}Document")
_REPORTS, _STATEMENTS = "pain.002", "camt.053"
_VERSIONS: Final = {_REPORTS: range(3, 16), _STATEMENTS: range(2, 15)}
_PARTS: Final = frozenset({"TxInfAndSts", "Ntry", "Stmt"})
_NOT_READ: Final = {
    "camt.054": "a notification: the statement (camt.053) that follows has the same movements",
    "camt.052": "a report within the day: the statement (camt.053) of the day has the same movements",
    "pacs.004": "a return between banks: the statement (camt.053) has the movement",
    "pain.001": "what the bank is told, not what it says",
    "pain.008": "what the bank is told, not what it says",
}

BankFile = StatusReport | tuple[BankStatement, ...]


class BankFileReader:
    """Reads one file that comes in pieces: `feed` each, then `close`. Memory stays bounded whatever comes.

    A file of 32 MiB takes seconds: feed it in a thread where an event loop waits.
    """

    def __init__(self, bytes_max: int = FILE_BYTES_MAX) -> None:
        self._trees: Final = Trees(_PARTS, self._began, self._part, bytes_max)
        self._reader: ReportReader | StatementReader | None = None
        self._items = 0

    def feed(self, piece: bytes) -> None:
        """Reads on. Raises InvalidRequest, with BODY_TOO_LARGE beyond the limit: stop then."""
        self._trees.feed(piece)

    def close(self) -> BankFile:
        """What the file says: a report, or one or more statements. Raises InvalidRequest, which names the place."""
        root = self._trees.close()
        if self._reader is None:
            raise InvalidRequest("the file is not complete", field="file")
        return self._reader.read(root)

    def _began(self, tag: str) -> None:
        named = _ROOT.fullmatch(tag)
        kind = named.group(1) if named else ""
        if not named or (kind not in _VERSIONS and kind not in _NOT_READ):
            raise InvalidRequest(
                "that is no ISO 20022 file that is read here: a status report (pain.002) or a statement (camt.053) is",
                field="Document",
            )
        if kind in _NOT_READ:
            raise InvalidRequest(f"{kind} is not read: it is {_NOT_READ[kind]}", field="Document")
        version, known = int(named.group(2)), _VERSIONS[kind]
        if version not in known:
            raise InvalidRequest(
                f"{kind} is read in its versions {known[0]:02} to {known[-1]:02}, not {version:02}",
                field="Document",
            )
        namespace = tag.removesuffix("Document")
        self._reader = ReportReader(namespace) if kind == _REPORTS else StatementReader(namespace)

    def _part(self, path: str, element: Element) -> None:
        if self._reader is None:
            return
        self._items += self._reader.part(path, element)
        if self._items > ITEMS_MAX:
            raise InvalidRequest(f"a file has at most {ITEMS_MAX:,} movements", field=path)


def read_bank_file(pieces: Iterable[bytes], bytes_max: int = FILE_BYTES_MAX) -> BankFile:
    """What a file says; takes no more pieces than it needs to refuse it. Raises InvalidRequest."""
    reader = BankFileReader(bytes_max)
    for piece in pieces:
        reader.feed(piece)
    return reader.close()
