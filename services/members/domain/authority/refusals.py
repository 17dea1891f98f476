"""Why what was shown is not good. A till learns no more than that: not whether a token was forged, too old or used."""

from __future__ import annotations

from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.runtime.clock import MICROS_PER_SECOND, from_micros
from services.runtime.errors import InvalidRequest, NotFound, Refused

KEY_CHARACTERS_MAX: Final = 300


def member_unknown() -> NotFound:
    """Nobody has the id."""
    return NotFound("no member has this id")


def member_closed() -> Refused:
    """A member that has left shows nothing any more."""
    return Refused(Reason.REASON_MEMBER_CLOSED, "the member has left")


def token_refused() -> Refused:
    """Whatever is wrong with a token."""
    return Refused(
        Reason.REASON_AUTHORISATION_INVALID,
        "the token is not good, or not any more: the app makes another one",
        method="app_token",
    )


def pin_refused(tries_left: int | None = None) -> Refused:
    """A wrong PIN, or a member without one; `tries_left`: before it is locked, where they are counted."""
    told = {} if tries_left is None else {"tries_left": tries_left}
    return Refused(Reason.REASON_AUTHORISATION_INVALID, "the PIN is not right", method="pin", **told)


def pin_locked(until_us: int, now_us: int) -> Refused:
    """No PIN is looked at until a wall-clock time."""
    until = from_micros(until_us).isoformat(timespec="seconds").replace("+00:00", "Z")
    seconds = max(1, -((now_us - until_us) // MICROS_PER_SECOND))
    return Refused(
        Reason.REASON_PIN_LOCKED,
        f"too many wrong PINs: none is looked at until {until}",
        until=until,
        retry_after_seconds=seconds,
    )


def read_key(key: str) -> bytes:
    """The bytes of a key. Raises InvalidRequest (IDEMPOTENCY_KEY_MISSING) unless it has 1 to 300 printable characters."""
    if not (1 <= len(key) <= KEY_CHARACTERS_MAX and key.isprintable()):
        raise InvalidRequest(
            f"a key of 1 to {KEY_CHARACTERS_MAX} printable characters is needed",
            Reason.REASON_IDEMPOTENCY_KEY_MISSING,
        )
    return key.encode()
