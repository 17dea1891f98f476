"""What tills do: one function each, and how often. A new kind of movement gets a function and a line in OPERATIONS."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from tests.chaos.history import Asked, Operation
from tests.chaos.mall import CURRENCY, PARTNERS, Held, new_key, transaction_id
from tests.chaos.parked import of_parked
from tests.chaos.sales import burn_of, points_of, read_of, refund_of, sale_of, undo
from tests.chaos.till import Till
from tests.support.gateway_members import luhn

_ORIGINAL_UNKNOWN: Final = frozenset({"original_unknown"})


@dataclass(frozen=True)
class Doing:
    """Something that a till does, and its share of all that is done."""

    name: str
    share: int
    do: Callable[[Till], Awaitable[None]]


async def earn(till: Till) -> None:
    """A sale paid in money."""
    key = new_key()
    body, asked = sale_of(till, till.member(), f"k:{key}", new_key())
    operation = till.begin("earn", "/v1/earns", key, body, asked)
    if await till.settle(operation) and operation.answer:
        till.sold(operation, operation.answer.body, "sale", asked.amount)


async def redeem(till: Till) -> None:
    """Points spent at once."""
    key = new_key()
    body, asked = burn_of(till, till.member(), f"k:{key}", new_key(), points_of(till))
    operation = till.begin("redemption", "/v1/redemptions", key, body, asked)
    if await till.settle(operation) and operation.answer:
        till.sold(operation, operation.answer.body, "burn", asked.amount)


async def _hold(till: Till, seconds: int) -> Held | None:
    key, member, points = new_key(), till.member(), points_of(till)
    body, asked = burn_of(till, member, f"k:{key}", new_key(), points)
    operation = till.begin(
        "hold", "/v1/holds", key, {**body, "seconds": seconds},
        Asked("hold", asked.partner, asked.key, asked.member, asked.reference, asked.occurred_us, points, seconds),
    )  # fmt: skip
    if not await till.settle(operation) or not operation.answer:
        return None
    held = Held(operation.answer.body["hold"], member, points)
    till.partner.held.append(held)
    return held


async def _resolve(till: Till, held: Held, how: str) -> None:
    key, occurred_us = new_key(), till.occurred()
    body: dict[str, Any] = {"occurred_at": till.at(occurred_us)}
    points = 0
    if how == "capture":
        # All of it, some of it, sometimes more than there is.
        points = till.rng.choice((0, 0, till.rng.randint(1, held.points), held.points + 1))
        body |= {"points": points} if points else {}
    asked = till.asked(
        "capture" if how == "capture" else "void", f"k:{key}", occurred_us, points, hold=transaction_id(held.hold)
    )  # fmt: skip
    operation = till.begin(how, f"/v1/holds/{held.hold}/{how}", key, body, asked)
    if await till.settle(operation) and operation.answer and how == "capture":
        till.sold(operation, operation.answer.body, "burn", operation.answer.body["points"])


async def hold(till: Till) -> None:
    """Points set aside, then captured, given up, or left alone."""
    held = await _hold(till, till.rng.choice((1, 2, 5, 900, 900)))
    if held is None:
        return
    how = till.rng.choice(("capture", "capture", "void", ""))
    if how:
        await _resolve(till, held, how)


async def overtime(till: Till) -> None:
    """A hold captured when its time is over; as often as not somebody has come to the wallet meanwhile, and has ended it."""
    held = await _hold(till, 1)
    if held is not None:
        # The checker allows a second, for batches whose postings are recorded one microsecond after the other.
        await asyncio.sleep(2.5)
        await _resolve(till, held, "capture")


async def late_resolve(till: Till) -> None:
    """Some hold of the partner's captured or given up, by whichever till, as often as not for the second time."""
    if till.partner.held:
        held = till.rng.choice(till.partner.held[-40:])
        await _resolve(till, held, till.rng.choice(("capture", "capture", "void")))


