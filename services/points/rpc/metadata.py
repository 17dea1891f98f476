"""What partners keep with their movements: names and texts, read off the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from services.points.rpc.reading import check_text, invalid

NAMES_MAX: Final = 50
NAME_CHARACTERS_MAX: Final = 40
TEXT_CHARACTERS_MAX: Final = 500


def read_metadata(given: Mapping[str, str]) -> str:
    """The names and texts as one JSON object, by name; the same for the same content. Raises Unreadable, which quotes no text."""
    if len(given) > NAMES_MAX:
        raise invalid("metadata", f"up to {NAMES_MAX} names")
    for name, text in given.items():
        check_text("metadata", name, NAME_CHARACTERS_MAX)
        if len(text) > TEXT_CHARACTERS_MAX or any(
            character < " " or character == "\x7f" for character in text
        ):
            raise invalid(
                "metadata", f"up to {TEXT_CHARACTERS_MAX} characters a text, none of them a control character"
            )
    return json.dumps(dict(given), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
