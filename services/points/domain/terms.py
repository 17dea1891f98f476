"""What the operator has agreed with the partners of a ledger, at one version of its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from services.points.domain.earning import EarnRates
from services.points.domain.refunding import DEFAULT_RULE, RefundRule
from services.runtime.expiry_policy import ExpiryPolicy


class Terms(NamedTuple):
    """Earn rates, the refund rules of partners that have one of their own, and when points expire."""

    version: int
    rates: EarnRates
    refund_rules: Mapping[UUID, RefundRule]
    expiry: ExpiryPolicy

    def refund_rule(self, partner_id: UUID) -> RefundRule:
        """What a partner's refunds do."""
        return self.refund_rules.get(partner_id, DEFAULT_RULE)