async def purchase(till: Till) -> None:
    """A sale and what is burned for it, in one call."""
    rng, key, reference = till.rng, new_key(), new_key()
    held = await _hold(till, rng.choice((2, 900))) if rng.random() < 0.5 else None
    member = held.member if held else till.member()
    points = rng.choice((0, rng.randint(1, held.points), held.points + 1)) if held else points_of(till)
    in_points = rng.randint(0, 300)
    if PARTNERS[till.partner.slug].takes:
        # (A point is worth a minor unit; what tells another worth is turned away.)
        in_points = points or (held.points if held else 0)
    body, asked = sale_of(till, member, f"k:{key}", reference, in_points=in_points, linked=True)
    if held:
        body["hold"] = {"id": held.hold, **({"points": points} if points else {})}
        burned = till.asked(
            "capture", f"b:{key}", asked.occurred_us, points, hold=transaction_id(held.hold)
        )  # fmt: skip
    else:
        body |= {"redeem": {"points": points}, **read_of(member)}
        burned = till.asked(
            "redeem", f"b:{key}", asked.occurred_us, points, member=member, reference=reference
        )
    operation = till.begin("purchase", "/v1/purchases", key, body, asked, burned)
    if await till.settle(operation) and operation.answer:
        till.sold(operation, operation.answer.body["earn"], "sale", asked.amount)


async def refund(till: Till) -> None:
    """Goods of an earlier sale brought back, or a burn undone; some of it or all, sometimes more than there was."""
    if not till.partner.sold:
        return
    sold = till.rng.choice(till.partner.sold)
    key, reference = new_key(), new_key()
    body, asked = refund_of(till, sold, f"k:{key}", reference, by_reference=till.rng.random() < 0.3)
    operation = till.begin("refund", "/v1/refunds", key, body, asked)
    await till.settle(operation)


async def early_refund(till: Till) -> None:
    """Goods brought back before the sale has been told of; once in a while it never is."""
    key, back, sale = new_key(), new_key(), new_key()
    occurred_us, amount = till.occurred(), till.rng.choice((0, 0, till.rng.randint(1, 9_000)))
    body: dict[str, Any] = {
        "reference": back,
        "occurred_at": till.at(occurred_us),
        "original": {"reference": sale},
    }
    if amount:
        body |= {"amount": amount, "currency": CURRENCY}
    asked = till.asked("refund", f"k:{key}", occurred_us, amount, reference=back, original_reference=sale)
    refunding = till.begin("refund", "/v1/refunds", key, body, asked)
    await till.settle(refunding)
    if till.rng.random() < 0.9:
        key = new_key()
        body, asked = sale_of(till, till.member(), f"k:{key}", sale)
        selling = till.begin("earn", "/v1/earns", key, body, asked)
        if await till.settle(selling) and selling.answer:
            till.sold(selling, selling.answer.body, "sale", asked.amount)
        # What became of the refund meanwhile.
        await till.settle(refunding)


async def reverse(till: Till) -> None:
    """A request undone by its key: one without an answer if there is any, else one that was answered."""
    silent = [each for each in till.partner.silent if each.kind in _REVERSED]
    done = [each for each in till.partner.done[-30:] if each.kind in _REVERSED]
    if not (silent or done):
        return
    original = till.rng.choice(silent[-10:] if silent and till.rng.random() < 0.8 else done or silent)
    await undo(till, original)


_REVERSED: Final = frozenset({"earn", "redemption", "hold", "capture", "purchase"})


async def repeat(till: Till) -> None:
    """An earlier request sent once more as it was, whether or not it was answered; nothing may come of it."""
    earlier = [*till.partner.done[-60:], *till.partner.silent[-10:]]
    if earlier:
        await till.partner.send(till.rng.choice(earlier), till.rng.randrange(len(till.partner.gateways)))


async def same_reference(till: Till) -> None:
    """What was accepted is sent under another key: the first answer again, and no second effect."""
    operation = _referenced(till)
    if operation is None:
        return
    key = new_key()
    movements = [replace(asked, key=f"{asked.key[:2]}{key}") for asked in operation.movements]
    again = till.begin(operation.kind, operation.path, key, operation.body, *movements)
    await till.settle(again)


def _referenced(till: Till) -> Operation | None:
    kinds = frozenset({"earn", "redemption", "hold", "refund", "purchase"})
    found = [each for each in till.partner.done[-60:] if each.kind in kinds and each.accepted]
    return till.rng.choice(found) if found else None


