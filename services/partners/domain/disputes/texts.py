"""What is said in a dispute, and what it points to: read from whoever says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.runtime.errors import InvalidRequest

TEXT_CHARACTERS_MAX: Final = 4_000
REFERENCES_MAX: Final = 20
REFERENCE_CHARACTERS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Said:
    """A text and its references: numbers of receipts, postings (`seq 1234`), addresses of files that the reader can get."""

    text: str
    references: tuple[str, ...] = ()


def read_said(text: str, references: Sequence[str] = ()) -> Said:
    """What is said, without the spaces around it: 1 to 4,000 characters, lines may be broken; up to 20 references of 1 to 200 characters.

    Raises InvalidRequest that names what is wrong.
    """
    said = text.strip()
    if not 1 <= len(said) <= TEXT_CHARACTERS_MAX or not all(line.isprintable() for line in said.split("\n")):
        raise InvalidRequest(
            f"1 to {TEXT_CHARACTERS_MAX:,} printable characters, lines may be broken", field="text"
        )
    if len(references) > REFERENCES_MAX:
        raise InvalidRequest(f"at most {REFERENCES_MAX} references", field="references")
    found = tuple(each.strip() for each in references)
    for place, each in enumerate(found):
        if not 1 <= len(each) <= REFERENCE_CHARACTERS_MAX or not each.isprintable():
            raise InvalidRequest(
                f"a reference has 1 to {REFERENCE_CHARACTERS_MAX} printable characters",
                field=f"references[{place}]",
            )
    return Said(said, found)
