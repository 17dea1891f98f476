"""Reads off the wire what was shown of a member who wants to burn."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from coalition.points.v1 import movement_pb2 as pb

from services.points.domain.guarding import Authority, Shown
from services.points.rpc.reading import invalid

_INSTRUMENT_BYTES: Final = 16
_SHOWN: Final = frozenset(Shown)


def read_authority(asked: pb.BurnAuthority, receipt: pb.Receipt, store_id: UUID | None) -> Authority:
    """What was shown, at which till (of which store, where that is told). Raises Unreadable."""
    if asked.kind not in _SHOWN:
        raise invalid("authority", "what was shown is none of those that are known")
    if len(asked.instrument) not in (0, _INSTRUMENT_BYTES):
        raise invalid("authority", f"an instrument is a hash of {_INSTRUMENT_BYTES} bytes")
    till = f"{store_id or '-'} {receipt.till}" if receipt.till else ""
    return Authority(Shown(asked.kind), asked.instrument, till)
