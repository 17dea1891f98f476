"""When a call has to be answered."""

from __future__ import annotations

from typing import cast

from services.runtime.boundary import CallContext
from services.runtime.clock import wall_now_us


def deadline_us(context: CallContext) -> int:
    """The call's deadline, wall-clock microseconds; 0 where it has none."""
    left = cast("float | None", context.time_remaining())
    return wall_now_us() + int(left * 1e6) if left is not None else 0
