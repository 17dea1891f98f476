"""Which store a partner's own code names."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.gateway.clients.partners import Partners
from services.gateway.domain.caller import Caller
from services.gateway.domain.clearing import Store
from services.runtime.errors import NotFound

_PAGES_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class _Stores:
    """A partner's stores by code, as of a moment of the monotonic clock in nanoseconds."""

    by_code: dict[str, Store]
    read_at: int


class StoreDirectory:
    """Knows the stores of the partners that call; asks again for a code that it has not heard of."""

    def __init__(
        self, partners: Partners, *, partners_max: int, seconds: float, refresh_seconds: float
    ) -> None:
        self._partners, self._partners_max = partners, partners_max
        self._life, self._pause = int(seconds * 1e9), int(refresh_seconds * 1e9)
        self._known: OrderedDict[UUID, _Stores] = OrderedDict()
        self._reading: dict[UUID, asyncio.Task[_Stores]] = {}

    async def store_id(self, caller: Caller, code: str | None) -> UUID | None:
        """The store of a code; None for None. Raises NotFound (STORE_UNKNOWN)."""
        if code is None:
            return None
        known = self._known.get(caller.partner.partner_id)
        store = known.by_code.get(code) if known else None
        if store is None or known is None or known.read_at + self._life < time.monotonic_ns():
            store = (await self._fresh(caller, self._pause)).by_code.get(code)
        if store is None:
            raise NotFound("you have no store with this code", Reason.REASON_STORE_UNKNOWN, store=code)
        return store.store_id

    async def stores(self, caller: Caller) -> list[Store]:
        """All of a partner's stores, by code."""
        return list((await self._fresh(caller, self._pause)).by_code.values())

    async def _fresh(self, caller: Caller, age_max: int) -> _Stores:
        """Stores read at most `age_max` nanoseconds ago. Callers of one partner share the reading."""
        partner_id = caller.partner.partner_id
        known = self._known.get(partner_id)
        if known is not None and time.monotonic_ns() - known.read_at < age_max:
            return known
        task = self._reading.get(partner_id)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._read(caller))
            self._reading[partner_id] = task
            task.add_done_callback(lambda _: self._reading.pop(partner_id, None))
        return await asyncio.shield(task)

    async def _read(self, caller: Caller) -> _Stores:
        by_code: dict[str, Store] = {}
        after = ""
        for _ in range(_PAGES_MAX):
            page, has_more = await self._partners.stores(caller.programme, caller.partner.partner_id, after)
            by_code.update((store.code, store) for store in page)
            if not has_more or not page:
                break
            after = page[-1].code
        stores = _Stores(by_code, time.monotonic_ns())
        self._known.pop(caller.partner.partner_id, None)
        self._known[caller.partner.partner_id] = stores
        if len(self._known) > self._partners_max:
            self._known.popitem(last=False)
        return stores
