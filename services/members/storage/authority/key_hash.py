"""The hash that the key of a use is known by. Keys are partners' own words, so they are not kept as they are."""

from __future__ import annotations

import hmac
from hashlib import sha256
from uuid import UUID

from services.runtime.secrets import derive


class KeyHash:
    """HMAC-SHA256 over partner and key, with a key derived from the service's secret."""

    def __init__(self, secret: bytes) -> None:
        self._key = derive(secret, "members: keys of uses")

    def of(self, partner_id: UUID, key: bytes) -> bytes:
        """The 32 bytes of a partner's key."""
        return hmac.digest(self._key, partner_id.bytes + key, sha256)
