"""Programme time, as far as this service has heard of it."""

from __future__ import annotations

from services.partners.storage.connection import Reads
from services.partners.storage.rating import head
from services.runtime.clock import wall_now_us


async def programme_now_us(connection: Reads, ledger_id: int) -> int:
    """Wall clock plus the offset that points last told; the ledger itself may be a moment ahead."""
    return wall_now_us() + (await head(connection, ledger_id)).clock_offset_us
