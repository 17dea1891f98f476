"""The Python client at the whole platform: a till's day, and the example of its README."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from services.launcher.platform import Platform
from tests.support.gateway_mall import OCCURRED_AT, running_mall
from tests.support.python_client import CLIENT, installed_wheel, run_with

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed_wheel(tmp_path_factory.mktemp("client"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def till(platform: Platform) -> AsyncGenerator[Mapping[str, str]]:
    """What a till knows: address, key and the time of the day."""
    async with running_mall(platform) as mall:
        key = mall.grocer.headers["authorization"].removeprefix("Bearer ")
        yield {"COALITION_URL": platform.gateway_url, "COALITION_KEY": key, "COALITION_AT": OCCURRED_AT}


async def test_a_till_s_day_and_the_example_of_the_readme(
    client: Path, till: Mapping[str, str], tmp_path: Path
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (CLIENT / "README.md").read_text(), re.DOTALL)
    readme = tmp_path / "readme.py"
    readme.write_text(example)
    day = await run_with(client, CLIENT / "examples/tills_day.py", till)
    told = await run_with(client, readme, till)
    assert day.splitlines() == [
        "sale: Points earned: 300; Balance: 300 points; Use these points by 2026-01-31",
        "quote: 300 points, of which at most 300",
        "sale: Points spent: 100; Points earned: 19; Balance: 219 points; Use these points by 2026-01-31",
        "sale again: Points spent: 100; Points earned: 19; Balance: 219 points; Use these points by 2026-01-31",
        "refund: 50 points and 950 back",
        "sale: Points earned: 50; Balance: 309 points; Use these points by 2026-01-31",
        "reversal: reversed",
        "batch: 3 accepted, 1 replayed",
        "balance: 289",
        "refused: 400 card_number_invalid",
    ]
    assert told.splitlines() == [
        "201 None ['Points earned: 25', 'Balance: 25 points', 'Use these points by 2026-01-31']",
        "201 true ['Points earned: 25', 'Balance: 25 points', 'Use these points by 2026-01-31']",
    ]
