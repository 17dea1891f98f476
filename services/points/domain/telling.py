"""How the ledger words its events: what the decision asks of the events room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from coalition.type.v1.reason_pb2 import Reason

from services.points.domain.campaigns import CampaignVersion
from services.points.domain.debts import DebtPaid
from services.points.domain.movements import (
    Capture,
    Earn,
    Hold,
    LotTaken,
    Redemption,
    Refund,
    Transaction,
)
from services.points.domain.rows import FlagRow
from services.points.domain.wallet_movements import Adjustment, Merge, Opening, Transfer


class Telling(NamedTuple):
    """One wording a kind of event; each answers the payload."""

    earned: Callable[[Transaction, Earn, int, str], bytes]
    matured: Callable[[Transaction, Sequence[LotTaken]], bytes]
    redeemed: Callable[[Transaction, Redemption, Sequence[LotTaken]], bytes]
    expired: Callable[[Transaction, Sequence[LotTaken]], bytes]
    held: Callable[[Transaction, Hold], bytes]
    captured: Callable[[Transaction, Capture, Sequence[LotTaken]], bytes]
    released: Callable[[Transaction], bytes]
    returned: Callable[[Transaction, Sequence[LotTaken]], bytes]
    clawed_back: Callable[[Transaction, Sequence[LotTaken]], bytes]
    owed: Callable[[Transaction, int], bytes]
    repaid: Callable[[Transaction, Sequence[DebtPaid], Sequence[LotTaken]], bytes]
    refunded: Callable[[Transaction, Refund], bytes]
    floor_set: Callable[[Transaction], bytes]
    parked: Callable[[Transaction, Earn, str], bytes]
    unparked: Callable[[Transaction, Reason.ValueType], bytes]
    transferred: Callable[[Transaction, Transfer, Sequence[LotTaken]], bytes]
    received: Callable[[Transaction, UUID, Sequence[LotTaken]], bytes]
    merged: Callable[[Transaction, Merge, Sequence[LotTaken]], bytes]
    assumed: Callable[[Transaction, UUID, int, int], bytes]
    adjusted: Callable[[Transaction, Adjustment, int, Sequence[LotTaken]], bytes]
    imported: Callable[[Transaction, Opening, int], bytes]
    granted: Callable[[Transaction, CampaignVersion, int], bytes]
    budget_loaded: Callable[[Transaction, int], bytes]
    flagged: Callable[[FlagRow], bytes]
