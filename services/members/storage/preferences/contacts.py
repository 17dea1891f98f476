"""Addresses for push and chat, quiet hours and the order of channels: versions of fields, sealed with the member's data key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from services.members.domain.preferences.channels import Channel
from services.members.domain.preferences.quiet_hours import NO_QUIET_HOURS, QuietHours
from services.members.storage.preferences.tables import member_contact
from services.members.storage.sealing import DataKey, Owner
from services.runtime.clock import from_micros
from services.runtime.database import ReadConnection
from services.runtime.principal import Principal

QUIET_HOURS: Final = "quiet_hours"
CHANNELS: Final = "channels"


@dataclass(frozen=True, slots=True)
class StoredPreferences:
    """What stands now: addresses that are kept, quiet hours, and the order of channels as it was set."""

    addresses: dict[Channel, str] = field(default_factory=dict, repr=False)
    quiet_hours: QuietHours = NO_QUIET_HOURS
    channels: tuple[Channel, ...] = ()


async def read_preferences(
    connection: ReadConnection | AsyncConnection, owner: Owner, key: DataKey
) -> StoredPreferences:
    """What stands now. SealBroken leaves it where a stored value was tampered with."""
    table = member_contact
    found = await connection.execute(
        select(table.c.field, table.c.version, table.c.sealed_value)
        .ext(distinct_on(table.c.field))
        .where(table.c.ledger_id == owner.ledger_id, table.c.member_id == owner.member_id)
        .order_by(table.c.field, table.c.version.desc())
    )
    values = {
        row.field: key.open(_sealed_as(row.field, row.version), row.sealed_value)
        for row in found.all()
        if row.sealed_value is not None
    }
    return StoredPreferences(
        {channel: values[channel.value] for channel in Channel if channel.value in values},
        _quiet_hours(values.get(QUIET_HOURS)),
        tuple(map(Channel, values.get(CHANNELS, "").split())),
    )


async def set_address(
    connection: AsyncConnection,
    owner: Owner,
    key: DataKey,
    channel: Channel,
    address: str | None,
    at_us: int,
    by: Principal,
) -> bool:
    """Stores the address of a channel, or that there is none; False where it is so already. The caller has locked the member."""
    return await _set(connection, owner, key, channel.value, address, at_us, by)


async def set_quiet_hours(
    connection: AsyncConnection, owner: Owner, key: DataKey, hours: QuietHours, at_us: int, by: Principal
) -> bool:
    """Stores quiet hours, or that there are none; False where it is so already. The caller has locked the member."""
    text = f"{hours.from_minute} {hours.to_minute} {hours.zone}" if hours != NO_QUIET_HOURS else None
    return await _set(connection, owner, key, QUIET_HOURS, text, at_us, by)


async def set_channels(
    connection: AsyncConnection,
    owner: Owner,
    key: DataKey,
    channels: tuple[Channel, ...],
    at_us: int,
    by: Principal,
) -> bool:
    """Stores an order of channels, or that there is none; False where it is so already. The caller has locked the member."""
    text = " ".join(each.value for each in channels) or None
    return await _set(connection, owner, key, CHANNELS, text, at_us, by)


async def _set(
    connection: AsyncConnection,
    owner: Owner,
    key: DataKey,
    name: str,
    value: str | None,
    at_us: int,
    by: Principal,
) -> bool:
    table = member_contact
    mine = {"ledger_id": owner.ledger_id, "member_id": owner.member_id, "field": name}
    found = await connection.execute(
        select(table.c.version, table.c.sealed_value)
        .where(*(table.c[column] == equal for column, equal in mine.items()))
        .order_by(table.c.version.desc())
        .limit(1)
    )
    row = found.first()
    before = (
        None
        if row is None or row.sealed_value is None
        else key.open(_sealed_as(name, row.version), row.sealed_value)
    )
    if before == value:
        return False
    version = row.version + 1 if row else 1
    stored = {
        "version": version,
        "sealed_value": None if value is None else key.seal(_sealed_as(name, version), value),
        "changed_at": from_micros(at_us),
        "changed_by": by.partner_id,
        "actor": by.actor,
    }
    await connection.execute(insert(table), {**mine, **stored})
    return True


def _quiet_hours(text: str | None) -> QuietHours:
    if text is None:
        return NO_QUIET_HOURS
    from_minute, to_minute, zone = text.split(" ")
    return QuietHours(int(from_minute), int(to_minute), zone)


def _sealed_as(name: str, version: int) -> str:
    return f"contact.{name}.{version}"
