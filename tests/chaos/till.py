"""A till: sends what it has begun until there is an answer, as docs/partners.md tells it to."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from services.runtime.clock import MICROS_PER_SECOND
from tests.chaos.history import Asked, Operation
from tests.chaos.mall import HOT, Mall, Member, Partner, Sold, moment, new_key, transaction_id
from tests.support.ledger_facts import Kind

_PAUSE_SECONDS: Final = (0.1, 2.0)
#: Shares of requests sent twice or three times at once; of which the till does not wait for the answer; and of
#: operations that it gives up where the first answer does not come.
_AT_ONCE: Final = 0.12
_IMPATIENT: Final = 0.06
_FICKLE: Final = 0.10
_NO_MEMBER: Final = UUID(int=0)
_REMEMBERED_MAX: Final = 400


class Till:
    """One client at work for a partner."""

    def __init__(self, mall: Mall, partner: Partner, rng: random.Random) -> None:
        self.mall, self.partner, self.rng = mall, partner, rng

    def member(self) -> Member:
        """Somebody who comes to the till: every second time one of a few."""
        members = self.mall.members
        return self.rng.choice(members[:HOT] if self.rng.random() < 0.5 else members)

    def named(self, member: Member) -> dict[str, str]:
        """A member as a till names one: by the card, or by the partner's own id."""
        if self.rng.random() < 0.8:
            return {"card": member.card}
        return {"id": self.mall.aliases.alias(self.partner.partner_id, member.member_id)}

    def occurred(self) -> int:
        """The till's clock, in whole seconds: about now, sometimes weeks ago."""
        days = self.rng.randint(15, 50) if self.rng.random() < 0.1 else 0
        ago = self.rng.randint(0, 90) + 86_400 * days
        return (self.mall.now_us // MICROS_PER_SECOND - ago) * MICROS_PER_SECOND

    def asked(
        self, kind: Kind, key: str, occurred_us: int, amount: int = 0, *, member: Member | None = None, **more: Any
    ) -> Asked:  # fmt: skip
        """A movement of this partner, by the ledger's key."""
        member_id = member.member_id if member else _NO_MEMBER
        reference = str(more.pop("reference", ""))
        return Asked(kind, self.partner.partner_id, key, member_id, reference, occurred_us, amount, **more)

    def begin(
        self, kind: str, path: str, key: str, body: Mapping[str, Any], *movements: Asked, **more: Any
    ) -> Operation:
        """A new operation of this partner."""
        return self.mall.history.begin(kind, self.partner.slug, path, key, body, *movements, **more)

    async def settle(self, operation: Operation) -> bool:
        """Sends it until it is answered, waits, or the till gives up; answers whether it was accepted.

        Cancelled at the end of the run, it is left as it is.
        """
        fickle = self.rng.random() < _FICKLE
        pause = _PAUSE_SECONDS[0]
        while not operation.answered:
            await self._send(operation)
            if operation.answered or operation.waits:
                break
            if fickle:
                operation.given_up = True
                _keep(self.partner.silent, operation)
                return False
            await asyncio.sleep(pause * self.rng.uniform(0.5, 1.0))
            pause = min(2 * pause, _PAUSE_SECONDS[1])
        _keep(self.partner.done, operation)
        if _is_parked(operation) and operation not in self.partner.parked:
            _keep(self.partner.parked, operation)
        for heard in operation.heard:
            self.mall.learn(self.partner, heard.body)
        return operation.accepted

    async def _send(self, operation: Operation) -> None:
        rng, gateways = self.rng, len(self.partner.gateways)
        copies = rng.randint(2, 3) if rng.random() < _AT_ONCE else 1
        sends = [
            self.partner.send(operation, rng.randrange(gateways), rng.uniform(0.005, 0.3))
            if rng.random() < _IMPATIENT
            else self.partner.send(operation, rng.randrange(gateways))
            for _ in range(copies)
        ]
        await asyncio.gather(*sends)

    def sold(self, operation: Operation, earn: Mapping[str, Any], kind: str, whole: int) -> None:
        """Remembers what was sold or burned, to be refunded some day."""
        sold = Sold(operation, earn["id"], kind, earn.get("reference") or "", whole)
        _keep(self.partner.sold, sold)

    def refunded(self, sold: Sold) -> dict[str, UUID]:
        """What an asked refund says of its original where that is named by its id."""
        return {"original": transaction_id(sold.transaction)}

    @staticmethod
    def at(occurred_us: int) -> str:
        """A time in a body."""
        return moment(occurred_us)

    @staticmethod
    def new_key() -> str:
        """A key or a reference of its own."""
        return new_key()


def _is_parked(operation: Operation) -> bool:
    """Whether it waits for an answer that says what became of it, or some line of a batch does."""
    lines = operation.answer.body.get("results", ()) if operation.answer else ()
    return operation.waits or any(line["outcome"] in ("parked", "waiting") for line in lines)


def _keep(kept: list[Any], thing: object) -> None:
    kept.append(thing)
    if len(kept) > _REMEMBERED_MAX:
        del kept[: _REMEMBERED_MAX // 2]
