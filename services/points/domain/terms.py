"""What the operator has agreed with the partners of a ledger, at one version of its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from services.points.domain.earning import EarnRates
from services.points.domain.refunding import DEFAULT_RULE, RefundRule


class Terms(NamedTuple):
    """Earn rates, and the refund rules of partners that have one of their own."""

    version: int
    rates: EarnRates
    refund_rules: Mapping[UUID, RefundRule]

    def refund_rule(self, partner_id: UUID) -> RefundRule:
        """What a partner's refunds do."""
        return self.refund_rules.get(partner_id, DEFAULT_RULE)
