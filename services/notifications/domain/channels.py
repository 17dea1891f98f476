"""By what means a member is reached, and what is known of where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Channel(StrEnum):
    """The means."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    CHAT = "chat"

    @property
    def form(self) -> Form:
        """The form of the texts that go by it."""
        return Form.EMAIL if self is Channel.EMAIL else Form.SHORT


class Form(StrEnum):
    """In what form something is said: subject and body, or a short text."""

    EMAIL = "email"
    SHORT = "short"


@dataclass(frozen=True, slots=True, repr=False)
class Contact:
    """Where a member is reached. The address is in no log and in no table of this service."""

    channel: Channel
    address: str

    def __repr__(self) -> str:
        return f"Contact({self.channel.value}, …)"


@dataclass(frozen=True, slots=True)
class Reach:
    """How a member may be written to now. Without `writable` nothing is told but `why_not`.

    `contacts`: those that the member prefers first. Quiet hours are minutes after midnight in `zone`, the end perhaps before the
    beginning; both 0: none.
    """

    writable: bool
    why_not: str = ""
    language: str = ""
    contacts: tuple[Contact, ...] = ()
    quiet_from_minute: int = 0
    quiet_to_minute: int = 0
    zone: str = "UTC"
    given_name: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """What is sent; `subject` is empty of a short text."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a channel made of a message. `lasting`: it would not take the same message later either.

    `error` is the class of the error, never what it says: that may have an address in it.
    """

    sent: bool
    error: str = ""
    lasting: bool = False
