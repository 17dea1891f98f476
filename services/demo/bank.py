"""The bank of the demo: mock-bank, which we did not write, on this machine, with its own clock and its own memory.

Its accounts, payments and messages are in an SQLite file of the demo's folder, so it goes on where a demo that was killed left it.
Its clock stands at midnight of a day of the programme, and only ever moves on.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any, Final

from mockbank.server import Config, make_server

_FILE: Final = "bank.sqlite"
_OWN: Final = "OPERATOR"
_TAKEN: Final = 202
_OK: Final = 300
_SECONDS: Final = 30
#: The kinds of messages that the operator takes in, in the order in which a day has them.
_KINDS: Final = ("pain.002", "camt.053")


class BankError(Exception):
    """The bank of the demo does not do what it is to do."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the bank for the operator: its number there, its kind, and the file itself."""

    number: int
    kind: str
    body: bytes


class Bank:
    """What people and other banks do at the operator's bank, and what the operator gets from there, over HTTP."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def open_account(self, name: str, iban: str, bic: str, balance_minor: int) -> None:
        """Opens the operator's account where that was not done before."""
        if any(each["id"] == _OWN for each in await self._ask("GET", "/_mock/accounts")):
            return
        said = {
            "id": _OWN, "iban": iban, "bic": bic, "name": name, "currency": "EUR", "balance": balance_minor, "behaviour": "accept"
        }  # fmt: skip
        await self._ask("POST", "/_mock/accounts", said)

    async def until(self, day: date) -> None:
        """Moves the bank's clock to midnight of a day; nothing where it is there. Raises BankError for a day before."""
        await self._ask("POST", f"/_mock/advance?to={day.isoformat()}")

    async def has_file(self, message_id: str) -> bool:
        """Whether the bank has been given a file of this message id."""
        known = [*await self._ask("GET", "/_mock/payments"), *await self._ask("GET", "/_mock/collections")]
        return any(each["msg_id"] == message_id for each in known)

    async def hand_in(self, xml: bytes) -> None:
        """Hands in a file, which the bank must take whole. Raises BankError where it finds anything wrong with it."""
        status, answer = await asyncio.to_thread(self._call, "POST", "/payments", xml)
        if status != _TAKEN or answer["rejected"] or answer["findings"]:
            raise BankError(f"the bank does not take a file: {answer.get('findings') or answer}")

    async def pay_in(self, minor: int, note: str, name: str, iban: str) -> None:
        """Lets a transfer arrive; one that has the note arrives once, however often this is said."""
        if any(note in each["note"] for each in await self._ask("GET", "/_mock/credits")):
            return
        said = {"account": _OWN, "amount": minor, "debtor": {"name": name, "iban": iban}, "note": note}
        await self._ask("POST", "/_mock/credits", said)

    async def take_back(self, end_to_end_id: str, reason: str) -> None:
        """The debtor takes a debit back that was booked: once, however often this is said."""
        found = await self._ask("GET", f"/_mock/collections/{end_to_end_id}")
        if found["status"] == "returned" or found["return_due"]:
            return
        await self._ask("POST", f"/_mock/collections/{end_to_end_id}/refuse", {"reason": reason})

    async def messages(self) -> Sequence[Message]:
        """What it has for the operator and the operator has not marked as read, oldest first."""
        found = await self._ask("GET", "/_mock/mailbox?leave")
        return [
            Message(each["id"], kind, each["body"].encode())
            for kind in _KINDS
            for each in found
            if each["type"].startswith(kind) and each["account"] == _OWN
        ]

    async def all_read(self) -> None:
        """Marks everything as read; nothing new comes but by what is done here."""
        await self._ask("GET", "/_mock/mailbox")

    async def _ask(self, method: str, path: str, said: dict[str, Any] | None = None) -> Any:
        body = None if said is None else json.dumps(said).encode()
        status, answer = await asyncio.to_thread(self._call, method, path, body)
        if status >= _OK:
            raise BankError(f"{method} {path}: {answer}")
        return answer

    def _call(self, method: str, path: str, body: bytes | None) -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=_SECONDS)
        try:
            connection.request(method, path, body, {"Accept": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()


@asynccontextmanager
async def running_bank(folder: Path, zone: str, day: date) -> AsyncGenerator[Bank]:
    """The bank, on a free port in this process, its clock at midnight of a day: the last one that it was told of."""
    config = Config(
        port=0, quiet=True, db_path=str(folder / _FILE), timezone=zone, clock=f"{day.isoformat()}T00:00"
    )
    server = await asyncio.to_thread(make_server, config)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Bank(server.server_address[1])
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        thread.join()
