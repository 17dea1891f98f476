"""Quotes as the ledger answers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from services.gateway.domain.movements import BurnWorth, Decision, RefundFigures
from services.runtime.errors import CoalitionError


class QuotedBurn(NamedTuple):
    """What may be burned: from least to most points in steps; most 0: nothing, for that reason.

    `worth` is of the most, `ratio` so many points for so many minor units; None without a rule. left_today: None without a limit.
    `authorisation`: what has to be shown at least for the most: `card`, `pin` or `app_token`.
    """

    least: int
    most: int
    step: int
    worth: BurnWorth | None
    ratio: tuple[int, int] | None
    left_today: int | None
    refusal: CoalitionError | None
    authorisation: str | None


class Quote(NamedTuple):
    """What it would come to at a programme time, microseconds UTC. `names` are those of the campaigns among the earn's bonuses."""

    as_of_us: int
    member_id: UUID
    available: int
    owed: int
    earn: Decision | None
    names: Mapping[UUID, str]
    burn: QuotedBurn | None
    refund: RefundFigures | None
