"""Binds the two items of an exchange to each other."""

from __future__ import annotations

import hashlib
from typing import Final

from services.points.domain.answers import TurnedAway
from services.points.domain.movements import Earn, Movement, Refund

_BYTES: Final = 16


def bind_exchanges(asked: list[Movement | TurnedAway]) -> None:
    """Makes the content of a refund and of what is taken in exchange one: each hash is over both.

    So neither is found under its reference by whoever asks for it alone, or together with another one.
    """
    for place, giving in enumerate(asked[:-1]):
        taking = asked[place + 1]
        if isinstance(giving, Refund) and giving.linked and isinstance(taking, Earn) and taking.in_exchange:
            asked[place] = giving._replace(content_hash=_over(giving.content_hash, taking.content_hash))
            asked[place + 1] = taking._replace(content_hash=_over(taking.content_hash, giving.content_hash))


def _over(own: bytes, other: bytes) -> bytes:
    # Both are keyed hashes already: nothing can be guessed from this one either.
    return hashlib.blake2b(own + other, digest_size=_BYTES, person=b"exchange").digest()
