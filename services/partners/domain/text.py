"""What names, slugs and codes may look like."""

from __future__ import annotations

import re
from typing import Final

from services.runtime.errors import InvalidRequest

NAME_CHARACTERS_MAX: Final = 100
CODE_CHARACTERS_MAX: Final = 64
WHY_CHARACTERS_MAX: Final = 500
_SLUG: Final = re.compile(r"[a-z][a-z0-9-]{1,31}")
OPERATOR_SLUG: Final = "operator"


def read_slug(text: str, field: str = "slug") -> str:
    """A short name: 2 to 32 lower-case letters, digits and hyphens, a letter first. Raises InvalidRequest."""
    if not _SLUG.fullmatch(text):
        raise InvalidRequest(
            "a slug is 2 to 32 lower-case letters, digits and hyphens, a letter first", field=field
        )
    return text


def read_name(text: str, field: str = "name", at_most: int = NAME_CHARACTERS_MAX) -> str:
    """A name for people, without the spaces around it: 1 to `at_most` printable characters.

    Raises InvalidRequest.
    """
    name = text.strip()
    if not 1 <= len(name) <= at_most or not name.isprintable():
        raise InvalidRequest(f"1 to {at_most} printable characters are needed", field=field)
    return name


def read_why(text: str, *, needed: bool = True) -> str:
    """Why something is done, without the spaces around it: up to 500 printable characters, at least one where needed.

    Raises InvalidRequest.
    """
    why = text.strip()
    if len(why) > WHY_CHARACTERS_MAX or (why and not why.isprintable()) or (needed and not why):
        least = "1" if needed else "0"
        raise InvalidRequest(f"{least} to {WHY_CHARACTERS_MAX} printable characters say why", field="why")
    return why
