"""Posts movements: makes sure that members and stores exist, then goes through the door."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.points.clients.members import Members, Standing
from services.points.clients.partners import Partners
from services.points.commands.open_ledger import Doors
from services.points.domain.accounts import AccountKey, AccountKind, AccountNumbers
from services.points.domain.answers import Answer, TurnedAway
from services.points.domain.movements import Capture, Earn, Hold, Movement, MovementKind, Redemption, Void
from services.points.storage import journal, ledgers
from services.points.storage.journal import HoldOf, Original
from services.runtime.clock import wall_now_us
from services.runtime.coalescer import Lane
from services.runtime.database import ReadDatabase, WriteDatabase
from services.runtime.errors import NotFound
from services.runtime.principal import Programme

_ASK_MEMBERS_MAX = 1_000
_STORES_FRESH_SECONDS = 2.0
_MEMBERS_KEPT_MAX = 100_000


class KnownMembers:
    """Members that exist: those with a wallet, and those that the members service was asked for on first sight."""

    def __init__(self, members: Members, reader: ReadDatabase, writer: WriteDatabase) -> None:
        self._members, self._reader, self._writer = members, reader, writer
        self._without_wallet: dict[int, set[UUID]] = {}

    async def unknown_of(
        self, programme: Programme, numbers: AccountNumbers, wanted: Iterable[UUID]
    ) -> set[UUID]:
        """Those of the members that do not exist; learns the wallets of those that have one.

        Raises Unavailable where that can't be found out.
        """
        wallets = numbers.wallet
        unseen = {member for member in wanted if member not in wallets}
        if unseen:
            unseen -= self._without_wallet.setdefault(programme.ledger_id, set())
        if not unseen:
            return unseen
        async with self._reader.snapshot() as connection:
            held = await ledgers.wallets_of(await connection.driver(), programme.ledger_id, list(unseen))
        for member, number in held:
            numbers.learn(AccountKey(AccountKind.WALLET, member), number)
            unseen.discard(member)
        return await self._ask(programme, sorted(unseen)) if unseen else unseen

    async def _ask(self, programme: Programme, members: Sequence[UUID]) -> set[UUID]:
        unknown: set[UUID] = set()
        for start in range(0, len(members), _ASK_MEMBERS_MAX):
            asked = members[start : start + _ASK_MEMBERS_MAX]
            standings = await self._members.standings(programme, asked)
            closed = [member for member in asked if standings.get(member) is Standing.CLOSED]
            if closed:
                async with self._writer.dedicated() as connection:
                    now_us = wall_now_us()
                    noted = [(member, now_us) for member in closed]
                    await ledgers.close_members(connection, programme.ledger_id, noted)
            here = {
                member for member in asked if standings.get(member, Standing.UNKNOWN) is not Standing.UNKNOWN
            }
            known = self._without_wallet[programme.ledger_id]
            if len(known) > _MEMBERS_KEPT_MAX:
                known.clear()
            known |= here
            unknown |= set(asked) - here
        return unknown


class KnownStores:
    """Stores by partner: asked of the partners service when a new one turns up, every 2 seconds at most."""

    def __init__(self, partners: Partners) -> None:
        self._partners = partners
        self._known: dict[tuple[int, UUID], tuple[frozenset[UUID], float]] = {}

    def knows(self, programme: Programme, partner_id: UUID, store_id: UUID) -> bool:
        """Whether a store is known to be the partner's; no says nothing yet."""
        known = self._known.get((programme.ledger_id, partner_id))
        return known is not None and store_id in known[0]

    async def has(self, programme: Programme, partner_id: UUID, store_id: UUID) -> bool:
        """Whether a store is the partner's. Raises Unavailable where that can't be found out."""
        place = (programme.ledger_id, partner_id)
        stores, asked_at = self._known.get(place) or (frozenset[UUID](), -_STORES_FRESH_SECONDS)
        if store_id in stores:
            return True
        if time.monotonic() - asked_at < _STORES_FRESH_SECONDS:
            return False
        try:
            stores = await self._partners.stores(programme, partner_id)
        except NotFound:
            stores = frozenset[UUID]()
        self._known[place] = (stores, time.monotonic())
        return store_id in stores


