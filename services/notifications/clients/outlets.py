"""Those who carry messages to members: mail servers, text message, app and chat services, each over apprise.

Apprise does not raise: it answers whether it went, and says why to its log alone. What it says may have an address or a password in it, so
its log goes nowhere; of the errors that it meets the class is kept.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import smtplib
import ssl
import sys
import threading
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from email.utils import make_msgid
from typing import Any, Final, Protocol
from urllib.parse import quote
from uuid import UUID

from services.notifications.domain.channels import Channel, Message, Outcome

ADDRESS: Final = "{address}"
_REFUSED: Final = range(500, 600)
_error: contextvars.ContextVar[BaseException | None] = contextvars.ContextVar("apprise_error", default=None)
_message_id: contextvars.ContextVar[str] = contextvars.ContextVar("message_id", default="")
_trusted: contextvars.ContextVar[Trusted] = contextvars.ContextVar("trusted")


class Outlets(Protocol):
    """What channels there are, and how something goes by them."""

    @property
    def channels(self) -> Collection[Channel]:
        """Those that something can go by."""
        ...

    async def post(
        self, channel: Channel, address: str, message: Message, notice_id: UUID, *, urgent: bool = False
    ) -> Outcome:
        """Hands a message over; never raises for what the other side does. What is `urgent` waits for no other that is not."""
        ...


class Trusted:
    """The certificates that a channel trusts, read once: that takes tens of milliseconds of CPU, as much as ten mails.

    Each channel has its own, since apprise writes into it whether the channel's URL says `verify=no`.
    """

    def __init__(self) -> None:
        self._context: ssl.SSLContext | None = None
        self._reading = threading.Lock()

    def context(self) -> ssl.SSLContext:
        """The same one each time; a store that has changed since is read at the next start."""
        with self._reading:
            if self._context is None:
                self._context = ssl.create_default_context()
            return self._context


class AppriseOutlets:
    """Channels over apprise URLs. A message is handed over in a thread, so many at a time, and as many urgent ones."""

    def __init__(self, urls: Mapping[Channel, str], at_once: int, timeout_seconds: float) -> None:
        """`urls`: with `{address}` where the member's goes; an empty one: nothing goes by it."""
        self._urls = {channel: url for channel, url in urls.items() if url}
        self._timeout = timeout_seconds
        self._trusted = {channel: Trusted() for channel in self._urls}
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="outlet")
        self._urgent_threads = ThreadPoolExecutor(at_once, thread_name_prefix="outlet-urgent")

    @property
    def channels(self) -> Collection[Channel]:
        """See Outlets."""
        return self._urls.keys()

    async def post(
        self, channel: Channel, address: str, message: Message, notice_id: UUID, *, urgent: bool = False
    ) -> Outcome:
        """See Outlets."""
        url = _addressed(self._urls[channel], address, channel, self._timeout)
        # What is kept of one message (its id, its error) is kept in a context of its own.
        context, message_id = contextvars.copy_context(), f"ntc.{notice_id.hex}"
        trusted = self._trusted[channel]

        def work() -> Outcome:
            return context.run(_post, url, message, message_id, trusted)

        threads = self._urgent_threads if urgent else self._threads
        return await asyncio.get_running_loop().run_in_executor(threads, work)

    async def close(self) -> None:
        """Waits for what is being handed over."""
        for threads in (self._threads, self._urgent_threads):
            await asyncio.to_thread(threads.shutdown)


def _addressed(url: str, address: str, channel: Channel, timeout_seconds: float) -> str:
    """The URL with the address in it, and what is the same for all: time limits, and mails as plain text."""
    filled = url.replace(ADDRESS, quote(address, safe=""))
    further = [f"cto={timeout_seconds}", f"rto={timeout_seconds}"]
    if channel is Channel.EMAIL:
        further.append("format=text")
    return f"{filled}{'&' if '?' in filled else '?'}{'&'.join(further)}"


def _post(url: str, message: Message, message_id: str, trusted: Trusted) -> Outcome:
    apprise = _loaded()
    _error.set(None)
    _message_id.set(message_id)
    _trusted.set(trusted)
    try:
        sender = apprise.Apprise(asset=apprise.AppriseAsset(app_id="coalition", app_desc="", app_url=""))
        if not sender.add(url):
            return Outcome(False, "UrlNotUnderstood")
        sent = sender.notify(body=message.body, title=message.subject, body_format=apprise.NotifyFormat.TEXT)
    except Exception as error:
        # A plug-in's own mistake.
        return Outcome(False, type(error).__name__)
    if sent:
        return Outcome(True)
    error = _error.get()
    if error is None:
        return Outcome(False, "NotTaken")
    return Outcome(False, type(error).__name__, lasting=_is_lasting(error))


def _is_lasting(error: BaseException) -> bool:
    """Whether a mail server has said that it will not take this mail, now or later."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code in _REFUSED for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return False
    return (
        isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError) and error.smtp_code in _REFUSED
    )


class _ErrorKept(logging.Handler):
    """Keeps the error that apprise is handling while it writes to its log, and nothing of what it writes."""

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002
        """Called in the thread and the moment of the error."""
        error = sys.exc_info()[1]
        if error is not None:
            _error.set(error)


def _loaded() -> Any:
    """Apprise, taught to keep its errors and to name mails: it takes a second to import, which only a first message pays."""
    log = logging.getLogger("apprise")
    if not any(isinstance(each, _ErrorKept) for each in log.handlers):
        log.handlers, log.propagate = [_ErrorKept()], False
        log.setLevel(logging.DEBUG)

    import apprise
    from apprise.plugins.email import base

    if base.__dict__["make_msgid"] is not _named:
        # It offers no way to say the id of a mail. One that is the same for each try of a notice lets mailboxes drop a double.
        base.__dict__["make_msgid"] = _named
        # Nor one to say what is trusted: it would read all certificates for each mail.
        base.__dict__["ssl"] = _Ssl
    return apprise


class _Ssl:
    """What apprise's e-mail asks of the module of this name."""

    CERT_NONE = ssl.CERT_NONE

    @staticmethod
    def create_default_context() -> ssl.SSLContext:
        """Of the channel that something is handed over to."""
        return _trusted.get().context()


def _named(idstring: str | None = None, domain: str | None = None) -> str:
    known = _message_id.get()
    return f"<{known}@{domain or 'localhost'}>" if known else make_msgid(idstring, domain)
