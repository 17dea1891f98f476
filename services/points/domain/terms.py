"""What the operator has set for a ledger, at one version of its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple
from uuid import UUID

from services.points.domain.burning import NO_BURN_RULES, BurnRules
from services.points.domain.campaigns import NO_CAMPAIGNS, Campaigns
from services.points.domain.earning import EarnRates
from services.points.domain.guarding import NO_GUARDS, Guards
from services.points.domain.refunding import DEFAULT_RULE, RefundRule
from services.points.domain.standings import ALL_ACTIVE, PartnerStandings
from services.runtime.expiry_policy import ExpiryPolicy


class Limits(NamedTuple):
    """Most points of an adjustment that one person makes alone; of one transfer, and of all of a payer in a day."""

    adjustment_points: int = 10_000
    transfer_points: int = 0
    transfer_points_a_day: int = 0


NO_LIMITS_SET: Final = Limits()


class Terms(NamedTuple):
    """Earn rates, the refund rules of partners that have one of their own, when points expire, limits, campaigns, burn rules, where partners stand, their guards."""

    version: int
    rates: EarnRates
    refund_rules: Mapping[UUID, RefundRule]
    expiry: ExpiryPolicy
    limits: Limits = NO_LIMITS_SET
    campaigns: Campaigns = NO_CAMPAIGNS
    burn_rules: BurnRules = NO_BURN_RULES
    standings: PartnerStandings = ALL_ACTIVE
    guards: Guards = NO_GUARDS

    def refund_rule(self, partner_id: UUID) -> RefundRule:
        """What a partner's refunds do."""
        return self.refund_rules.get(partner_id, DEFAULT_RULE)
