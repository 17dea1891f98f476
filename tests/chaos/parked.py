"""What tills do about sales that were parked: ask what became of them, refund them, reverse them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from tests.chaos.history import Asked, Operation
from tests.chaos.mall import Sold, new_key
from tests.chaos.sales import refund_of, undo
from tests.chaos.till import Till

_RECENT: Final = 30


async def of_parked(till: Till) -> None:
    """One of the last that were parked, or that wait for such a sale; it may have ended since."""
    if not till.partner.parked:
        return
    operation, choice = till.rng.choice(till.partner.parked[-_RECENT:]), till.rng.random()
    if operation.kind == "batch":
        await _lines_again(till, operation)
    elif choice < 0.5 or operation.parked is None:
        await _ask_again(till, operation)
    elif choice < 0.58:
        await _further_key(till, operation)
    elif choice < 0.85:
        await _refund(till, operation)
    else:
        await undo(till, operation)


async def _ask_again(till: Till, operation: Operation) -> None:
    """With the same key, until the final answer is there."""
    heard_before = operation.answered
    if await till.settle(operation) and not heard_before and operation.answer and operation.parked:
        earn = operation.answer.body["earn"] if operation.kind == "purchase" else operation.answer.body
        till.sold(operation, earn, "sale", operation.movements[0].amount)


async def _further_key(till: Till, operation: Operation) -> None:
    """The same sale under another key: turned away as long as it is parked, and a new sale once it was taken away."""
    key = new_key()
    movements = [replace(asked, key=f"{asked.key[:2]}{key}") for asked in operation.movements]
    expected = frozenset({"reference_reused"})
    further = till.begin(operation.kind, operation.path, key, operation.body, *movements, expected=expected)
    await till.settle(further)


async def _refund(till: Till, operation: Operation) -> None:
    """Of a sale that is parked, by its reference or by the id that was heard: it waits, and ends with it."""
    parked = operation.parked
    if parked is None:
        return
    asked = operation.movements[0]
    sold = Sold(operation, parked.body["id"], "sale", asked.reference, asked.amount)
    key, by_reference = new_key(), till.rng.random() < 0.5
    body, refund = refund_of(till, sold, f"k:{key}", new_key(), by_reference=by_reference)
    expected = frozenset({"original_unknown"})
    await till.settle(till.begin("refund", "/v1/refunds", key, body, refund, expected=expected))


async def _lines_again(till: Till, operation: Operation) -> None:
    """Lines of a batch that were parked, or waited, in a batch of their own: the final answer, where there is one."""
    lines: list[dict[str, Any]] = []
    movements: list[Asked] = []
    results = operation.answer.body["results"] if operation.answer else ()
    for line, asked, result in zip(operation.body["lines"], operation.movements, results, strict=True):
        if result["outcome"] in ("parked", "waiting"):
            lines.append(line)
            movements.append(asked)
    expected = frozenset({"original_unknown"})
    batch = till.begin("batch", "/v1/batches", new_key(), {"lines": lines}, *movements, expected=expected)
    await till.settle(batch)
