"""Hashing PINs away from the event loop, a few at once: each takes 16 MiB and a twentieth of a second."""

from __future__ import annotations

import asyncio
from typing import Final

from services.members.storage.authority.pin_hash import PinHash, hash_pin

_AT_ONCE: Final = 2


class Hashing:
    """Makes and compares hashes in threads."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def new(self, pin: str) -> PinHash:
        """A new hash of a PIN."""
        async with self._turns:
            return await asyncio.to_thread(hash_pin, pin)

    async def fits(self, known: PinHash, pin: str) -> bool:
        """Whether a PIN is the one that was hashed."""
        async with self._turns:
            return await asyncio.to_thread(known.fits, pin)
