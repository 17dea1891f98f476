"""What is said of a reason."""

from __future__ import annotations

from typing import Final, NamedTuple

RECEIPT_TEXT_MAX: Final = 40


class Explained(NamedTuple):
    """A reason in words.

    `figures` names the members that problems of this reason may carry; `receipt_text` may hold them in
    braces, and has at most 40 characters once they are filled in.
    """

    happened: str
    do: str
    figures: tuple[str, ...] = ()
    receipt_text: str = ""
