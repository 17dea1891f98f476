"""Large batches against a gateway whose neighbours are doubles: sending them, working on them, reading them."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx2

from services.gateway.schemas.batches import Batch, BatchLine, BatchProgress
from services.gateway.schemas.lists import ListOf
from tests.support.gateway import House, open_house
from tests.support.gateway_bodies import earn, new_card

NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"
BYTES_MAX, LINE_BYTES_MAX, LINES_MAX = 800_000, 4_096, 2_000


@asynccontextmanager
async def batch_house(database_url: str, **settings: Any) -> AsyncGenerator[House]:
    """A gateway with small limits and little patience. Nobody works on what it takes until a test does."""
    usual: dict[str, Any] = {
        "batch_file_bytes_max": BYTES_MAX, "batch_file_lines_max": LINES_MAX, "body_bytes_max": LINE_BYTES_MAX,
        "batch_file_stall_seconds": 0.5, "batch_chunk_lines": 100, "batch_retry_first_seconds": 0.01,
        "batch_retry_longest_seconds": 0.02, "batch_retry_seconds_max": 3_600,
    }  # fmt: skip
    async with open_house(database_url, **{**usual, **settings}) as opened:
        yield opened


def enrolled(house: House) -> str:
    """The card of a new member."""
    card = new_card()
    house.members.enrolled(card)
    return card


def earn_line(card: str, **changes: Any) -> dict[str, Any]:
    """A line that earns 25 points."""
    return {"type": "earn", **earn(card, lines=[], tenders=[], **changes)}


def ndjson(*lines: dict[str, Any]) -> bytes:
    """JSON lines."""
    return "".join(f"{json.dumps(line)}\n" for line in lines).encode()


async def send(
    house: House, body: Any, key: str = "", secret: str = "", type_: str = NDJSON, **headers: str
) -> httpx2.Response:
    """Sends a file, or pieces of one."""
    content = body.encode() if isinstance(body, str) else body
    told = {**house.headers(key, secret), "Content-Type": type_, **headers}
    return await house.client.post("/v1/batches", content=content, headers=told)


def taken(answer: httpx2.Response) -> Batch:
    """The batch of an answer that says it was taken."""
    assert answer.status_code == 202, answer.text
    batch = Batch.model_validate_json(answer.content)
    assert answer.headers["location"] == f"/v1/batches/{batch.id}"
    return batch


async def work(house: House) -> None:
    """Works until nothing is due."""
    while await house.gateway.work_batches.work_once():
        pass


async def read_back(house: House, batch: Batch) -> tuple[str, BatchProgress]:
    """The status of a batch and its progress, whose counts sum."""
    answer = await house.get(f"/v1/batches/{batch.id}")
    told = Batch.model_validate_json(answer.content)
    assert told.progress is not None
    counts = told.progress.counts.model_dump()
    assert counts.pop("lines") == sum(counts.values())
    return told.status, told.progress


async def lines_of(house: House, batch: Batch, **asked: Any) -> list[BatchLine]:
    """The first hundred lines of a batch."""
    answer = await house.get(f"/v1/batches/{batch.id}/lines", limit=100, **asked)
    assert answer.status_code == 200, answer.text
    return ListOf[BatchLine].model_validate_json(answer.content).data


async def fetched(house: House, query: str) -> Any:
    """What the gateway's database answers."""
    database = house.gateway.batch_store._database  # pyright: ignore[reportPrivateUsage]
    async with database.reader.snapshot() as connection:
        return await (await connection.driver()).fetchval(query)


async def none_arriving(house: House) -> bool:
    """Whether no file is on its way in, and nothing is left of one that broke off."""
    return await fetched(house, "SELECT count(*) FROM batch_run WHERE received_at IS NULL") == 0
