"""Which version of the public API a partner gets where a request names none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ApiVersionPin:
    """`number` from 1 per partner, the highest counts; `set_at_us` by the wall clock, by whom."""

    number: int
    api_version: str
    set_at_us: int
    set_by: str
