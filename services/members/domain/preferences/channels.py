"""By what means a member is written to, and where."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from services.members.domain.personal import PersonalData
from services.runtime.errors import InvalidRequest

ADDRESS_CHARACTERS_MAX: Final = 1_024
_ADDRESS: Final = re.compile(rf"[!-~]{{1,{ADDRESS_CHARACTERS_MAX}}}")


class Channel(Enum):
    """By what means, in the order that holds where a member prefers none. The values are stored."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    CHAT = "chat"


#: Channels whose addresses are kept here; those of the others are personal fields.
KEPT: Final = (Channel.PUSH, Channel.CHAT)


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a member is reached: an e-mail address, a number in E.164, a device token or a chat id."""

    channel: Channel
    address: str = field(repr=False)


def read_kept(channel: Channel | None) -> Channel:
    """A channel whose address is kept here. Raises InvalidRequest for any other."""
    if channel not in KEPT:
        raise InvalidRequest(
            "a contact is set for push or chat; e-mail address and phone number are personal fields of the member",
            field="channel",
        )
    return channel


def read_address(text: str) -> str:
    """A device token or chat id. Raises InvalidRequest, which does not tell it, unless it has 1 to 1,024 visible characters of ASCII."""
    if _ADDRESS.fullmatch(text) is None:
        raise InvalidRequest(
            f"an address has 1 to {ADDRESS_CHARACTERS_MAX} visible characters of ASCII", field="address"
        )
    return text


def read_order(channels: Sequence[Channel | None]) -> tuple[Channel, ...]:
    """An order of channels. Raises InvalidRequest for one that is not known or comes twice."""
    order = tuple(each for each in channels if each is not None)
    if len(order) < len(channels) or len(set(order)) < len(order):
        raise InvalidRequest("an order names each channel at most once", field="channels")
    return order


def contacts_of(
    personal: PersonalData, kept: Mapping[Channel, str], order: Iterable[Channel]
) -> tuple[Contact, ...]:
    """Where a member is reached, at most one a channel: those that it prefers first, then the others."""
    addresses = {Channel.EMAIL: personal.email, Channel.SMS: personal.phone, **kept}
    by_preference = dict.fromkeys((*order, *Channel))
    return tuple(Contact(each, addresses[each]) for each in by_preference if addresses.get(each))
