from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence

import pytest
from coalition.type.v1.event_record_pb2 import EventRecord
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.database import Database
from services.runtime.inbox import Gap, Inbox
from tests.integration.runtime.rig import INBOX

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _records(*positions: int) -> list[EventRecord]:
    return [EventRecord(pos=pos) for pos in positions]


class Applied:
    """What a handler was given."""

    def __init__(self) -> None:
        self.positions: list[int] = []

    async def __call__(self, _: AsyncConnection, __: str, records: Sequence[EventRecord]) -> None:
        self.positions += [record.pos for record in records]


def _inbox() -> Inbox:
    return Inbox(INBOX, f"s-{secrets.token_hex(4)}", "points")


async def test_events_are_applied_from_the_first_on_and_the_cursor_follows(database: Database) -> None:
    inbox, applied = _inbox(), Applied()
    assert await inbox.position(database.writer, "demo") == 0
    assert await inbox.apply(database.writer, "demo", _records(1, 2), applied) is None
    assert await inbox.apply(database.writer, "demo", _records(3), applied) is None
    assert applied.positions == [1, 2, 3]
    assert await inbox.position(database.writer, "demo") == 3


async def test_doubles_are_dropped(database: Database) -> None:
    inbox, applied = _inbox(), Applied()
    await inbox.apply(database.writer, "demo", _records(1, 2, 2, 3), applied)
    assert await inbox.apply(database.writer, "demo", _records(1, 2, 3), applied) is None
    await inbox.apply(database.writer, "demo", _records(2, 3, 4), applied)
    assert applied.positions == [1, 2, 3, 4]


async def test_a_gap_is_named_and_what_lies_before_it_is_applied(database: Database) -> None:
    inbox, applied = _inbox(), Applied()
    assert await inbox.apply(database.writer, "demo", _records(1, 2, 5, 7), applied) == Gap(3, 4)
    assert await inbox.apply(database.writer, "demo", _records(5, 7), applied) == Gap(3, 4)
    assert await inbox.apply(database.writer, "demo", _records(3, 4, 5, 7), applied) == Gap(6, 6)
    assert applied.positions == [1, 2, 3, 4, 5]


async def test_what_the_handler_raises_leaves_the_cursor_where_it_was(database: Database) -> None:
    inbox, applied = _inbox(), Applied()
    await inbox.apply(database.writer, "demo", _records(1), applied)

    async def fail(*_: object) -> None:
        raise RuntimeError("not today")

    with pytest.raises(RuntimeError):
        await inbox.apply(database.writer, "demo", _records(2), fail)
    assert await inbox.position(database.writer, "demo") == 1
    assert await inbox.apply(database.writer, "demo", _records(2), applied) is None
    assert applied.positions == [1, 2]


async def test_programmes_and_subscribers_have_cursors_of_their_own(database: Database) -> None:
    one, other, applied = _inbox(), _inbox(), Applied()
    await one.apply(database.writer, "demo", _records(1, 2), applied)
    await one.apply(database.writer, "live", _records(1), applied)
    assert await other.position(database.writer, "demo") == 0
    assert sorted(await one.programmes(database.writer)) == ["demo", "live"]
    assert await other.programmes(database.writer) == []
    await other.open(database.writer, "demo")
    await other.open(database.writer, "demo")
    assert await other.programmes(database.writer) == ["demo"]
    assert await other.position(database.writer, "demo") == 0


async def test_two_at_once_apply_each_event_once(database: Database) -> None:
    inbox, applied = _inbox(), Applied()
    blocks = [_records(*range(1, last + 1)) for last in (3, 5, 4, 8, 6, 8)]
    gaps = await asyncio.gather(
        *(inbox.apply(database.writer, "demo", block, applied) for block in blocks)
    )  # fmt: skip
    assert gaps == [None] * 6
    assert applied.positions == list(range(1, 9))


@given(st.lists(st.lists(st.integers(1, 12), max_size=6), max_size=6))
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_whatever_is_delivered_what_is_applied_is_a_gapless_run_from_the_first(
    database: Database, deliveries: list[list[int]]
) -> None:
    inbox, applied, heard = _inbox(), Applied(), set[int]()
    for positions in deliveries:
        records = _records(*sorted(positions))
        heard |= set(positions)
        gap = await inbox.apply(database.writer, "demo", records, applied)
        cursor = len(applied.positions)
        assert applied.positions == list(range(1, cursor + 1))
        later = [pos for pos in positions if pos > cursor]
        assert gap == (Gap(cursor + 1, min(later) - 1) if later else None)
    assert set(applied.positions) <= heard


async def test_the_inbox_of_a_partition_takes_others_positions_for_no_gap(database: Database) -> None:
    inbox, applied = Inbox(INBOX, f"s-{secrets.token_hex(4)}", "points", partition=3), Applied()

    def record(pos: int, before: int) -> EventRecord:
        return EventRecord(pos=pos, partition=3, partition_prev=before)

    assert await inbox.apply(database.writer, "demo", [record(4, 0), record(9, 4)], applied) is None
    assert await inbox.apply(database.writer, "demo", [record(20, 15)], applied) == Gap(10, 15)
    # What was looked at up to 17 is other partitions'; who moved the cursor meanwhile is not overruled.
    await inbox.skip(database.writer, "demo", 9, 17)
    await inbox.skip(database.writer, "demo", 9, 30)
    assert await inbox.position(database.writer, "demo") == 17
    assert await inbox.apply(database.writer, "demo", [record(20, 15), record(20, 15)], applied) is None
    assert applied.positions == [4, 9, 20]
