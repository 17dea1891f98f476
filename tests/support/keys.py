"""Keys as settings hold them."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode


def key_text(key: bytes | None = None) -> str:
    """32 bytes, random unless given, as a setting holds them."""
    return urlsafe_b64encode(key or secrets.token_bytes(32)).decode()
