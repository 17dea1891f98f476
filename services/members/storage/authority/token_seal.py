"""The text of tokens of a member's app.

A token is `apt_` and base64url of 57 bytes: the version, then 56 bytes of AES-256-SIV (RFC 5297) over nonce, member and expiry. It is
enciphered and not only signed, so that whoever reads it off a screen learns nothing and cannot tell two tokens of one member. The
programme is bound in as additional data: a token of another one does not open. A change of any bit is noticed, by a comparison in constant
time, and no two texts are the same token, since 57 bytes leave no spare bits in the last character.
"""

from __future__ import annotations

import base64
import re
import struct
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from services.members.domain.authority.tokens import AppToken
from services.runtime.secrets import derive

_PREFIX: Final = "apt_"
_VERSION: Final = b"\x01"
_TEXT: Final = re.compile(r"apt_[A-Za-z0-9_-]{76}", re.ASCII)
_CONTENT: Final = struct.Struct(">16s16sq")
_LEDGER: Final = struct.Struct(">h")


class TokenSeal:
    """Writes and reads tokens, with a key derived from the service's secret."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESSIV(derive(secret, "members: app token 1", 64))

    def write(self, ledger_id: int, token: AppToken) -> str:
        """The text of a token: 80 characters."""
        content = _CONTENT.pack(token.nonce, token.member_id.bytes, token.expires_at_us)
        sealed = self._cipher.encrypt(content, _bound_to(ledger_id))
        return _PREFIX + base64.urlsafe_b64encode(_VERSION + sealed).decode()

    def read(self, ledger_id: int, text: str) -> AppToken | None:
        """What a text says; None where it is no token that was made here, of this programme. Whether it is too old is not looked at."""
        if not _TEXT.fullmatch(text):
            return None
        raw = base64.urlsafe_b64decode(text.removeprefix(_PREFIX))
        if raw[:1] != _VERSION:
            return None
        try:
            content = self._cipher.decrypt(raw[1:], _bound_to(ledger_id))
        except InvalidTag:
            return None
        nonce, member_id, expires_at_us = _CONTENT.unpack(content)
        return AppToken(nonce, UUID(bytes=member_id), expires_at_us)


def _bound_to(ledger_id: int) -> list[bytes]:
    return [b"coalition app token", _VERSION, _LEDGER.pack(ledger_id)]
