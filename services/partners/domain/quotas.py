"""How much each API key of a partner may ask of the gateway, where that is not what is usual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.runtime.errors import InvalidRequest

PER_SECOND_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Quotas:
    """Requests, and lines of batches and files, a second: 1 to 1,000,000 each; 0: what the gateway's settings say."""

    interactive_per_second: int = 0
    bulk_per_second: int = 0

    def checked(self) -> Quotas:
        """The same. Raises InvalidRequest for what is out of range."""
        for field, value in (
            ("interactive_per_second", self.interactive_per_second),
            ("bulk_per_second", self.bulk_per_second),
        ):
            if not 0 <= value <= PER_SECOND_MAX:
                raise InvalidRequest(f"a quota is 0 (usual) to {PER_SECOND_MAX:,} a second", field=field)
        return self

    def document(self) -> dict[str, object]:
        """As the audit log notes it."""
        return {
            "bulk_per_second": self.bulk_per_second,
            "interactive_per_second": self.interactive_per_second,
        }


@dataclass(frozen=True, slots=True)
class QuotaVersion:
    """What was set: `version` from 1 per partner, the highest counts; `set_at_us` by the wall clock, by whom."""

    version: int
    quotas: Quotas
    set_at_us: int
    set_by: str


#: Before anything was set.
USUAL: Final = Quotas()
