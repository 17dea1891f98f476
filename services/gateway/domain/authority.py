"""What was shown of a member who wants to burn."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class AuthorityKind(StrEnum):
    """What was shown, from the weakest on."""

    NONE = "none"
    OFFLINE = "offline"
    CARD = "card"
    PIN = "pin"
    CODE = "code"
    APP_TOKEN = "app_token"  # noqa: S105


class Authority(NamedTuple):
    """What was shown; `instrument`: the card by which the member is named, as 16 bytes that tell nobody its number, or empty."""

    kind: AuthorityKind = AuthorityKind.NONE
    instrument: bytes = b""
