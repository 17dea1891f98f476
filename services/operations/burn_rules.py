"""What partners take points for: set, listed, and written out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from coalition.points.v1 import movement_pb2, points_pb2

from services.operations.amounts import write_time
from services.operations.documents import Document
from services.operations.session import Session
from services.runtime.principal import Programme


def document(message: points_pb2.BurnRule, zone: str) -> Document:
    """What a partner takes points for from a time on."""
    treatment = movement_pb2.BurnTreatment.Name(message.treatment)
    return {
        "version": message.version,
        "points": message.points,
        "worth_minor": message.worth_minor,
        "minimum_points": message.minimum_points,
        "step_points": message.step_points,
        "share_percent": message.share_percent,
        "daily_points": message.daily_points,
        "excluded_categories": list(message.excluded_categories),
        "excluded_tenders": list(message.excluded_tenders),
        "treatment": treatment.removeprefix("BURN_TREATMENT_").lower(),
        "valid_from": write_time(message.valid_from_us, zone),
    }


class BurnRule(NamedTuple):
    """So many points are worth so many minor units from a time on, and how many are taken; see the proto."""

    points: int
    worth_minor: int
    valid_from_us: int
    minimum_points: int
    step_points: int
    share_percent: int
    daily_points: int
    excluded_categories: Sequence[str]
    excluded_tenders: Sequence[str]


async def set_rule(
    session: Session, programme: Programme, slug: str, rule: BurnRule, treatment: str
) -> points_pb2.BurnRule:
    """Sets what a partner takes points for, treated as in document. Raises INVALID_REQUEST."""
    wanted = points_pb2.BurnRule(
        partner_id=await session.partner_id(programme, slug),
        treatment=movement_pb2.BurnTreatment.Value(f"BURN_TREATMENT_{treatment.upper()}"),
        **rule._asdict(),
    )
    request = points_pb2.SetBurnRuleRequest(rule=wanted)
    answer = await session.call(session.ledger.SetBurnRule, request, programme)
    return answer.rule


async def list_rules(session: Session, programme: Programme, slug: str) -> Sequence[points_pb2.BurnRule]:
    """What a partner takes points for, by the time from which it holds."""
    request = points_pb2.ListBurnRulesRequest(partner_id=await session.partner_id(programme, slug))
    answer = await session.call(session.ledger.ListBurnRules, request, programme)
    return answer.rules
