"""A ledger as it stands when a batch is decided: what was read under its head's lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from services.points.domain.accounts import AccountNumbers
from services.points.domain.answers import Refused
from services.points.domain.lots import OpenLots
from services.runtime.event_log import LogHead


class Earlier(NamedTuple):
    """A decision remembered under a key: a posting's seq, or a refusal."""

    content_hash: bytes
    seq: int | None
    refusal: Refused | None


class LedgerRules(NamedTuple):
    """What a ledger's programme fixes."""

    zone: str
    expiry_months: int
    backdate_days_max: int


class OpenHold(NamedTuple):
    """A hold that is still open, with the lots it reserved. expires_at_us: programme time, microseconds UTC."""

    seq: int
    hold_id: UUID
    partner_id: UUID
    partner_no: int
    member_id: UUID
    points: int
    expires_at_us: int
    lots: Sequence[tuple[int, int]]


@dataclass(slots=True)
class Opened:
    """A ledger as seen under its head's lock. Times in microseconds UTC, programme time."""

    last_seq: int
    now_us: int
    last_lot_no: int
    batch_no: int
    log: LogHead
    by_key: Mapping[tuple[UUID, str], Earlier]
    by_reference: Mapping[tuple[UUID, str, str], tuple[int, bytes]]
    accounts: AccountNumbers
    balances: dict[int, int]
    held: dict[int, int]
    open_holds: dict[UUID, int]
    closed: frozenset[UUID]
    lots: dict[UUID, OpenLots]
    holds: dict[int, OpenHold]
