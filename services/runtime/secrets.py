"""Keys of a service, derived from its one secret."""

from __future__ import annotations

import base64
import binascii

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class MalformedKey(ValueError):
    """A key setting is not base64url of 32 bytes."""


def read_key(text: str, name: str) -> bytes:
    """The 32 bytes of a base64url setting. Raises MalformedKey, naming the setting and never its value."""
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise MalformedKey(f"{name} is not base64url") from error
    if len(key) != 32:
        raise MalformedKey(f"{name} holds {len(key)} bytes, 32 are needed")
    return key


def derive(secret: bytes, purpose: str, length: int = 32) -> bytes:
    """A key for one purpose, by HKDF-SHA256; another purpose gives an unrelated key."""
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose.encode()).derive(secret)
