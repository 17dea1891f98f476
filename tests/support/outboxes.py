"""A mail server and a chat service that keep what they are given, to be counted."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Mail
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

from services.launcher.ports import free_port


class Mailbox:
    """A mail server on a port of its own that keeps what it is given."""

    def __init__(self) -> None:
        self.port = free_port()
        self.mails: list[tuple[list[str], Mail]] = []
        # What it answers in place of taking a mail; and what it does once it has one, before it says so.
        self.refuses: str = ""
        self.taken: Callable[[], None] = lambda: None
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        """For the settings."""
        return f"mailto://127.0.0.1:{self.port}?from=points@example.com&to={{address}}"

    def start(self) -> None:
        """Listens."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Is down, until it is started again."""
        if self._controller is not None:
            self._controller.stop()
        self._controller = None

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        """Called with each mail."""
        if self.refuses:
            return self.refuses
        self.mails.append((list(envelope.rcpt_tos), message_from_bytes(envelope.content)))
        self.taken()
        return "250 OK"

    def to(self, address: str) -> list[Mail]:
        """Mails to an address."""
        return [mail for to, mail in self.mails if address in to]


def subject_of(mail: Mail) -> str:
    """The subject as people read it."""
    return str(make_header(decode_header(mail["Subject"])))


def body_of(mail: Mail) -> str:
    """The text as people read it."""
    part = next(each for each in mail.walk() if each.get_content_type() == "text/plain")
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")


@contextmanager
def mailbox() -> Generator[Mailbox]:
    """A mail server that runs until the end of the block."""
    box = Mailbox()
    box.start()
    try:
        yield box
    finally:
        box.stop()


@dataclass
class Hook:
    """An HTTP service that keeps what is posted to it; answers with `status`."""

    port: int = 0
    status: int = 200
    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])

    @property
    def url(self) -> str:
        """For the settings: apprise posts JSON to it."""
        return f"json://127.0.0.1:{self.port}/hook/{{address}}"


@contextmanager
def hook() -> Generator[Hook]:
    """One that runs until the end of the block."""
    kept = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if kept.status < 400:
                kept.posts.append((self.path, json.loads(body)))
            self.send_response(kept.status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
