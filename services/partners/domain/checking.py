"""What a check of clearing found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

BREACHES_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant, by its number in docs/ledger.md: what holds, the figure proved, the first breaches."""

    invariant: int
    name: str
    figure: str
    breaches: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether no breach was found."""
        return not self.breaches


@dataclass(slots=True)
class Breaches:
    """Breaches as they are found: the first twenty, then how many more."""

    named: list[str] = field(default_factory=list[str])
    found: int = 0

    def add(self, breach: str) -> None:
        """Notes one."""
        self.found += 1
        if len(self.named) < BREACHES_MAX:
            self.named.append(breach)

    def expect(self, holds: bool, breach: str) -> None:
        """Notes a breach unless something holds."""
        if not holds:
            self.add(breach)

    def listed(self) -> tuple[str, ...]:
        """All of them, to show."""
        more = self.found - len(self.named)
        return (*self.named, f"and {more:,} more") if more else tuple(self.named)
