"""How PINs are hashed.

Ten thousand numbers are tried in minutes whatever the hash, so the hash alone protects nobody: it is sealed with the member's data key
as well, and whoever has the database without the service's secret key has nothing to try against.
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

_SALT_BYTES: Final = 16
_DIGEST_BYTES: Final = 32
# 16 MiB and a twentieth of a second.
_COST: Final = 2**14


@dataclass(frozen=True, slots=True)
class PinHash:
    """A PIN as it is kept, before it is sealed."""

    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """Both in hexadecimal."""
        return self.salt.hex() + self.digest.hex()

    @classmethod
    def of_text(cls, text: str) -> PinHash:
        """What `text` tells."""
        raw = bytes.fromhex(text)
        return cls(raw[:_SALT_BYTES], raw[_SALT_BYTES:])

    def fits(self, pin: str) -> bool:
        """Whether it is this PIN. Takes a twentieth of a second: not for the event loop."""
        return hmac.compare_digest(self.digest, _digest(self.salt, pin))


def hash_pin(pin: str) -> PinHash:
    """A new hash of a PIN. Takes a twentieth of a second: not for the event loop."""
    salt = os.urandom(_SALT_BYTES)
    return PinHash(salt, _digest(salt, pin))


def _digest(salt: bytes, pin: str) -> bytes:
    return Scrypt(salt=salt, length=_DIGEST_BYTES, n=_COST, r=8, p=1).derive(pin.encode())
