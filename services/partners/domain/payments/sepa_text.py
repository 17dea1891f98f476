"""The characters that every bank takes in a payment.

Source: EPC217-08, "SEPA requirements for an extended character set": Latin letters, figures, and ``/ - ? : ( ) . , ' +`` with
spaces; references neither begin nor end with a slash, nor have two of them together.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from services.runtime.errors import InvalidRequest

REFERENCE_CHARACTERS_MAX: Final = 35
NAME_CHARACTERS_MAX: Final = 70
REMITTANCE_CHARACTERS_MAX: Final = 140
_REFERENCE: Final = re.compile(r"[A-Za-z0-9?:().,'+ -]+(/[A-Za-z0-9?:().,'+ -]+)*")
_FOREIGN: Final = re.compile(r"[^A-Za-z0-9/?:().,'+ -]")
# Letters that Unicode does not take apart into a Latin letter and its accent.
_LETTERS: Final = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Ø": "O", "ø": "o", "Ł": "L", "ł": "l",
     "Đ": "D", "đ": "d", "Þ": "Th", "þ": "th", "ı": "i", "&": "+", "_": "-", "–": "-", "’": "'"}
)  # fmt: skip


def sepa_text(text: str, at_most: int) -> str:
    """A text in those characters: without accents, a point for what has no like, cut to `at_most` characters.

    The same text always gives the same one. Not for references: those are checked, never changed.
    """
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    bare = "".join(each for each in plain if not unicodedata.combining(each))
    return _FOREIGN.sub(".", " ".join(bare.split()))[:at_most].strip()


def read_reference(text: str, field: str) -> str:
    """A reference of 1 to 35 of those characters (a mandate's id, an end-to-end id, a message id). Raises InvalidRequest."""
    if len(text) > REFERENCE_CHARACTERS_MAX or text != text.strip() or not _REFERENCE.fullmatch(text):
        raise InvalidRequest(
            f"1 to {REFERENCE_CHARACTERS_MAX} characters that banks take (A-Z, a-z, 0-9, / - ? : ( ) . , ' + and spaces); no "
            "slash at an end, or two together",
            field=field,
        )
    return text
