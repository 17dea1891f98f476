"""The versions of the API that this gateway answers by, and what an answer tells of the one it was made by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Final

from services.runtime.api_versions import VERSIONS, ApiVersion, version_unknown

#: The request's header that names a version, and the answer's that says which it was.
HEADER: Final = b"coalition-version"


@dataclass(frozen=True, slots=True)
class ToldVersion:
    """A version, and the headers of every answer that is made by it."""

    name: str
    headers: tuple[tuple[bytes, bytes], ...]


class Versions:
    """Looks versions up; all of it is made once, so that a request costs a look into a dictionary."""

    def __init__(self, known: Sequence[ApiVersion] = VERSIONS) -> None:
        ordered = sorted(known, key=lambda version: version.name)
        self._told = {version.name: _told(version) for version in ordered}
        self._asked = {name.encode(): told for name, told in self._told.items()}
        self.names: Final = tuple(self._told)
        self.newest: Final = self._told[self.names[-1]]

    def pinned(self, name: str) -> ToldVersion:
        """The version of a partner that is pinned to one.

        Where it is not known here, the newest before it, or else the oldest: partners may know of one that this gateway does not
        yet, and an old one goes some day. Empty: the newest.
        """
        found = self._told.get(name)
        if found is not None:
            return found
        before = [known for known in self.names if known < name] if name else self.names
        return self._told[before[-1] if before else self.names[0]]

    def asked(self, given: bytes) -> ToldVersion:
        """The version that a request names. Raises InvalidRequest with API_VERSION_UNKNOWN."""
        found = self._asked.get(given)
        if found is None:
            raise version_unknown(given.decode("latin-1"), self.names, header="Coalition-Version")
        return found


def _told(version: ApiVersion) -> ToldVersion:
    headers = [(HEADER, version.name.encode())]
    if version.deprecated_on is not None:
        # RFC 9745: a date of structured fields.
        headers.append((b"deprecation", f"@{int(_midnight(version.deprecated_on).timestamp())}".encode()))
    if version.sunset_on is not None:
        headers.append((b"sunset", format_datetime(_midnight(version.sunset_on), usegmt=True).encode()))
    return ToldVersion(version.name, tuple(headers))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
