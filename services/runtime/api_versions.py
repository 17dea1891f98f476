"""The versions of the public API, by the day from which each may be built on; docs/openapi keeps the document of each.

The partners service pins partners to one of them, the gateway answers by it. To end a version: mark it here, tell those who are
pinned to it, and take it out once its day is over. A test holds the list against the documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class ApiVersion:
    """A version: its date is its name, such as `2026-12-01`.

    `deprecated_on`: from this day on nobody should begin with it (RFC 9745); `sunset_on`: from this day on it may be gone (RFC 8594).
    """

    name: str
    deprecated_on: date | None = None
    sunset_on: date | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a name that is no date, and where it would go before it is deprecated, or without that."""
        if date.fromisoformat(self.name).isoformat() != self.name:
            raise ValueError(f"{self.name!r} is not a date such as 2026-12-01")
        if self.sunset_on and not (self.deprecated_on and self.deprecated_on <= self.sunset_on):
            raise ValueError(f"{self.name} goes before it is deprecated")


#: All that are answered, oldest first.
VERSIONS: Final = (ApiVersion("2026-12-01"),)
NEWEST: Final = VERSIONS[-1].name
_SHOWN_CHARACTERS: Final = 32


def version_unknown(asked: str, known: Sequence[str], **where: str) -> InvalidRequest:
    """What is said of a version that there is not."""
    listed = ", ".join(known)
    return InvalidRequest(
        f"{asked[:_SHOWN_CHARACTERS]!r} is no version of the API; there are {listed}",
        Reason.REASON_API_VERSION_UNKNOWN,
        known=listed,
        **where,
    )


def read_version(asked: str) -> str:
    """The name of a version that there is. Raises InvalidRequest with API_VERSION_UNKNOWN."""
    names = [each.name for each in VERSIONS]
    if asked not in names:
        raise version_unknown(asked, names, field="api_version")
    return asked
