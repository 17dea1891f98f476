"""Examples of what shows a member's will, held against their schemas as all examples are."""

from __future__ import annotations

from typing import Any, Final

_MEMBER_ID: Final = "mem_5h8w0k3v9q2e7r1t4y6m8n0p2s"
# (Nobody's.)
TOKEN: Final = "apt_AVDYWOCYXsx_YEGKrwzFq1h_QsJXCohAlanozKzQ9lRcUNhY4JhezH9gQYqvDMWrWH9CwlcKiECV"  # noqa: S105
APP_TOKEN: Final[dict[str, Any]] = {
    "object": "app_token",
    "member": _MEMBER_ID,
    "token": TOKEN,
    "expires_at": "2026-03-14T08:32:07.45Z",
}
PIN_BODIES: Final[dict[str, Any]] = {"chosen by the member": {"pin": "2580"}}
PIN: Final[dict[str, Any]] = {"object": "pin", "member": _MEMBER_ID}
# How a till says what was shown.
CARD_READ: Final[dict[str, Any]] = {"method": "card"}
PIN_TYPED: Final[dict[str, Any]] = {"method": "pin", "pin": "2580"}
CODE_READ_OUT: Final[dict[str, Any]] = {"method": "code", "code": "048291"}
ONE_TIME_CODE: Final[dict[str, Any]] = {
    "object": "one_time_code",
    "id": "otc_01kkq62d0re51t9a7b3c5d7e9f",
    "member": _MEMBER_ID,
    "digits": 6,
    "expires_at": "2026-03-14T08:36:07.45Z",
}