class PostMovements:
    """The use case behind Post: every movement of points."""

    def __init__(
        self, doors: Doors, members: KnownMembers, stores: KnownStores, reader: ReadDatabase
    ) -> None:
        self._doors, self._members, self._stores, self._reader = doors, members, stores, reader

    async def __call__(
        self, programme: Programme, asked: Sequence[Movement | TurnedAway], lane: Lane, deadline_us: int
    ) -> list[Answer]:
        """Posts what can be posted and answers all, in order.

        What was turned away before keeps its answer. Raises Unavailable as the door does.
        """
        asked = await self._with_holds(programme, asked)
        answers: list[Answer | None] = [item if isinstance(item, TurnedAway) else None for item in asked]
        group = [(place, item) for place, item in enumerate(asked) if not isinstance(item, TurnedAway)]
        door = await self._doors.to(programme)
        members = {item.member_id for _, item in group}
        unknown = await self._members.unknown_of(programme, door.numbers, members)
        ready: list[tuple[int, Movement]] = []
        for place, item in group:
            away = await self._turned_away(programme, item, unknown)
            if away is None:
                ready.append((place, item))
            else:
                answers[place] = away
        if ready:
            decided = await door.post([item for _, item in ready], lane, deadline_us)
            for (place, item), answer in zip(ready, decided, strict=True):
                answers[place] = answer
                if isinstance(answer, TurnedAway) and answer.conflict_seq:
                    answers[place] = await self._name_fields(programme, item, answer)
        return [answer for answer in answers if answer is not None]

    async def _with_holds(
        self, programme: Programme, asked: Sequence[Movement | TurnedAway]
    ) -> Sequence[Movement | TurnedAway]:
        """Finds the holds that are to be resolved; another partner's is unknown to this one."""
        ids = {item.hold_id for item in asked if isinstance(item, Capture | Void)}
        if not ids:
            return asked
        async with self._reader.snapshot() as connection:
            found = await journal.holds(await connection.driver(), programme.ledger_id, list(ids))
        return [_of_hold(item, found) if isinstance(item, Capture | Void) else item for item in asked]

    async def _turned_away(
        self, programme: Programme, item: Movement, unknown: set[UUID]
    ) -> TurnedAway | None:
        if item.member_id in unknown:
            return TurnedAway(Reason.REASON_MEMBER_UNKNOWN, "no member has this id", {})
        store_id = _store_of(item)
        if store_id is None or self._stores.knows(programme, item.partner_id, store_id):
            return None
        if not await self._stores.has(programme, item.partner_id, store_id):
            return TurnedAway(
                Reason.REASON_STORE_UNKNOWN, "the store is not one of the partner's", {"field": "store"}
            )
        return None

    async def _name_fields(self, programme: Programme, item: Movement, answer: TurnedAway) -> TurnedAway:
        async with self._reader.snapshot() as connection:
            found = await journal.originals(
                await connection.driver(), programme.ledger_id, [answer.conflict_seq]
            )
        fields = differing_fields(item, found[answer.conflict_seq])
        metadata = {**answer.metadata, "fields": ",".join(fields)}
        message = f"{answer.message}, with another {', '.join(fields)}" if fields else answer.message
        return answer._replace(message=message, metadata=metadata)


def _of_hold(item: Capture | Void, holds: Mapping[UUID, HoldOf]) -> Capture | Void | TurnedAway:
    hold = holds.get(item.hold_id)
    if hold is None or hold.partner_id != item.partner_id:
        return TurnedAway(Reason.REASON_HOLD_UNKNOWN, "the partner has no hold with this id", {})
    return item._replace(member_id=hold.member_id, hold_seq=hold.seq)


def _store_of(item: Movement) -> UUID | None:
    if isinstance(item, Earn):
        return item.purchase.store_id
    return item.store_id if isinstance(item, Redemption | Capture) else None


def differing_fields(item: Movement, original: Original) -> list[str]:
    """The fields in which a movement differs from the one that has its reference."""
    transaction, purchase = original
    pairs: list[tuple[str, object, object]] = [
        ("member", item.member_id, transaction.member_id),
        ("occurred_at", item.occurred_at_us, transaction.occurred_at_us),
    ]
    if isinstance(item, Earn):
        if purchase is not None:
            names = (
                "store", "till", "business_date", "number", "channel", "entry_mode", "amount", "lines", "tenders",
            )  # fmt: skip
            pairs += zip(names, item.purchase, purchase, strict=True)
    elif isinstance(item, Hold):
        pairs.append(("points", item.points, transaction.held))
    elif isinstance(item, Redemption):
        pairs.append(("points", -item.points, transaction.points))
    named = [name for name, asked, stands in pairs if asked != stands]
    # What is left is not kept: the spelling of a quantity, where a redemption was rung up, how long a hold was to live.
    rest = {MovementKind.EARN: ["lines"], MovementKind.HOLD: ["seconds"]}
    return named or rest.get(item.kind, ["receipt", "channel"])
