"""Languages that members are written to in, as BCP 47 tags."""

from __future__ import annotations

from typing import Final

#: Those that the platform has receipts in. Another one is another row of the receipts' texts, and one here.
LANGUAGES: Final = ("bg", "de", "en", "es", "fr", "it", "nl", "pl", "pt")


def read_language(text: str) -> str | None:
    """The language of a tag, such as `de` of `de-AT`; None for one that the platform has no receipts in."""
    primary = text.strip().split("-")[0].lower()
    return primary if primary in LANGUAGES else None
