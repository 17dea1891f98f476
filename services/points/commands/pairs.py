"""Items that are linked, both or neither: an earn and the burn of its sale, a refund and the earn that is taken in exchange."""

from __future__ import annotations

from collections.abc import Sequence

from coalition.type.v1.reason_pb2 import Reason

from services.points.commands.referents import Asked
from services.points.domain.answers import TurnedAway
from services.points.domain.deciding.exchange import of_one_exchange
from services.points.domain.movements import NO_PAIR, Capture, Earn, Redemption, Refund, of_one_sale
from services.runtime.errors import code_of


def whole_pairs(asked: Sequence[Asked]) -> list[Asked]:
    """Turns away what is linked with nothing it can be linked with, and what is linked with something turned away."""
    checked = list(asked)
    for place, item in enumerate(asked):
        if isinstance(item, Earn) and item.in_exchange and not (place and asked[place - 1].linked):
            checked[place] = TurnedAway(
                Reason.REASON_INVALID_REQUEST, NO_PAIR, {"field": "in_exchange"}, linked=item.linked
            )
        if not item.linked:
            continue
        other = asked[place + 1] if place + 1 < len(asked) else None
        if isinstance(item, TurnedAway) or isinstance(other, TurnedAway):
            _fall_together(checked, place)
        elif other is None or not _is_pair(item, other):
            no_pair = TurnedAway(Reason.REASON_INVALID_REQUEST, NO_PAIR, {"field": "linked"}, linked=True)
            checked[place] = no_pair
            if other is not None and not isinstance(checked[place + 1], TurnedAway):
                checked[place + 1] = no_pair._replace(linked=other.linked)
        elif isinstance(checked[place], TurnedAway):
            # What is before it has made it fall.
            _fall_together(checked, place)
    return checked


def _is_pair(item: Asked, other: Asked) -> bool:
    if isinstance(item, Refund):
        return isinstance(other, Earn) and of_one_exchange(item, other)
    return isinstance(item, Earn) and isinstance(other, Redemption | Capture) and of_one_sale(item, other)


def _fall_together(checked: list[Asked], place: int) -> None:
    for fallen, standing in ((place, place + 1), (place + 1, place)):
        if max(fallen, standing) >= len(checked):
            continue
        why, other = checked[fallen], checked[standing]
        if isinstance(why, TurnedAway) and not isinstance(other, TurnedAway):
            checked[standing] = TurnedAway(
                Reason.REASON_LINKED_ITEM_FAILED,
                "what it is linked with was not accepted",
                {"item": str(fallen - place), "code": code_of(why.reason).lower()},
                linked=other.linked,
            )
