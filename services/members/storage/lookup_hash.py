"""The hash that an identifier is found by. Keyed, since card numbers are few enough to try them all."""

from __future__ import annotations

import hmac
import struct
from hashlib import sha256
from typing import Final
from uuid import UUID

from services.members.domain.identifiers import Identifier, IdentifierKind
from services.runtime.secrets import derive

_SCOPE: Final = struct.Struct(">hB16s")
_KIND_NUMBERS: Final = {
    IdentifierKind.CARD: 1,
    IdentifierKind.PARTNER_CUSTOMER: 2,
    IdentifierKind.PHONE: 3,
    IdentifierKind.EMAIL: 4,
}
_PROGRAMME_WIDE: Final = UUID(int=0)


class LookupHash:
    """HMAC-SHA256 over programme, kind, partner and value.

    Since the scope is hashed along, equal hashes in one programme mean the same identifier in the same
    scope, and the same card in two programmes does not show.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = derive(secret, "members: identifier look-up")

    def of(self, ledger_id: int, identifier: Identifier) -> bytes:
        """The 32 bytes of an identifier in its normal form."""
        partner_id = identifier.partner_id or _PROGRAMME_WIDE
        scope = _SCOPE.pack(ledger_id, _KIND_NUMBERS[identifier.kind], partner_id.bytes)
        return hmac.digest(self._key, scope + identifier.value.encode(), sha256)
