"""What all tests share: real servers, started when the first test asks for one; and what is run first."""

from __future__ import annotations

from typing import Final

import pytest

pytest_plugins = ["tests.support.servers"]

#: The folders whose modules take longest, the longest first: what is left for the end is short, and both workers end together.
_FIRST: Final = ("e2e", "integration", "component", "property")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Orders what was collected by the folder that it is in; within each it stays in its order."""

    def turn(item: pytest.Item) -> int:
        parts = item.path.relative_to(config.rootpath).parts
        folder = parts[1] if len(parts) > 1 else ""
        return _FIRST.index(folder) if folder in _FIRST else len(_FIRST)

    items.sort(key=turn)
