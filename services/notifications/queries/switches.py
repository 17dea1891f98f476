"""Which kinds a programme sends."""

from __future__ import annotations

from services.notifications.domain.kinds import Kind
from services.notifications.storage import templates
from services.notifications.storage.connection import Reads


class Switches:
    """Read in whatever transaction asks."""

    async def __call__(self, connection: Reads, programme: str) -> frozenset[Kind]:
        """The kinds that are on."""
        return frozenset(kind for kind, on in (await templates.switches(connection, programme)).items() if on)
