"""Errors that the gateway itself finds, and which errors pass by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import CoalitionError, InvalidRequest

_PASSING: Final = frozenset(
    {Reason.REASON_OVERLOADED, Reason.REASON_DEADLINE_EXCEEDED, Reason.REASON_UNAVAILABLE}
)


class FieldError(NamedTuple):
    """One thing that is wrong with a request: where (one of the first three), what kind, and in words."""

    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None


class InvalidBody(InvalidRequest):
    """A body, parameter or header that breaks the API's rules, with each mistake."""

    def __init__(self, message: str, errors: Sequence[FieldError]) -> None:
        super().__init__(message)
        self.errors = tuple(errors)


class HttpError(CoalitionError):
    """An error whose HTTP status is not the one of its reason: 404, 405, 408, 415."""

    def __init__(self, status: int, reason: Reason.ValueType, message: str, allow: str = "") -> None:
        super().__init__(reason, message)
        self.status, self.allow = status, allow


def is_passing(error: Exception) -> bool:
    """Whether an error says nothing of what was asked: the same thing may be asked again."""
    return isinstance(error, CoalitionError) and error.reason in _PASSING
