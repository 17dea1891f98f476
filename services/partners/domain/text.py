"""What names, slugs and codes may look like."""

from __future__ import annotations

import re
from typing import Final

from services.runtime.errors import InvalidRequest

NAME_CHARACTERS_MAX: Final = 100
CODE_CHARACTERS_MAX: Final = 64
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
