"""Sales, burns, and what takes them back, as tills tell of them and as the ledger is asked for them."""

from __future__ import annotations

from typing import Any

from tests.chaos.history import Asked, Operation
from tests.chaos.mall import CURRENCY, Member, Sold, new_key, transaction_id
from tests.chaos.till import Till


def sale_of(
    till: Till, member: Member, key: str, reference: str, *, in_points: int = 0, **more: Any
) -> tuple[dict[str, Any], Asked]:
    """A sale as an earn or a purchase tells it, and what the ledger is asked for by it."""
    amount, occurred_us = till.rng.randint(max(50, in_points), 9_000), till.occurred()
    body: dict[str, Any] = {
        "member": till.named(member),
        "reference": reference,
        "occurred_at": till.at(occurred_us),
        "amount": amount,
        "currency": CURRENCY,
    }
    if till.rng.random() < 0.5:
        body["store"] = till.rng.choice(("S1", "S2"))
    if in_points:
        body["tenders"] = [
            {"kind": "points", "amount": in_points},
            {"kind": "card", "amount": amount - in_points},
        ]
    asked = till.asked(
        "earn", key, occurred_us, amount, member=member, reference=reference, in_points=in_points, **more
    )
    return body, asked


def read_of(member: Member) -> dict[str, Any]:
    """Who is at the till, whose card was read."""
    return {"member": {"card": member.card}, "authorisation": {"method": "card"}}


def points_of(till: Till) -> int:
    """Points to spend: a few, or so many that wallets run dry and refunds leave debts."""
    return till.rng.choice((till.rng.randint(1, 60), till.rng.randint(1, 60), till.rng.randint(100, 1_500)))


def burn_of(
    till: Till, member: Member, key: str, reference: str, points: int, *, offline: bool = False
) -> tuple[dict[str, Any], Asked]:
    """Points to be spent, as a redemption or a hold tells it, whose card was read; or, `offline`, as a line of a batch does."""
    occurred_us = till.occurred()
    body: dict[str, Any] = {
        **({"member": till.named(member)} if offline else read_of(member)),
        "reference": reference,
        "occurred_at": till.at(occurred_us),
        "points": points,
    }
    return body, till.asked("redeem", key, occurred_us, points, member=member, reference=reference)


def refund_of(
    till: Till, sold: Sold, key: str, reference: str, *, by_reference: bool
) -> tuple[dict[str, Any], Asked]:
    """Some or all of what was sold or burned, sometimes more; by its id, or a sale by its reference."""
    rng, occurred_us = till.rng, till.occurred()
    amount = rng.choice((0, rng.randint(1, sold.whole + 1), rng.randint(1, 1 + sold.whole // 3)))
    body: dict[str, Any] = {"reference": reference, "occurred_at": till.at(occurred_us)}
    if by_reference and sold.kind == "sale":
        body["original"] = {"reference": sold.reference}
        original: dict[str, Any] = {"original_reference": sold.reference}
    else:
        body["original"] = {"transaction": sold.transaction}
        original = {"original": transaction_id(sold.transaction)}
    if amount and sold.kind == "sale":
        body |= {"amount": amount, "currency": CURRENCY}
    elif amount:
        body["points"] = amount
    return body, till.asked("refund", key, occurred_us, amount, reference=reference, **original)


async def undo(till: Till, original: Operation) -> None:
    """Reverses a request by its key."""
    key, occurred_us = new_key(), till.occurred()
    body = {"idempotency_key": original.key, "occurred_at": till.at(occurred_us)}
    asked = till.asked("reverse", f"k:{key}", occurred_us, target=f"k:{original.key}")
    await till.settle(till.begin("reversal", "/v1/reversals", key, body, asked))
