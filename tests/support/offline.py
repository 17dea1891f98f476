"""Contracts by which tills may burn points while nobody can be reached."""

from __future__ import annotations

from typing import Final

from services.operations import guards
from services.operations.session import Session
from services.runtime.principal import Programme

_ANY: Final = 1_000_000_000


async def burns_offline(session: Session, programme: Programme, *slugs: str) -> None:
    """Lets partners tell of burns of any number of points later, as lines of batches do."""
    day = guards.Day()
    for slug in slugs:
        await guards.set_guard(session, programme, slug, guards.Guard(_ANY, _ANY, _ANY, day, day, day, day))
