"""Words that events share."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from coalition.events.v1 import points_pb2 as pb

from services.points.domain.movements import LotTaken


def bytes_of(value: UUID | None) -> bytes:
    """An id on the wire; empty for none."""
    return value.bytes if value else b""


def lots_of(taken: Sequence[LotTaken]) -> list[pb.LotTaken]:
    """Points by lot."""
    return [
        pb.LotTaken(
            lot_no=part.lot_no,
            issuer_id=part.issuer_id.bytes,
            point_type=part.point_type,
            points=part.points,
            earned_seq=part.earned_seq,
        )
        for part in taken
    ]
