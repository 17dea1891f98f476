"""Explanations."""

from __future__ import annotations

from typing import Any

from services.gateway.answers.moments import instant_or_none
from services.gateway.answers.movements import CAMPAIGN_PREFIX, MovementAnswers, worth_of
from services.gateway.domain.caller import Caller
from services.gateway.domain.explanations import Burned, CampaignOf, Earned, Explanation, Lots, Refunded, Sums
from services.runtime.ids import to_text


def explanation_answer(
    movements: MovementAnswers, caller: Caller, explanation: Explanation
) -> dict[str, Any]:
    """An explanation, of schemas.explanations.Explanation."""
    earn, burn, refund = explanation.earn, explanation.burn, explanation.refund
    return {
        "object": "explanation",
        "transaction": movements.transaction(caller, explanation.movement),
        "earn": _earn(earn) if earn is not None else None,
        "campaigns": [_campaign(each) for each in explanation.campaigns],
        "burn": _burn(caller, burn) if burn is not None else None,
        "refund": _refund(refund) if refund is not None else None,
        "lots": [_lots(each) for each in explanation.lots],
    }


def _earn(earn: Earned) -> dict[str, Any]:
    return {
        "amount": earn.amount_minor,
        "in_points": earn.in_points_minor,
        "money": earn.money_minor,
        "rate": {"points": earn.rate_points, "amount": earn.rate_per_minor},
        "points": earn.points,
        "dropped": earn.dropped,
    }


def _campaign(campaign: CampaignOf) -> dict[str, Any]:
    return {
        "campaign": {
            "id": to_text(CAMPAIGN_PREFIX, campaign.campaign_id),
            "version": campaign.version,
            "name": campaign.name,
        },
        "multiplier_percent": campaign.multiplier_percent or None,
        "fixed_points": campaign.fixed_points or None,
        "min_amount": campaign.min_amount_minor,
        "due": campaign.due,
        "points": campaign.points,
        "outcome": campaign.outcome.value,
    }


def _burn(caller: Caller, burn: Burned) -> dict[str, Any]:
    return {
        "points": burn.points,
        "ratio": {"points": burn.ratio_points, "amount": burn.ratio_worth_minor},
        "worth": worth_of(caller, burn.worth),
        "counted": burn.counted_minor,
        "share_percent": burn.share_percent,
    }


def _refund(refund: Refunded) -> dict[str, Any]:
    return {
        "whole": refund.whole,
        "in_points": refund.in_points_minor,
        "burned": refund.burned,
        "earned": refund.earned,
        "bonus": refund.bonus,
        "tender_order": refund.tender_order.value,
        "given": refund.given,
        "due": _sums(refund.due),
        "refunds_before": refund.refunds_before,
        "before": _sums(refund.before),
    }


def _sums(sums: Sums) -> dict[str, int]:
    return {"returned": sums.returned, "taken": sums.taken, "money": sums.money_minor}


def _lots(lots: Lots) -> dict[str, Any]:
    return {
        "act": lots.act.value,
        "issuer": "own" if lots.own else "other",
        "point_type": lots.point_type,
        "points": lots.points,
        "expires_at": instant_or_none(lots.expires_at_us),
        "matures_at": instant_or_none(lots.matures_at_us),
    }
