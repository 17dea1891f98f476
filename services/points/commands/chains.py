"""Items that are linked: what makes a chain that can be decided, and what becomes of one that cannot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.points.commands.referents import Asked
from services.points.domain.answers import Answer, TurnedAway
from services.points.domain.movements import Capture, Redemption, Refund, Reversal
from services.runtime.errors import code_of

CHAIN_ITEMS_MAX: Final = 8


def _chains(asked: Sequence[Asked]) -> Iterator[range]:
    """The places of items that are linked with one another."""
    start = 0
    for place, item in enumerate(asked):
        if not item.linked:
            if place > start:
                yield range(start, place + 1)
            start = place + 1


def with_whole_chains(asked: Sequence[Asked]) -> Sequence[Asked]:
    """Turns away chains that cannot be decided together."""
    if not any(item.linked for item in asked):
        return asked
    checked = list(asked)
    if asked[-1].linked:
        # Whatever chain it was to be the last of stands without its end.
        first = next((place for place in range(len(asked) - 1, -1, -1) if not asked[place].linked), -1) + 1
        for place in range(first, len(asked)):
            checked[place] = _broken("the last item is linked with one that is not there")
        return checked
    for chain in _chains(asked):
        items = [item for item in (asked[place] for place in chain) if not isinstance(item, TurnedAway)]
        owners = {(item.partner_id, item.member_id) for item in items}
        burns = sum(isinstance(item, Redemption | Capture) for item in items)
        why = ""
        if len(chain) > CHAIN_ITEMS_MAX:
            why = f"a chain has up to {CHAIN_ITEMS_MAX} items"
        elif len(owners) > 1:
            why = "a chain is of one partner and one member"
        elif burns > 1 or any(isinstance(item, Refund | Reversal) for item in items):
            why = "a chain has one burn at most, and no refund or reversal"
        if why:
            for place in chain:
                checked[place] = _broken(why)
    return checked


def _broken(why: str) -> TurnedAway:
    return TurnedAway(Reason.REASON_INVALID_REQUEST, f"linked: {why}", {"field": "linked"})


def fallen(asked: Sequence[Asked], answers: Sequence[Answer | None]) -> list[Answer | None]:
    """Where one of a chain is turned away, so are the others."""
    all_of = list(answers)
    for chain in _chains(asked):
        for place in chain:
            why = answers[place]
            if isinstance(why, TurnedAway):
                metadata = {"item": str(place - chain.start), "code": code_of(why.reason).lower()}
                told = TurnedAway(
                    Reason.REASON_LINKED_ITEM_FAILED,
                    f"item {place - chain.start} of the chain was not accepted",
                    metadata,
                )
                for other in chain:
                    all_of[other] = all_of[other] or told
                break
    return all_of
