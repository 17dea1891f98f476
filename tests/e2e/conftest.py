"""One platform for all modules that break nothing of it: each has programmes of its own, as partners of one host have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.launcher.platform import Platform
from tests.support.platform import platform_apart


@pytest.fixture(scope="package")
def platform() -> Iterator[Platform]:
    """Every process, started once for each worker."""
    with platform_apart() as shared:
        yield shared
