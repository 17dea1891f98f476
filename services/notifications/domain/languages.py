"""Languages that members are written to in, as BCP 47 tags; those of the members service."""

from __future__ import annotations

from typing import Final

from services.runtime.errors import InvalidRequest

ENGLISH: Final = "en"
#: Another one is another file in wording/texts, and one here.
LANGUAGES: Final = ("bg", "de", "en", "es", "fr", "it", "nl", "pl", "pt")


def language_of(tag: str) -> str:
    """The language of a tag, such as `de` of `de-AT`; English for one that there are no texts in."""
    primary = tag.strip().split("-")[0].lower()
    return primary if primary in LANGUAGES else ENGLISH


def read_language(tag: str) -> str:
    """One of the languages. Raises InvalidRequest with those there are."""
    if tag not in LANGUAGES:
        raise InvalidRequest(f"language: one of {', '.join(LANGUAGES)}", field="language")
    return tag
