"""Quotes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.gateway.answers.moments import instant, instant_or_none
from services.gateway.answers.movements import campaign_of, figures_of, worth_of
from services.gateway.answers.problems import error_members
from services.gateway.domain.caller import Caller, PartnerRole
from services.gateway.domain.movements import Accepted, Awaited, Decision, Declined, Movement
from services.gateway.domain.quotes import Quote, QuotedBurn
from services.runtime.errors import CoalitionError, Fault

_NO_POINTS: dict[str, Any] = {
    "points": 0, "pending": 0, "matures_at": None, "expires_at": None, "bonus": [], "bonus_points": 0,
}  # fmt: skip


def quote_answer(caller: Caller, alias: str, quote: Quote) -> dict[str, Any]:
    """A quote, of schemas.quotes.Quote."""
    return {
        "object": "quote",
        "member": alias,
        "quoted_at": instant(quote.as_of_us),
        "available": quote.available,
        "owed": quote.owed,
        "earn": _earn(caller, quote.earn, quote.names) if quote.earn is not None else None,
        "burn": _burn(caller, quote.burn) if quote.burn is not None else None,
        "refund": figures_of(caller, quote.refund) if quote.refund is not None else None,
    }


def _earn(caller: Caller, decision: Decision, names: Mapping[UUID, str]) -> dict[str, Any]:
    if isinstance(decision, Awaited):
        raise Fault
    refusal = caller.refusal_without(PartnerRole.EARN)
    if refusal is None and isinstance(decision, Declined):
        refusal = decision.error
    if refusal is not None or isinstance(decision, Declined):
        return {"status": "refused", **_NO_POINTS, "refusal": _refusal(refusal)}
    if isinstance(decision, Accepted):
        return {"status": "earned", **_points(decision.movement, names), "refusal": None}
    parked = decision.movement.parked
    points = {**_NO_POINTS, "points": parked.points if parked is not None else 0}
    return {"status": "parked", **points, "refusal": None}


def _points(movement: Movement, names: Mapping[UUID, str]) -> dict[str, Any]:
    bonuses = [
        {"campaign": {**campaign_of(bonus), "name": names.get(bonus.campaign_id, "")}, "points": bonus.points}
        for bonus in movement.bonuses
    ]
    return {
        "points": movement.earned,
        "pending": movement.pending,
        "matures_at": instant_or_none(movement.matures_at_us),
        "expires_at": instant_or_none(movement.expires_at_us),
        "bonus": bonuses,
        "bonus_points": movement.bonus_points,
    }


def _burn(caller: Caller, burn: QuotedBurn) -> dict[str, Any]:
    refusal = caller.refusal_without(PartnerRole.BURN) or burn.refusal
    ratio = {"points": burn.ratio[0], "amount": burn.ratio[1]} if burn.ratio is not None else None
    return {
        "least": burn.least,
        "most": 0 if refusal is not None else burn.most,
        "step": burn.step,
        "worth": None if refusal is not None else worth_of(caller, burn.worth),
        "ratio": ratio,
        "left_today": burn.left_today,
        "authorisation": burn.authorisation if refusal is None else None,
        "refusal": _refusal(refusal),
    }


def _refusal(error: CoalitionError | None) -> dict[str, Any] | None:
    return error_members(error) if error is not None else None
