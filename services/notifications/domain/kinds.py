"""What members are told of: a kind a type of event, with the rules that hold for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.notifications.domain.channels import Channel, Contact
from services.runtime.errors import InvalidRequest

#: Words that every text may name: who is written to, and the programme's name for people.
ALWAYS: Final = ("greeting", "name", "programme")


class Kind(StrEnum):
    """The kinds, named for what happened."""

    WELCOME = "welcome"
    PIN_LOCKED = "pin_locked"
    ONE_TIME_CODE = "one_time_code"
    POINTS_EARNED = "points_earned"
    POINTS_GRANTED = "points_granted"
    POINTS_REDEEMED = "points_redeemed"
    POINTS_RECEIVED = "points_received"
    POINTS_EXPIRING = "points_expiring"
    POINTS_EXPIRED = "points_expired"


class Purpose(StrEnum):
    """Why a member is written to: what is about the member's own account needs no consent."""

    SERVICE = "service"
    MARKETING = "marketing"


@dataclass(frozen=True, slots=True)
class About:
    """A kind's rules. `shelf_hours`: how old its event may be when it is sent; `on`: unless a programme says otherwise.

    `words`: what its texts may name besides ALWAYS; `needed`: what they must. `urgent`: somebody stands and waits for it: it goes before
    all others, in quiet hours too, and counts towards no limit of a day. `channels`: by what alone it goes, the best first; none: as the
    member prefers.
    """

    event_type: str
    shelf_hours: int
    words: tuple[str, ...]
    on: bool = True
    purpose: Purpose = Purpose.SERVICE
    urgent: bool = False
    channels: tuple[Channel, ...] = ()
    needed: tuple[str, ...] = ()

    @property
    def placeholders(self) -> tuple[str, ...]:
        """All that its texts may name."""
        return (*ALWAYS, *self.words)


ABOUT: Final[dict[Kind, About]] = {
    Kind.WELCOME: About("member.enrolled", 48, ()),
    Kind.PIN_LOCKED: About("member.pin_locked", 24, ("time",)),
    # (Others may read along in a chat. How many are sent is bounded by members, who knows who asks.)
    Kind.ONE_TIME_CODE: About(
        "member.code_requested",
        1,
        ("code", "partner", "minutes"),
        urgent=True,
        channels=(Channel.SMS, Channel.PUSH, Channel.EMAIL),
        needed=("code",),
    ),
    Kind.POINTS_EARNED: About("points.earned", 24, ("points", "balance"), on=False),
    Kind.POINTS_GRANTED: About(
        "points.granted", 48, ("points", "balance"), on=False, purpose=Purpose.MARKETING
    ),
    Kind.POINTS_REDEEMED: About("points.redeemed", 24, ("points", "balance")),
    Kind.POINTS_RECEIVED: About("points.received", 48, ("points", "balance")),
    Kind.POINTS_EXPIRING: About("points.expiring", 168, ("points", "day")),
    Kind.POINTS_EXPIRED: About("points.expired", 168, ("points", "balance")),
}

URGENT: Final = tuple(kind for kind, about in ABOUT.items() if about.urgent)


def by_preference(kind: Kind, contacts: Sequence[Contact]) -> Sequence[Contact]:
    """By what a kind may go, the best first; `contacts` are in the order that the member prefers."""
    wanted = ABOUT[kind].channels
    if not wanted:
        return contacts
    return sorted(
        (each for each in contacts if each.channel in wanted), key=lambda each: wanted.index(each.channel)
    )


def read_kind(text: str) -> Kind:
    """A kind by its name. Raises InvalidRequest with the names there are."""
    try:
        return Kind(text)
    except ValueError:
        raise InvalidRequest(f"kind: one of {', '.join(Kind)}", field="kind") from None
