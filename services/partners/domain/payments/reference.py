"""References of payments: the end-to-end id that comes back from the bank, and the creditor reference that a payer names.

Both are made of the run, the partner and the leg, and of nothing else: a run made again names the same payment the same.
The partner stands in them by 12 characters of its UUID's SHA-256 (60 bits), which says nothing of it to others.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final
from uuid import UUID

RUN_NUMBER_MAX: Final = 9_999_999
LEG_MAX: Final = 99
_BODY_CHARACTERS_MAX: Final = 21
_PARTNER_CHARACTERS: Final = 12
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BODY: Final = re.compile(rf"[0-9A-Z]{{1,{_BODY_CHARACTERS_MAX}}}")
_END_TO_END: Final = re.compile(rf"R[1-9][0-9]{{0,6}}-[0-9A-Z]{{{_PARTNER_CHARACTERS}}}-[1-9][0-9]?")
# A payer types it in one piece, or in groups of four as it is printed.
_BEGINNING: Final = re.compile(r"(?<![0-9A-Za-z])RF[0-9]{2}", re.IGNORECASE)
_GROUPS: Final = re.compile(r"[0-9A-Za-z]{1,25}(?: [0-9A-Za-z]{1,25}){0,10}(?![0-9A-Za-z])")


def end_to_end_id(run_number: int, partner_id: UUID, leg: int = 1) -> str:
    """The end-to-end id of a leg, e.g. ``R12-4TZ09QK2M7XV-1``: at most 24 characters. Raises ValueError out of range."""
    _check(run_number, leg)
    return f"R{run_number}-{_partner(partner_id)}-{leg}"


def is_end_to_end_id(text: str) -> bool:
    """Whether a text has the form of an end-to-end id of ours."""
    return _END_TO_END.fullmatch(text.upper()) is not None


def payment_reference(run_number: int, partner_id: UUID, leg: int = 1) -> str:
    """The creditor reference of a leg, for who pays an invoice: at most 25 characters. Raises ValueError out of range."""
    _check(run_number, leg)
    return creditor_reference(f"{run_number}{_partner(partner_id)}{leg:02}")


def creditor_reference(body: str) -> str:
    """``RF``, two check digits and a body of 1 to 21 capitals and figures. Raises ValueError for another body.

    Source: ISO 11649; check digits by ISO 7064 MOD 97-10.
    """
    if not _BODY.fullmatch(body):
        raise ValueError(f"{body!r} is not 1 to {_BODY_CHARACTERS_MAX} capitals and figures")
    return f"RF{98 - mod_97(f'{body}RF00'):02}{body}"


def read_creditor_reference(text: str) -> str | None:
    """A creditor reference without its spaces, in capitals; None: it is none, or its check digits are wrong."""
    bare = text.replace(" ", "").upper()
    well_formed = bare[:2] == "RF" and bare[2:4].isdecimal() and bare.isascii() and _BODY.fullmatch(bare[4:])
    return bare if well_formed and mod_97(bare[4:] + bare[:4]) == 1 else None


def creditor_references(text: str) -> tuple[str, ...]:
    """The different creditor references that a text may name, in their order.

    Where one is printed in groups, nothing but its check digits tells its end from the word after it, and those are right by
    chance once in 97 times. So each run of groups that is right is answered, the longest first: look for the one that is known.
    """
    found: dict[str, None] = {}
    for beginning in _BEGINNING.finditer(text):
        groups = _GROUPS.match(text, beginning.start())
        pieces = groups.group().split(" ") if groups else []
        for count in range(len(pieces), 0, -1):
            read = read_creditor_reference("".join(pieces[:count]))
            if read:
                found[read] = None
    return tuple(found)


def mod_97(text: str) -> int:
    """The rest by 97 of a text of figures and capitals, A as 10 to Z as 35. Source: ISO 7064."""
    return int("".join(str(int(each, 36)) for each in text)) % 97


def _partner(partner_id: UUID) -> str:
    bits = int.from_bytes(sha256(partner_id.bytes).digest()[:8], "big") >> 4
    return "".join(_CROCKFORD[bits >> 5 * place & 31] for place in range(_PARTNER_CHARACTERS))


def _check(run_number: int, leg: int) -> None:
    if not 1 <= run_number <= RUN_NUMBER_MAX or not 1 <= leg <= LEG_MAX:
        raise ValueError(f"run {run_number} or leg {leg} is out of range")
