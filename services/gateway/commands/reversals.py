"""Whatever came of an earlier request undone, whether or not it arrived."""

from __future__ import annotations

from services.gateway.clients.orders import reversal_order
from services.gateway.commands.posting import Posting, Waiting
from services.gateway.domain.caller import Caller
from services.gateway.domain.errors import FieldError, InvalidBody
from services.gateway.domain.movements import Decision
from services.gateway.schemas.sales import ReversalBody
from services.runtime import telemetry


class Reversals:
    """Posts reversals. Whether there is anything to undo is the ledger's to say, which has seen what arrived."""

    def __init__(self, posting: Posting) -> None:
        self._posting = posting

    async def reverse(self, caller: Caller, key: str, body: ReversalBody, until_us: int) -> Decision:
        """Undoes what was posted under the original's key; Declined (NOTHING_TO_REVERSE) is good news as well.

        Raises InvalidBody where the key is the original's own, and Unavailable.
        """
        if body.idempotency_key == key:
            detail = "The reversal needs an Idempotency-Key of its own, other than the original's"
            raise InvalidBody(detail, [FieldError("same_key", detail, pointer="/idempotency_key")])
        trace = telemetry.current_traceparent()
        order = reversal_order(caller.token, f"k:{key}", body, trace, until_us)
        return await self._posting.post(Waiting(caller.programme, (order,), until_us))
