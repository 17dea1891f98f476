"""Posts movements: makes sure that members and stores exist, then goes through the door."""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

from services.points.commands.known_to_all import Known
from services.points.commands.open_ledger import Doors
from services.points.commands.pairs import whole_pairs
from services.points.commands.referents import Asked, Referents
from services.points.domain.answers import Answer, TurnedAway
from services.points.domain.movements import (
    Earn,
    Hold,
    Keeping,
    Movement,
    MovementKind,
    Redemption,
    Refund,
    Transaction,
)
from services.points.domain.wallet_movements import Opening, Transfer
from services.points.storage import journal
from services.points.storage.journal import Original
from services.runtime.coalescer import Lane
from services.runtime.database import ReadDatabase
from services.runtime.principal import Programme


class PostMovements:
    """The use case behind Post: every movement of points."""

    def __init__(
        self,
        doors: Doors,
        known: Known,
        reader: ReadDatabase,
    ) -> None:
        self._doors, self._known, self._reader = doors, known, reader
        self._referents = Referents(reader)

    async def __call__(
        self, programme: Programme, asked: Sequence[Movement | TurnedAway], lane: Lane, deadline_us: int
    ) -> list[Answer]:
        """Posts what can be posted and answers all, in order.

        What was turned away before keeps its answer. Raises Unavailable as the door does.
        """
        answers: list[Answer] = []
        while asked:
            found = await self._referents.find(programme.ledger_id, asked)
            now = _settled(asked, found)
            posted = await self._post(programme, found[:now], lane, deadline_us)
            for item, answer in zip(asked, posted, strict=False):
                if isinstance(answer, TurnedAway) and answer.again:
                    # What it reverses has been posted since it was looked for, and is found now.
                    once_more = await self._referents.find(programme.ledger_id, [item])
                    answers += await self._post(programme, once_more, lane, deadline_us)
                else:
                    answers.append(answer)
            asked = asked[now:]
        return answers

    async def _post(
        self, programme: Programme, asked: Sequence[Asked], lane: Lane, deadline_us: int
    ) -> list[Answer]:
        door = await self._doors.to(programme)
        asked = whole_pairs(await self._known.checked(programme, door.numbers, asked))
        answers: list[Answer | None] = [item if isinstance(item, TurnedAway) else None for item in asked]
        ready = [(place, item) for place, item in enumerate(asked) if not isinstance(item, TurnedAway)]
        if ready:
            decided = await door.post([item for _, item in ready], lane, deadline_us)
            for (place, item), answer in zip(ready, decided, strict=True):
                answers[place] = answer
                if isinstance(answer, TurnedAway) and answer.conflict_seq:
                    answers[place] = await self._name_fields(programme, item, answer)
        return [answer for answer in answers if answer is not None]

    async def _name_fields(self, programme: Programme, item: Movement, answer: TurnedAway) -> TurnedAway:
        async with self._reader.snapshot() as connection:
            found = await journal.originals(
                await connection.driver(), programme.ledger_id, [answer.conflict_seq]
            )
        fields = differing_fields(item, found[answer.conflict_seq])
        metadata = {**answer.metadata, "fields": ",".join(fields)}
        message = f"{answer.message}, with another {', '.join(fields)}" if fields else answer.message
        return answer._replace(message=message, metadata=metadata)


def _settled(asked: Sequence[Asked], found: Sequence[Asked]) -> int:
    """How many of the items can be posted now: the next refunds the sale of one before it, which is not posted yet."""
    sales: set[tuple[UUID, str]] = set()
    for place, (item, of) in enumerate(zip(asked, found, strict=True)):
        if isinstance(item, Earn):
            sales.add((item.partner_id, item.reference))
        elif place and asked[place - 1].linked:
            # No refund is what another item is linked with: both are turned away.
            continue
        elif not isinstance(item, Refund) or not isinstance(of, Refund) or of.sale is not None:
            continue
        elif (item.partner_id, item.original_reference) in sales:
            return place
    return len(found)


def differing_fields(item: Movement, original: Original) -> list[str]:
    """The fields in which a movement differs from the one that has its reference."""
    transaction, purchase = original
    if isinstance(item, Refund) and item.sale is None:
        return ["original"]
    pairs: list[tuple[str, object, object]] = [
        ("member", item.member_id, transaction.member_id),
        ("occurred_at", item.occurred_at_us, transaction.occurred_at_us),
    ]
    if isinstance(item, Earn):
        if purchase is not None:
            names = (
                "store", "till", "business_date", "number", "channel", "entry_mode", "amount", "lines", "tenders",
            )  # fmt: skip
            # What was paid in points is told by the tenders.
            pairs += zip(names, item.purchase[:-1], purchase[:-1], strict=True)
    elif isinstance(item, Hold) and not item.money_minor:
        pairs.append(("points", item.points, transaction.held))
    elif isinstance(item, Redemption | Transfer):
        pairs.append(("points", -item.points, transaction.points))
    elif isinstance(item, Opening):
        pairs.append(("points", item.points, transaction.points))
    elif isinstance(item, Refund) and item.sale is not None and transaction.refund is not None:
        given = item.points if item.sale.of_points else item.amount_minor
        pairs.append(("original", item.sale.seq, transaction.original_seq))
        pairs.append(("amount", given or transaction.refund.amount, transaction.refund.amount))
    if isinstance(item, Keeping):
        pairs.append(("metadata", _kept(item), _kept(transaction)))
    named = [name for name, asked, stands in pairs if asked != stands]
    # What is left is not kept: the spelling of a quantity, whether a burn is linked with it, where a redemption was rung
    # up, how long a hold was to live.
    rest = {
        MovementKind.EARN: ["lines", "burn"],
        MovementKind.HOLD: ["seconds", "money"],
        MovementKind.TRANSFER: ["to_member"],
        MovementKind.IMPORT: ["expires_at", "issuer"],
    }
    return named or rest.get(item.kind, ["receipt", "channel"])


def _kept(given: Keeping | Transaction) -> object:
    return json.loads(given.metadata_json) if given.metadata_json else {}