async def other_content(till: Till) -> None:
    """A key, or a reference, that was accepted with something else."""
    operation = _referenced(till)
    if operation is None:
        return
    by_key = till.rng.random() < 0.5
    key = operation.key if by_key else new_key()
    body = {**operation.body, "occurred_at": till.at(till.mall.now_us // 10**6 * 10**6 - 200 * 10**6)}
    if body["occurred_at"] == operation.body["occurred_at"]:
        return
    expected = frozenset({"idempotency_key_reused" if by_key else "reference_reused"})
    await till.settle(till.begin("conflict", operation.path, key, body, expected=expected))


async def nonsense(till: Till) -> None:
    """What is turned away: nobody's card, a hold that there is not, a time that has not come."""
    rng, key = till.rng, new_key()
    which = rng.randrange(3)
    body, asked = burn_of(till, till.member(), f"k:{key}", new_key(), 1)
    if which == 0:
        body["member"] = {"card": luhn("999999000000000")}
        operation = till.begin(
            "nonsense", "/v1/redemptions", key, body, expected=frozenset({"member_unknown"})
        )
    elif which == 1:
        path = f"/v1/holds/hld_{'0' * 25}1/capture"
        told = {"occurred_at": body["occurred_at"]}
        operation = till.begin("nonsense", path, key, told, expected=frozenset({"hold_unknown"}))
    else:
        # So far ahead that no clock of the run gets there meanwhile.
        body["occurred_at"] = till.at(asked.occurred_us + 400 * 86_400 * 10**6)
        operation = till.begin(
            "nonsense", "/v1/redemptions", key, body, expected=frozenset({"occurred_in_future"})
        )
    await till.settle(operation)


async def batch(till: Till) -> None:
    """What a till did while it was offline: earns, burns, and refunds of sales before or in the batch."""
    rng = till.rng
    lines: list[dict[str, Any]] = []
    movements: list[Asked] = []
    for _ in range(rng.randint(2, 25)):
        reference, choice = new_key(), rng.random()
        if choice < 0.6 or not till.partner.sold:
            body, asked = sale_of(till, till.member(), f"r:earn:{reference}", reference)
            kind = "earn"
        elif choice < 0.8:
            body, asked = burn_of(
                till, till.member(), f"r:redemption:{reference}", reference, points_of(till), offline=True
            )
            kind = "redemption"
        else:
            kind = "refund"
            body, asked = _line_refund(till, lines, reference)
        lines.append({"type": kind, **body})
        movements.append(asked)
    if rng.random() < 0.3:
        # Its lines are in no order: some refunds come before their sales.
        mixed = list(zip(lines, movements, strict=True))
        rng.shuffle(mixed)
        lines, movements = [line for line, _ in mixed], [asked for _, asked in mixed]
    await till.settle(
        till.begin(
            "batch", "/v1/batches", new_key(), {"lines": lines}, *movements, expected=_ORIGINAL_UNKNOWN
        )
    )


def _line_refund(till: Till, lines: list[dict[str, Any]], reference: str) -> tuple[dict[str, Any], Asked]:
    key = f"r:refund:{reference}"
    earns = [line for line in lines if line["type"] == "earn"]
    if not earns or till.rng.random() < 0.4:
        return refund_of(till, till.rng.choice(till.partner.sold), key, reference, by_reference=False)
    line, occurred_us = till.rng.choice(earns), till.occurred()
    body = {
        "reference": reference,
        "occurred_at": till.at(occurred_us),
        "original": {"reference": line["reference"]},
    }
    asked = till.asked(
        "refund", key, occurred_us, 0, reference=reference, original_reference=line["reference"]
    )
    return body, asked


async def enrol(till: Till) -> None:
    """A new member, who shops from then on."""
    operation = till.begin("enrolment", "/v1/members", new_key(), till.mall.enrolment())
    if await till.settle(operation) and operation.answer:
        till.mall.members.append(till.mall.enrolled(till.partner, operation.answer.body))


OPERATIONS: Final = (
    Doing("earn", 24, earn),
    Doing("redeem", 12, redeem),
    Doing("hold", 14, hold),
    Doing("overtime", 4, overtime),
    Doing("late resolve", 6, late_resolve),
    Doing("purchase", 12, purchase),
    Doing("refund", 12, refund),
    Doing("early refund", 4, early_refund),
    Doing("reverse", 6, reverse),
    Doing("repeat", 6, repeat),
    Doing("same reference", 4, same_reference),
    Doing("other content", 3, other_content),
    Doing("nonsense", 2, nonsense),
    Doing("batch", 3, batch),
    Doing("of parked", 14, of_parked),
    Doing("enrol", 1, enrol),
)
