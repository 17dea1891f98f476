"""What an answer of the public API has to say of a posting, written down here a second time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast
from uuid import UUID

from coalition.points.v1 import movement_pb2 as pb

from services.runtime.clock import from_micros
from services.runtime.ids import to_text
from tests.chaos.mall import CURRENCY

_TYPES: Final = {
    pb.MOVEMENT_KIND_EARN: "earn",
    pb.MOVEMENT_KIND_REDEEM: "redemption",
    pb.MOVEMENT_KIND_HOLD: "hold",
    pb.MOVEMENT_KIND_CAPTURE: "capture",
    pb.MOVEMENT_KIND_VOID: "void",
    pb.MOVEMENT_KIND_REFUND: "refund",
    pb.MOVEMENT_KIND_PARK: "parked_earn",
}


def of_operation(kind: str, moved: list[pb.Transaction]) -> Mapping[str, Any]:
    """What is told of an accepted operation that posted `moved`: fields that have to be in its answer."""
    if kind == "purchase":
        earn, burn = moved
        told = _posted(earn)
        sale = of_transaction(earn)
        return {
            "object": "purchase", "occurred_at": told["occurred_at"], "recorded_at": told["recorded_at"], "metadata": {},
            "reference": told["reference"], "balance": burn.balance_after, "bonus": sale["bonus"], "bonus_points": earn.bonus_points, "earn": sale,
            "burn": of_transaction(burn),
        }  # fmt: skip
    posting = moved[0]
    if kind == "reversal":
        figures = _figures(posting.refund)
        released = -posting.held
        return {
            "object": "reversal", "status": "reversed", "transaction": of_transaction(posting),
            "released": released, "balance": posting.balance_after, **figures,
        }  # fmt: skip
    return {"object": kind, **_posted(posting), **_OF_KIND[kind](posting)}


def of_parked(kind: str, park: pb.Transaction, burn: pb.Transaction | None) -> Mapping[str, Any]:
    """What is told of a sale as long as it is parked; the burn of a purchase was posted."""
    told = {"status": "parked", "parked_points": park.parked.points, **_posted(park)}
    if kind == "purchase" and burn is not None:
        return {"object": "purchase", **told, "balance": burn.balance_after, "burn": of_transaction(burn)}
    return {"object": "earn", **told}


def of_transaction(moved: pb.Transaction) -> Mapping[str, Any]:
    """What is told of a posting wherever it is told of by itself."""
    return {
        "object": "transaction",
        "type": _TYPES[moved.kind],
        **_posted(moved),
        "points": moved.points,
        "pending": moved.pending,
        "held": moved.held,
        "original": to_text("txn", UUID(bytes=moved.original_id)) if moved.original_id else None,
        "refund": _figures(moved.refund) if moved.HasField("refund") else None,
        "bonus": [_bonus(bonus) for bonus in moved.bonuses],
        "worth": _worth(moved),
        # (Whether it is parked still is told as of then.)
        "parked": {"points": moved.parked.points} if moved.HasField("parked") else None,
    }


def differences(told: Mapping[str, Any], expected: Mapping[str, Any], within: str = "") -> list[str]:
    """Fields of an answer that are not as expected; it may have more of them."""
    found: list[str] = []
    for name, value in expected.items():
        heard = told.get(name)
        if isinstance(value, dict) and isinstance(heard, dict):
            parts = cast("Mapping[str, Any]", heard), cast("Mapping[str, Any]", value)
            found += differences(*parts, f"{within}{name}.")
        elif heard != value:
            found.append(f"{within}{name} is {heard!r}, and the ledger has {value!r}")
    return found


def _posted(moved: pb.Transaction) -> dict[str, Any]:
    return {
        "id": to_text("txn", UUID(bytes=moved.transaction_id)),
        "balance": moved.balance_after,
        "occurred_at": _instant(moved.occurred_at_us),
        "recorded_at": _instant(moved.recorded_at_us),
        "metadata": {},
        **({"reference": moved.reference} if moved.reference else {}),
    }


def _earn(moved: pb.Transaction) -> dict[str, Any]:
    """With what campaigns gave: what is told of the wallet is what there was after the last of it."""
    told: dict[str, Any] = {
        "points": moved.points + moved.pending,
        "pending": moved.pending,
        "bonus": [_bonus(bonus) for bonus in moved.bonuses],
        "bonus_points": sum(bonus.points for bonus in moved.bonuses),
    }
    if moved.bonuses:
        told["balance"] = moved.bonuses[-1].balance_after
    return told


def _bonus(bonus: pb.CampaignPoints) -> dict[str, Any]:
    campaign = to_text("cmp", UUID(bytes=bonus.campaign_id))
    return {"campaign": {"id": campaign, "version": bonus.version}, "points": bonus.points}


def _worth(moved: pb.Transaction) -> dict[str, Any] | None:
    if not moved.HasField("worth"):
        return None
    return {"amount": moved.worth.amount_minor, "currency": CURRENCY, "treatment": "tender"}


def _instant(micros: int) -> str:
    return from_micros(micros).isoformat().replace("+00:00", "Z")


def _figures(told: pb.RefundFigures) -> dict[str, Any]:
    return {
        "amount": told.amount,
        "points_returned": told.returned,
        "points_clawed_back": told.clawed_back,
        "points_owed": told.owed,
        "points_written_off": told.written_off,
        "money": {"amount": told.money_minor, "currency": CURRENCY},
    }


_OF_KIND: Final[Mapping[str, Callable[[pb.Transaction], dict[str, Any]]]] = {
    "earn": _earn,
    "redemption": lambda moved: {"points": -moved.points, "worth": _worth(moved)},
    "hold": lambda moved: {
        "points": moved.held,
        "worth": _worth(moved),
        "expires_at": _instant(moved.expires_at_us),
    },
    "capture": lambda moved: {
        "points": -moved.points,
        "worth": _worth(moved),
        "released": moved.points - moved.held,
    },
    "void": lambda moved: {"released": -moved.held},
    "refund": lambda moved: _figures(moved.refund),
}
