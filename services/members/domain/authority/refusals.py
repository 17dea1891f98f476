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


def code_refused(tries_left: int | None = None) -> Refused:
    """A wrong code, or none that could be right; `tries_left`: before it ends, where they are counted."""
    told = {} if tries_left is None else {"tries_left": tries_left}
    said = (
        "the code is not right"
        if tries_left
        else "the code is not good, or not any more: have another one sent"
    )
    return Refused(Reason.REASON_AUTHORISATION_INVALID, said, method="code", **told)


def code_limited(until_us: int, now_us: int) -> Refused:
    """No code is sent, or looked at, until a wall-clock time."""
    until = _told(until_us)
    return Refused(
        Reason.REASON_CODE_LIMITED,
        f"too many codes were sent, or wrong ones typed: the next one is taken from {until} on",
        until=until,
        retry_after_seconds=_seconds(until_us, now_us),
    )


def no_contact() -> Refused:
    """Nobody knows where to send a code to."""
    return Refused(
        Reason.REASON_NO_CONTACT, "of this member there is no phone number, app or e-mail address to send to"
    )


def code_over() -> NotFound:
    """What a code says is told no more."""
    return NotFound("no code of this id can be used")


def pin_locked(until_us: int, now_us: int) -> Refused:
    """No PIN is looked at until a wall-clock time."""
    until = _told(until_us)
    return Refused(
        Reason.REASON_PIN_LOCKED,
        f"too many wrong PINs: none is looked at until {until}",
        until=until,
        retry_after_seconds=_seconds(until_us, now_us),
    )


def read_key(key: str) -> bytes:
    """The bytes of a key. Raises InvalidRequest (IDEMPOTENCY_KEY_MISSING) unless it has 1 to 300 printable characters."""
    if not (1 <= len(key) <= KEY_CHARACTERS_MAX and key.isprintable()):
        raise InvalidRequest(
            f"a key of 1 to {KEY_CHARACTERS_MAX} printable characters is needed",
            Reason.REASON_IDEMPOTENCY_KEY_MISSING,
        )
    return key.encode()


def _told(at_us: int) -> str:
    return from_micros(at_us).isoformat(timespec="seconds").replace("+00:00", "Z")


def _seconds(until_us: int, now_us: int) -> int:
    """How long it is until then, rounded up; at least 1."""
    return max(1, -((now_us - until_us) // MICROS_PER_SECOND))
