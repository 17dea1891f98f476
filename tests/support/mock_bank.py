"""A bank that we did not write (mock-bank, PyPI): files in, reports and statements out, on a clock that tests move."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from threading import Thread
from typing import Any

from mockbank.server import Config, make_server

from services.partners.bank.reading import read_bank_file
from services.partners.domain.payments.bank_entries import BankStatement, StatusReport
from tests.support.payment_model import OWN_IBAN

#: The operator's account at it.
OWN: str = "PLAZA"
#: A Monday at nine, before the bank's cutoff.
STARTS = "2026-03-02T09:00"
OWN_BALANCE_MINOR = 10_000_000


@dataclass(frozen=True, slots=True)
class MockBank:
    """The bank, over HTTP. Messages are collected once: each is answered by one call only."""

    port: int

    def ask(self, method: str, path: str, body: bytes | dict[str, Any] | None = None) -> tuple[int, Any]:
        """Asks the bank; answers its status and JSON."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            sent = json.dumps(body).encode() if isinstance(body, dict) else body
            connection.request(method, path, sent, {"Accept": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def send(self, xml: bytes) -> int:
        """Hands a file in; 202: taken, 422: rejected as such."""
        return self.ask("POST", "/payments", xml)[0]

    def reports(self) -> list[StatusReport]:
        """The status reports that are new, read."""
        found = (read_bank_file([xml]) for xml in self._collect("pain.002"))
        return [each for each in found if isinstance(each, StatusReport)]

    def statements(self) -> list[BankStatement]:
        """The statements of the operator's account that are new, read."""
        found = (read_bank_file([xml]) for xml in self._collect("camt.053"))
        several = [one for each in found if not isinstance(each, StatusReport) for one in each]
        return [each for each in several if each.account_iban == OWN_IBAN]

    def notifications(self) -> list[bytes]:
        """The notifications (camt.054) that are new, as they are."""
        return self._collect("camt.054")

    def messages(self, kind: str) -> list[bytes]:
        """The messages of a kind that are new and about the operator's account, as they are."""
        _, found = self.ask("GET", f"/_mock/mailbox?type={kind}")
        return [each["body"].encode() for each in found if each["account"] == OWN]

    def advance(self, days: int) -> None:
        """Lets calendar days pass."""
        self._done("POST", f"/_mock/advance?days={days}")

    def open_account(self, name: str, iban: str, balance_minor: int = 0, behaviour: str = "accept") -> None:
        """Opens an account, with what the bank is to do of payments on it."""
        said = {
            "id": name,
            "iban": iban,
            "name": name,
            "currency": "EUR",
            "balance": balance_minor,
            "behaviour": behaviour,
        }
        self._done("POST", "/_mock/accounts", said)

    def behave(self, name: str, **changes: object) -> None:
        """Changes what the bank does on an account."""
        self._done("PATCH", f"/_mock/accounts/{name}", changes)

    def pay_in(self, amount_minor: int, note: str = "", iban: str = "", name: str = "Grocer GmbH") -> None:
        """Lets a transfer arrive on the operator's account."""
        debtor = {"name": name} | ({"iban": iban} if iban else {})
        said = {"account": OWN, "amount": amount_minor, "debtor": debtor} | ({"note": note} if note else {})
        self._done("POST", "/_mock/credits", said)

    def refuse(self, end_to_end_id: str, reason: str) -> None:
        """The debtor's bank says no to a collection, before it is settled or after."""
        self._done("POST", f"/_mock/collections/{end_to_end_id}/refuse", {"reason": reason})

    def _done(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        status, answer = self.ask(method, path, body)
        assert status < 300, answer

    def _collect(self, kind: str) -> list[bytes]:
        _, found = self.ask("GET", f"/_mock/mailbox?type={kind}")
        return [each["body"].encode() for each in found]


@contextmanager
def mock_bank(starts: str = STARTS) -> Generator[MockBank]:
    """A bank on a free port, in this process, whose clock starts at a time; the operator has 100,000.00 on its account."""
    server = make_server(Config(port=0, quiet=True, clock=starts))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        bank = MockBank(server.server_address[1])
        bank.open_account(OWN, OWN_IBAN, OWN_BALANCE_MINOR)
        yield bank
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
