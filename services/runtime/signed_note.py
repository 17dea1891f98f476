"""Signed notes (c2sp.org/signed-note): text, an empty line, and who signed it with Ed25519.

Text ends in a newline. The same key, name and text give the same note.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ED25519: Final = b"\x01"


class NoteSigner:
    """Signs notes with one key, under names. `private_key`: 32 bytes."""

    def __init__(self, private_key: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(private_key)
        self._public = self._key.public_key().public_bytes_raw()

    def verifier_key(self, name: str) -> str:
        """The public key as verifiers are given it: name, key id and key, with a plus between them."""
        return f"{name}+{self._key_id(name).hex()}+{b64encode(_ED25519 + self._public).decode()}"

    def sign(self, name: str, text: str) -> str:
        """The note. Raises ValueError for text without its last newline, or a name that a note cannot have."""
        if not text.endswith("\n") or not name or "+" in name or any(each.isspace() for each in name):
            raise ValueError(
                "a note is text that ends in a newline, signed under a name without spaces and plus"
            )
        signature = self._key_id(name) + self._key.sign(text.encode())
        return f"{text}\n— {name} {b64encode(signature).decode()}\n"

    def _key_id(self, name: str) -> bytes:
        return sha256(name.encode() + b"\n" + _ED25519 + self._public).digest()[:4]
