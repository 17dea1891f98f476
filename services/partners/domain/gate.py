"""The credit gate: from what a partner owes and may owe to how many points it may issue.

The ledger knows points only. So money becomes a floor of the partner's issuance balance there, dated by the seq up to which
all was counted: what a partner issues after it is bounded by the floor itself, at the dearest price that can apply. A floor
that is old therefore refuses too early, never too late.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from services.partners.domain.credit_limits import CreditLimit
from services.partners.domain.netting import MICROS_PER_MINOR
from services.partners.domain.rates import RateVersion

# What the ledger takes for a floor, either way.
FLOOR_MAX: Final = 10**12
# A floor is sent again once a twentieth of what it left has been used, or has come back.
_WORTH_SENDING: Final = 20
# Till times that far back may still be sold at a price that has ended.
_PRICES_KEPT_US: Final = 400 * 86_400 * 1_000_000
_HUNDRED: Final = 100


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a partner owes as of a seq, in micros.

    `owed_micros`: points issued and charged less what undid them, and fees. `potential_micros`: what it would owe were all its
    points used that it pays for at redemption. `reimbursed_micros`: what it is owed for points burned, of windows that are
    stated. `paid_micros`: the nets of settled statements, less what is still open of them with tax; below zero where tax is open,
    or a debit came back with a fee. `prefunding_micros`: what was paid ahead and is held.
    """

    owed_micros: int = 0
    potential_micros: int = 0
    reimbursed_micros: int = 0
    paid_micros: int = 0
    prefunding_micros: int = 0

    @property
    def micros(self) -> int:
        """All of it, before what was paid ahead."""
        return self.owed_micros + self.potential_micros - self.reimbursed_micros - self.paid_micros

    def plus(self, other: Exposure) -> Exposure:
        """Both together."""
        return Exposure(
            self.owed_micros + other.owed_micros,
            self.potential_micros + other.potential_micros,
            self.reimbursed_micros + other.reimbursed_micros,
            self.paid_micros + other.paid_micros,
            self.prefunding_micros + other.prefunding_micros,
        )


def headroom_micros(limit: CreditLimit, exposure: Exposure) -> int | None:
    """How much more a partner may owe; below zero where it owes too much already, None without a limit."""
    if limit.limit_minor is None:
        return None
    return most_micros(limit, exposure) - exposure.micros


def most_micros(limit: CreditLimit, exposure: Exposure) -> int:
    """How much a partner with a limit may owe: the limit, what is guaranteed elsewhere, and what it has paid ahead."""
    return ((limit.limit_minor or 0) + limit.prefunded_minor) * MICROS_PER_MINOR + exposure.prefunding_micros


def is_warned(limit: CreditLimit, exposure: Exposure) -> bool:
    """Whether it has used the share of limit and prefunding that it is warned at."""
    if limit.limit_minor is None:
        return False
    return exposure.micros * _HUNDRED >= most_micros(limit, exposure) * limit.warning_percent


def dearest_micros(versions: Iterable[RateVersion], now_us: int, *, may_wait: bool = False) -> int:
    """The most that a point may cost its issuer from now on, at whatever till time; with the fee, as if each were a sale.

    `may_wait`: earns of the partner may be parked, for as long as it takes, so no price is too old.

    Nothing where the partner has no price: then rating stops before its first earn.
    """
    return max(
        (
            version.rates.issue_micros + version.rates.transaction_fee_micros
            for version in versions
            if may_wait
            or not version.rates.valid_to_us
            or version.rates.valid_to_us > now_us - _PRICES_KEPT_US
        ),
        default=0,
    )


def floor_of(balance: int, headroom: int | None, dearest: int) -> int | None:
    """How far an issuance balance may fall from where it stands; None: no limit.

    Above the balance itself where there is no headroom left: then nothing is issued until points come back.
    """
    if headroom is None or not dearest:
        return None
    return max(-FLOOR_MAX, min(FLOOR_MAX, balance - headroom // dearest))


def is_worth_sending(wanted: int | None, sent: int | None, balance: int) -> bool:
    """Whether a floor differs enough from the one that was sent: tighter at all, or looser by a twentieth of what is left."""
    if wanted is None or sent is None:
        return wanted != sent
    if wanted >= sent:
        return wanted > sent
    return (sent - wanted) * _WORTH_SENDING >= max(1, balance - wanted)
