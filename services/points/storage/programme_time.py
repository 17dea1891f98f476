"""Programme time as reads see it: what the door would go by, without its lock."""

from __future__ import annotations

from typing import Final

# Of a row of ledger_head. Where the wall clock has been set back it stands at the last time that was given out: what was
# over by then stays so. (Intervals of microseconds alone: one with days in it would be added in the server's time zone.)
NOW: Final = """greatest(
        clock_timestamp() + clock_offset_us * interval '1 microsecond', timestamptz 'epoch' + last_time_us * interval '1 microsecond'
    )"""
