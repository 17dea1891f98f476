"""Encryption at rest: a data key per member, wrapped by a key-encryption key of this service.

Everything is AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits in front of the ciphertext. The
additional data binds a ciphertext to its programme, member and field, so one copied elsewhere does not
open. A data key seals a handful of fields and a wrapping key one data key per member, far below the 2^32
uses that random nonces allow. Destroying the wrapped key of a member makes all of the member's fields
unreadable for good, in backups as well.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.runtime.secrets import derive, read_key

DATA_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_OWNER: Final = struct.Struct(">16sh16s")
_CONTEXT: Final = b"coalition.member"  # 16 bytes
_FIRST_VERSION: Final = 1
_VERSION_MAX: Final = 32_767


def personal_field(name: str, version: int) -> str:
    """What a version of a personal field is sealed as."""
    return f"personal.{name}.{version}"


def identifier_field(number: int) -> str:
    """What a member's identifier of this number is sealed as."""
    return f"identifier.{number}"


class SealBroken(Exception):
    """A stored value does not open: altered, copied from elsewhere, or sealed with a key not known here."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose value it is."""

    ledger_id: int
    member_id: UUID

    def bound_to(self, field: str) -> bytes:
        """The additional data of a field: fixed widths first, so that no two are alike."""
        return _OWNER.pack(_CONTEXT, self.ledger_id, self.member_id.bytes) + field.encode()


class DataKey:
    """The key of one member's fields."""

    def __init__(self, owner: Owner, key: bytes) -> None:
        self._owner, self._cipher = owner, AESGCM(key)

    def seal(self, field: str, value: str) -> bytes:
        """The ciphertext of a field's value."""
        return _seal(self._cipher, value.encode(), self._owner.bound_to(field))

    def open(self, field: str, sealed: bytes) -> str:
        """The value of a field. Raises SealBroken."""
        return _open(self._cipher, sealed, self._owner.bound_to(field)).decode()


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as it is stored, and the version of the key that wraps it."""

    version: int
    sealed: bytes


class KeyRing:
    """The key-encryption keys by version; the newest wraps the keys of new members."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        self._ciphers = {version: AESGCM(key) for version, key in keys.items()}
        self._newest = max(keys)

    def new_key(self, owner: Owner) -> tuple[DataKey, WrappedKey]:
        """A random data key for a new member, and its stored form."""
        key = os.urandom(DATA_KEY_BYTES)
        sealed = _seal(self._ciphers[self._newest], key, owner.bound_to(_key_field(self._newest)))
        return DataKey(owner, key), WrappedKey(self._newest, sealed)

    def unwrap(self, owner: Owner, wrapped: WrappedKey) -> DataKey:
        """The data key of a member. Raises SealBroken."""
        cipher = self._ciphers.get(wrapped.version)
        if cipher is None:
            raise SealBroken(f"no wrapping key has version {wrapped.version}")
        return DataKey(owner, _open(cipher, wrapped.sealed, owner.bound_to(_key_field(wrapped.version))))


def read_wrapping_keys(secret: bytes, further: str) -> dict[int, bytes]:
    """Version 1, derived from the service's secret, and `further` ones (`version:base64url`, comma-separated).

    Raises ValueError for a version that is not a number from 2 up or comes twice, MalformedKey for a key.
    """
    keys = {_FIRST_VERSION: derive(secret, "members: wrapping key 1")}
    for part in filter(None, (piece.strip() for piece in further.split(","))):
        version, _, key = part.partition(":")
        if not version.isdecimal() or not _FIRST_VERSION < int(version) <= _VERSION_MAX:
            raise ValueError("the version of a wrapping key is a number from 2 up")
        if int(version) in keys:
            raise ValueError(f"wrapping key {version} is given twice")
        keys[int(version)] = read_key(key, f"wrapping key {version}")
    return keys


def _key_field(version: int) -> str:
    return f"data_key.{version}"


def _seal(cipher: AESGCM, value: bytes, bound_to: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, value, bound_to)


def _open(cipher: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError):
        raise SealBroken("a stored value does not open") from None
