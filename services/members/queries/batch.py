"""The limit that both batch queries share."""

from __future__ import annotations

from typing import Final

from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import InvalidRequest

BATCH_MAX: Final = 1_000


def check_batch(field: str, lines: int) -> None:
    """Raises InvalidRequest for an empty batch, and with BATCH_TOO_LARGE for more than 1,000 lines."""
    if lines == 0:
        raise InvalidRequest("nothing is asked for", field=field)
    if lines > BATCH_MAX:
        raise InvalidRequest(
            f"at most {BATCH_MAX} at once",
            Reason.REASON_BATCH_TOO_LARGE,
            field=field,
            lines=lines,
            limit=BATCH_MAX,
        )
