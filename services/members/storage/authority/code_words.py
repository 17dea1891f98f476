"""What a code says. It is kept nowhere: it follows from the code's id, whom it is for and where, by a key of the service.

So a dump of the database has no code in it, and whoever sends one asks what it says right before.
"""

from __future__ import annotations

import hmac
import struct
from hashlib import sha256
from typing import Final

from services.members.domain.authority.codes import CODE_DIGITS, Code
from services.runtime.secrets import derive

_BOUND_TO: Final = struct.Struct(">h16s16s16s")


class CodeWords:
    """HMAC-SHA256 over programme, code, member and partner, with a key derived from the service's secret."""

    def __init__(self, secret: bytes) -> None:
        self._key = derive(secret, "members: codes by message")

    def of(self, code: Code) -> str:
        """Six digits. Of 2^256 numbers no remainder is noticeably more likely than another."""
        content = _BOUND_TO.pack(
            code.ledger_id, code.code_id.bytes, code.member_id.bytes, code.partner_id.bytes
        )
        number = int.from_bytes(hmac.digest(self._key, content, sha256)) % 10**CODE_DIGITS
        return f"{number:0{CODE_DIGITS}}"

    def fits(self, code: Code, text: str) -> bool:
        """Whether a text is what it says; in constant time."""
        return hmac.compare_digest(self.of(code).encode(), text.encode())
