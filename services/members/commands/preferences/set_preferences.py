"""Addresses for push and chat, quiet hours, and the order of channels, as a member wants them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.commands.announcing import Announce
from services.members.commands.preferences.changing import Asked, ChangeOnce, Subject
from services.members.domain.events import MemberUpdated
from services.members.domain.preferences.channels import Channel, read_address, read_kept, read_order
from services.members.domain.preferences.quiet_hours import read_quiet_hours
from services.members.storage.preferences import contacts
from services.members.storage.sealing import DataKey
from services.members.storage.writing import MemberWriter
from services.runtime.clock import wall_now_us
from services.runtime.principal import Principal

_SET_CONTACT: Final = "members.set_contact"
_REMOVE_CONTACT: Final = "members.remove_contact"
_SET_QUIET_HOURS: Final = "members.set_quiet_hours"
_SET_CHANNELS: Final = "members.set_channels"
_Store = Callable[[AsyncConnection, Subject, DataKey, int], Awaitable[bool]]


class SetPreferences:
    """Sets one of them once per key. What is the same already changes and tells nothing.

    Each method answers whether an earlier call with the key did it, and raises InvalidRequest naming the field, and what
    ChangeOnce does.
    """

    def __init__(self, once: ChangeOnce, writer: MemberWriter, announce: Announce) -> None:
        self._once, self._writer, self._announce = once, writer, announce

    async def address(
        self, principal: Principal, asked: Asked, channel: Channel | None, address: str
    ) -> bool:
        """Sets where a member is reached by push or chat."""
        kept, text = read_kept(channel), read_address(address)
        return await self._set_address(principal, asked, _SET_CONTACT, kept, text)

    async def no_address(self, principal: Principal, asked: Asked, channel: Channel | None) -> bool:
        """Forgets where a member is reached by push or chat."""
        return await self._set_address(principal, asked, _REMOVE_CONTACT, read_kept(channel), None)

    async def quiet_hours(
        self, principal: Principal, asked: Asked, from_minute: int, to_minute: int, zone: str
    ) -> bool:
        """Sets when a member is not written to: minutes after midnight, both 0: never."""
        hours = read_quiet_hours(from_minute, to_minute, zone)

        async def store(connection: AsyncConnection, subject: Subject, key: DataKey, now_us: int) -> bool:
            return await contacts.set_quiet_hours(connection, subject.owner, key, hours, now_us, principal)

        return await self._run(principal, asked, _SET_QUIET_HOURS, contacts.QUIET_HOURS, store)

    async def channels(self, principal: Principal, asked: Asked, channels: Sequence[Channel | None]) -> bool:
        """Sets by what a member is written to first."""
        order = read_order(channels)

        async def store(connection: AsyncConnection, subject: Subject, key: DataKey, now_us: int) -> bool:
            return await contacts.set_channels(connection, subject.owner, key, order, now_us, principal)

        return await self._run(principal, asked, _SET_CHANNELS, contacts.CHANNELS, store)

    async def _set_address(
        self, principal: Principal, asked: Asked, operation: str, channel: Channel, address: str | None
    ) -> bool:
        async def store(connection: AsyncConnection, subject: Subject, key: DataKey, now_us: int) -> bool:
            return await contacts.set_address(
                connection, subject.owner, key, channel, address, now_us, principal
            )

        return await self._run(principal, asked, operation, channel.value, store)

    async def _run(
        self, principal: Principal, asked: Asked, operation: str, name: str, store: _Store
    ) -> bool:
        async def change(connection: AsyncConnection, subject: Subject) -> bytes:
            key, now_us = await self._writer.key_of(connection, subject.owner), wall_now_us()
            if await store(connection, subject, key, now_us):
                event = MemberUpdated(asked.member_id, subject.enrolled_by, (name,), now_us)
                await self._announce(connection, principal.in_programme(), event)
            return asked.member_id.bytes

        _, replayed = await self._once(principal, asked, operation, change)
        return replayed
