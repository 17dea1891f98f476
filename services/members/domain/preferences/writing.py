"""Whether a member may be written to, and what whoever writes is told; each time is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Final
from uuid import UUID

from services.members.domain.preferences.channels import Contact
from services.members.domain.preferences.quiet_hours import NO_QUIET_HOURS, QuietHours
from services.runtime.errors import InvalidRequest

_REASON: Final = re.compile("[!-~]{1,64}")


class ContactPurpose(Enum):
    """Why somebody wants to write. The values are stored."""

    SERVICE = "service"
    MARKETING = "marketing"


class WhyNot(Enum):
    """Why a member is not written to. The values are stored and answered."""

    CLOSED = "closed"
    NO_CONSENT = "no_consent"


@dataclass(frozen=True, slots=True)
class Writable:
    """How a member is written to. `why_not`: it is not, and nothing else is told. `language`: a BCP 47 tag; `zone`: that of the quiet hours."""

    why_not: WhyNot | None = None
    language: str = ""
    contacts: tuple[Contact, ...] = ()
    quiet_hours: QuietHours = NO_QUIET_HOURS
    zone: str = ""
    given_name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Reading:
    """That somebody asked how a member is written to: for a `reason`, at a wall-clock time. `why_not` None: it was told."""

    reading_id: UUID
    member_id: UUID
    purpose: ContactPurpose
    reason: str
    read_at_us: int
    why_not: WhyNot | None
    actor: str


def why_not(purpose: ContactPurpose, *, is_open: bool, consented: bool) -> WhyNot | None:
    """Why a member is not written to for a purpose; None: it is. What is about its own account needs no consent."""
    if not is_open:
        return WhyNot.CLOSED
    if purpose is ContactPurpose.MARKETING and not consented:
        return WhyNot.NO_CONSENT
    return None


def read_purpose(purpose: ContactPurpose | None) -> ContactPurpose:
    """Raises InvalidRequest for a purpose that is not known."""
    if purpose is None:
        raise InvalidRequest("whoever asks how to write to a member says why", field="purpose")
    return purpose


def read_reason(text: str) -> str:
    """What a contact is read for. Raises InvalidRequest unless it has 1 to 64 visible characters of ASCII."""
    if _REASON.fullmatch(text) is None:
        raise InvalidRequest("a reason has 1 to 64 visible characters of ASCII", field="reason")
    return text
