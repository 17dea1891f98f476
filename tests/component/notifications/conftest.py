"""The notifications service, once for each test: a programme, a mail server and a chat service of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from tests.support.notifying import Desk, desk
from tests.support.servers import ServiceDatabase


@pytest.fixture
async def house(database_for: Callable[[str], ServiceDatabase]) -> AsyncIterator[Desk]:
    """The service beside those who stand in for its neighbours."""
    async with desk(database_for("notifications")) as made:
        yield made
