"""The lines of a batch: who and where they mean, and how they reach the ledger.

Each line's key is made of its own reference, so a batch that was cut short is simply sent again: what was
posted is answered as replayed, the rest is posted now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.answers.batches import BatchAnswers, Tally
from services.gateway.clients.orders import Order, earn_order, redemption_order, refund_order
from services.gateway.clients.points import ITEMS_MAX
from services.gateway.commands.posting import Posting, Waiting
from services.gateway.commands.refunds import original_id_of
from services.gateway.directory.authority import AtTheTill
from services.gateway.directory.members import MemberDirectory
from services.gateway.directory.stores import StoreDirectory
from services.gateway.domain.caller import POINTS_EARN, POINTS_REDEEM, Caller, PartnerRole
from services.gateway.domain.errors import is_passing
from services.gateway.domain.movements import Decision, Declined
from services.gateway.schemas.batches import EarnLine, GoodLine, RefundLine
from services.gateway.schemas.movements import place_of
from services.gateway.schemas.reading import BadLine, ReadLine
from services.runtime import telemetry
from services.runtime.errors import CoalitionError, Conflict, Fault, PermissionDenied

_ORDERS_A_TURN: Final = 64
_SCOPES: Final = {
    "earn": (POINTS_EARN,),
    "redemption": (POINTS_REDEEM,),
    "refund": (POINTS_EARN, POINTS_REDEEM),
}


# Refunds of what was sold and spent before take no role.
_ROLES: Final = {"earn": PartnerRole.EARN, "redemption": PartnerRole.BURN}


def _without_role(caller: Caller, line: GoodLine) -> PermissionDenied | None:
    role = _ROLES.get(line.type)
    return caller.refusal_without(role) if role else None


class _Names(NamedTuple):
    """Whom and where a line means; a refund what it refunds, where that is named by its id."""

    member_id: UUID | None
    original_id: UUID | None
    store_id: UUID | None


class BatchLines:
    """Posts the lines of a batch in their order."""

    def __init__(
        self,
        members: MemberDirectory,
        till: AtTheTill,
        stores: StoreDirectory,
        posting: Posting,
        answers: BatchAnswers,
    ) -> None:
        self._members, self._till, self._stores = members, till, stores
        self._posting, self._answers = posting, answers

    async def post(
        self, caller: Caller, lines: Sequence[ReadLine], until_us: int, tally: Tally
    ) -> list[bytes]:
        """Posts all lines; answers JSON of their results in pieces, and counts them in the tally.

        Chunk follows upon chunk, since one member's lines keep their order; the answer to a chunk is put
        together while the next one is in the air. Raises Unavailable where some line got no answer in time.
        """
        names = await self._resolve(caller, lines)
        results: list[bytes] = []
        done: tuple[int, Sequence[ReadLine], Sequence[Decision]] | None = None
        flight: asyncio.Task[list[Decision]] | None = None
        try:
            for first in range(0, len(lines), ITEMS_MAX):
                chunk, named = lines[first : first + ITEMS_MAX], names[first : first + ITEMS_MAX]
                flight = asyncio.create_task(self._post_chunk(caller, chunk, named, until_us))
                if done:
                    # The chunk leaves first, then the answer to the one before is put together.
                    await asyncio.sleep(0)
                    results.append(self._answers.results(caller, *done, tally))
                done = (first, chunk, await flight)
        finally:
            if flight:
                flight.cancel()
        if done:
            results.append(self._answers.results(caller, *done, tally))
        return results

    async def decide(self, caller: Caller, lines: Sequence[ReadLine], until_us: int) -> list[Decision]:
        """Posts up to 512 lines in their order; a decision each. Raises Unavailable as post does."""
        return await self._post_chunk(caller, lines, await self._resolve(caller, lines), until_us)

    async def _resolve(self, caller: Caller, lines: Sequence[ReadLine]) -> list[_Names | CoalitionError]:
        """Whom and where each line means, or why it cannot be posted; every name is asked for once."""
        good = [line for line in lines if not isinstance(line, BadLine)]
        with_member = [line for line in good if not isinstance(line, RefundLine)]
        named = [
            (line.member, place_of(line.store, line.receipt, earns=isinstance(line, EarnLine)))
            for line in with_member
        ]
        members = iter(await self._members.resolve_all(caller, named))
        stores = {
            code: await self._store(caller, code) for code in dict.fromkeys(line.store for line in good)
        }
        names: list[_Names | CoalitionError] = []
        for line in lines:
            if isinstance(line, BadLine):
                names.append(line.error)
                continue
            member = None if isinstance(line, RefundLine) else next(members)
            original = _original(line) if isinstance(line, RefundLine) else None
            store = stores[line.store]
            missing = [scope for scope in _SCOPES[line.type] if scope not in caller.key.scopes]
            if missing:
                names.append(
                    PermissionDenied(f"this API key needs the scope {missing[0]}", needed=missing[0])
                )
            elif refusal := _without_role(caller, line):
                names.append(refusal)
            elif isinstance(member, CoalitionError):
                names.append(member)
            elif isinstance(original, CoalitionError):
                names.append(original)
            elif isinstance(store, CoalitionError):
                names.append(store)
            else:
                names.append(_Names(member, original, store))
        return names

    async def _store(self, caller: Caller, code: str | None) -> UUID | CoalitionError | None:
        try:
            return await self._stores.store_id(caller, code)
        except CoalitionError as error:
            if is_passing(error):
                raise
            return error

    async def _post_chunk(
        self,
        caller: Caller,
        lines: Sequence[ReadLine],
        names: Sequence[_Names | CoalitionError],
        until_us: int,
    ) -> list[Decision]:
        trace = telemetry.current_traceparent()
        decisions: list[Decision | None] = []
        waiting: list[Waiting] = []
        for place, (line, named) in enumerate(zip(lines, names, strict=True)):
            if place % _ORDERS_A_TURN == _ORDERS_A_TURN - 1:
                # Tills first: what is put together here waits for nobody.
                await asyncio.sleep(0)
            if isinstance(line, BadLine):
                decisions.append(_unasked(line.error))
            elif isinstance(named, CoalitionError):
                decisions.append(_unasked(named))
            else:
                order = self._order(caller, line, named, trace, until_us)
                waiting.append(Waiting(caller.programme, (order,), until_us))
                decisions.append(None)
        posted = iter(await self._posting.post_bulk(waiting))
        return [each or _under_reference(next(posted)) for each in decisions]

    def _order(self, caller: Caller, line: GoodLine, names: _Names, trace: str, until_us: int) -> Order:
        key, store_id = f"r:{line.type}:{line.reference}", names.store_id
        if isinstance(line, RefundLine):
            currency = line.currency or caller.programme.currency
            return refund_order(
                caller.token, key, line, names.original_id, currency, store_id, trace, until_us
            )
        if names.member_id is None:
            raise Fault
        if isinstance(line, EarnLine):
            return earn_order(caller.token, key, line, names.member_id, store_id, trace, until_us)
        authority = self._till.offline(caller, line.member)
        return redemption_order(
            caller.token, key, line, names.member_id, authority, store_id, trace, until_us
        )


def _original(line: RefundLine) -> UUID | CoalitionError | None:
    try:
        return original_id_of(line)
    except CoalitionError as error:
        return error


def _unasked(error: CoalitionError) -> Declined:
    return Declined(error, remembered=False, replayed=False, unasked=True)


def _under_reference(decision: Decision) -> Decision:
    """In a batch the key is the line's reference, so a key that is taken is a reference that is taken."""
    if isinstance(decision, Declined) and decision.error.reason == Reason.REASON_IDEMPOTENCY_KEY_REUSED:
        error = Conflict(
            Reason.REASON_REFERENCE_REUSED, "a line of this type was sent before with other content"
        )
        return decision._replace(error=error)
    return decision
