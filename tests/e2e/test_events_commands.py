"""`coalition events` on every process of the platform: what an operator sees and orders."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from coalition.type.v1.event_record_pb2 import EventRecord

from services.launcher.platform import Platform
from services.launcher.processes import SERVICES_DIR
from services.launcher.state import STATE_DIR_VARIABLE
from services.launcher.streams import REPLICAS
from services.operations import registry
from services.operations.session import STAFF_TOKEN, Session, open_session
from services.runtime.clock import to_micros
from services.runtime.principal import Programme
from tests.support.command_line import run_command
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

_STARTS_AT: Final = datetime(2024, 1, 1, 5, tzinfo=UTC)
_SLUG: Final = "watched"
_DOCS: Final = SERVICES_DIR.parent / "docs"
_STREAM: Final = "points-closed-members"


@dataclass
class Office:
    """A programme in which four partners have come, and the command line."""

    environment: Mapping[str, str]
    session: Session
    programme: Programme

    async def run(self, *words: str, status: int = 0) -> str:
        """Standard output of `coalition events WORDS`; standard error where it is to exit otherwise."""
        ended, out, err = await run_command("events", *words, environment=self.environment)
        assert ended == status, out + err
        return err if status else out

    async def documents(self, *words: str) -> list[dict[str, Any]]:
        """What it prints with --json, one document a line."""
        return [json.loads(line) for line in (await self.run(*words, "--json")).splitlines()]

    async def lag(self) -> dict[str, dict[str, Any]]:
        """What `lag` tells, by name."""
        rows = json.loads(await self.run("lag", "-p", _SLUG, "--json"))
        return {row["name"]: row for row in rows}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(platform: Platform) -> AsyncGenerator[Office]:
    async with open_session(platform.environment, patience_seconds=60) as session:
        programme = await registry.create_programme(
            session, _SLUG, "Watched", "America/New_York", "USD", to_micros(_STARTS_AT), is_test=True
        )
        for slug in ("one", "two", "three", "four"):
            await registry.onboard(session, programme, slug, slug.title())
        yield Office(platform.environment, session, programme)


async def test_the_log_is_read_from_a_position_or_a_time_on_and_filtered(office: Office) -> None:
    words = ("tail", "-p", _SLUG, "--no-follow")
    onboarded = await office.documents(*words, "--type", "partner.onboarded", "--from", "1")
    assert [each["data"]["slug"] for each in onboarded] == ["one", "two", "three", "four"]
    assert all(each["partner"] == each["data"]["partner_id"] for each in onboarded)
    second = str(onboarded[1]["pos"])
    later = await office.documents(*words, "--type", "partner.onboarded", "--from", second)
    assert later == onboarded[1:]
    by_time = await office.documents(
        *words, "--type", "partner.onboarded", "--from", onboarded[1]["recorded_at"]
    )
    assert by_time == onboarded[1:]
    mine = await office.documents(*words, "--partner", "three", "--from", "2000-01-01")
    assert {each["partner"] for each in mine} == {onboarded[2]["partner"]}
    assert "slug=two" in await office.run(*words, "--type", "partner.onboarded", "--from", "1")


async def test_who_may_not_read_all_logs_is_told_what_is_left_out(office: Office) -> None:
    auditor = await registry.add_staff(office.session, "Ada Looks", ["auditor"])
    words = ("events", "tail", "-p", _SLUG, "--from", "2000-01-01", "--no-follow", "--json")
    environment = {**office.environment, STAFF_TOKEN: auditor.token}
    status, out, err = await run_command(*words, environment=environment)
    assert (status, err) == (0, "left out, since your role may not read their events: members\n")
    assert {json.loads(line)["service"] for line in out.splitlines()} >= {"partners"}
    status, _, err = await run_command(*words, "--type", "member.enrolled", environment=environment)
    assert (status, "service_desk or admin" in err) == (1, True)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("tail", "--type", "points.vanished"), "no event is of type points.vanished"),
        (("tail", "-p", _SLUG, "--from", "1"), "positions are one service's"),
        (("tail", "--from", "2026-01-01"), "name it"),
        (("tail", "-p", _SLUG, "--type", "points.earned", "--from", "soon"), "not a date or time"),
        (("replay", "nobody", "--from", "1", "-p", _SLUG), "no subscriber is named 'nobody'; there are: "),
        (("replay", "partners-rating", "--from", "1", "-p", _SLUG), "does not say that a replay sends nothing"),
        (("replay", "partners-rating", "--rebuild", "-p", _SLUG), "no way to forget"),
        (("replay", _STREAM, "--rebuild", "-p", _SLUG), "no way to forget"),
        (("dead-letters", "show", "partners-rating", "7", "-p", _SLUG), "nothing set aside at position 7"),
        (("dead-letters", "replay", "partners-rating", "7", "-p", _SLUG), "no dead letter at position 7"),
        (("audit", "-p", _SLUG, "--service", "points", "--from", "9", "--to", "3"), "ends where it starts"),
        (("describe", "points.vanished"), "there are points.adjusted"),
    ],
)  # fmt: skip
async def test_what_cannot_be_done_is_told(office: Office, words: tuple[str, ...], why: str) -> None:
    assert why in " ".join(str(await office.run(*words, status=1)).split())


async def test_events_are_printed_as_they_come_and_ctrl_c_ends_it_well(office: Office) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.launcher", "events", "tail", "-p", _SLUG, "--json",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, **office.environment},
    )  # fmt: skip
    assert process.stdout is not None
    line = asyncio.ensure_future(process.stdout.readline())
    # Until it listens, what comes is not seen: partners go on coming.
    number = 0
    while not line.done():
        number += 1
        await registry.onboard(office.session, office.programme, f"late-{number}", "Late")
        await asyncio.wait([line], timeout=1)
    told = json.loads(line.result())
    assert (told["type"], told["programme"]) == ("partner.onboarded", _SLUG)
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")


async def test_lag_tells_of_every_relay_and_subscriber_and_a_pause_is_seen(office: Office) -> None:
    async def caught_up() -> bool:
        rows = await office.lag()
        return not any(row["behind_events"] for row in rows.values())

    await until(caught_up)
    rows = await office.lag()
    assert {"members relay", "points relay", "partners relay", "partners-rating", _STREAM} <= set(rows)
    assert rows["partners relay"]["pos"] == rows["partners relay"]["last_pos"] > 4
    assert (rows["partners-rating"]["order"], rows["partners-rating"]["state"]) == ("all", "running")
    await office.run("pause", "partners-rating", "--note", "looking into it", "-p", _SLUG)
    paused = (await office.lag())["partners-rating"]
    await office.run("resume", "partners-rating", "-p", _SLUG)
    assert (paused["state"], paused["note"]) == ("paused", "looking into it")
    assert (await office.lag())["partners-rating"]["state"] == "running"


async def test_the_ledgers_own_subscriber_waits_while_it_is_paused_and_reads_again(office: Office) -> None:
    standings = "points-partner-standings"
    await office.run("pause", standings, "--note", "looking into it", "-p", _SLUG)
    # It looks for orders once a second, and waits a second for events.
    await asyncio.sleep(2.5)
    stood = (await office.lag())[standings]["pos"]
    await registry.onboard(office.session, office.programme, "unheard", "Unheard of")
    behind = await office.lag()
    assert behind[standings]["pos"] == stood < behind[standings]["last_pos"]

    async def told() -> bool:
        row = (await office.lag())[standings]
        return row["pos"] == row["last_pos"]

    await office.run("resume", standings, "-p", _SLUG)
    await until(told)
    assert "handled again" in await office.run("replay", standings, "--from", "1", "-p", _SLUG)
    await until(told)


async def test_the_streams_hold_what_the_logs_say(office: Office) -> None:
    found = json.loads(await office.run("audit", "-p", _SLUG, "--json"))
    assert {
        each["service"]: (each["missing"], each["differing"], each["holds"]) for each in found
    } == dict.fromkeys(("members", "points", "partners"), (0, 0, True))
    partners = next(each for each in found if each["service"] == "partners")
    assert partners["events"] == partners["last"] > 4


async def test_migrating_again_tells_of_every_stream_that_it_is_as_declared(
    office: Office, platform: Platform
) -> None:
    environment = {**office.environment, STATE_DIR_VARIABLE: str(platform.state.path)}
    status, out, err = await run_command("migrate", environment=environment)
    assert status == 0, err
    assert [line for line in out.splitlines() if line.startswith("stream")] == [
        f"stream {name}: as declared" for name in ("MEMBERS", "POINTS", "PARTNERS")
    ]
    environment[REPLICAS] = "2"
    status, _, err = await run_command("migrate", environment=environment)
    assert (status, f"{REPLICAS} is '2'" in err) == (1, True)


async def test_a_dead_letter_is_listed_shown_and_handed_back(office: Office) -> None:
    record = EventRecord(pos=4711, type="points.expiring", recorded_at_us=to_micros(_STARTS_AT))
    connection = await asyncpg.connect(office.environment["COALITION_PARTNERS_DATABASE_URL"])
    await connection.execute(
        """INSERT INTO dead_letter (subscriber, source, programme, pos, key, state, attempts, error, parked_at, replayed, record)
        VALUES ('partners-rating', 'points', $1, 4711, 'p00', 'dead', 10, 'ValueError: odd', now(), false, $2)""",
        _SLUG, record.SerializeToString(),
    )  # fmt: skip
    try:
        (letter,) = json.loads(
            await office.run("dead-letters", "list", "partners-rating", "-p", _SLUG, "--json")
        )
        assert (letter["state"], letter["attempts"], letter["error"]) == ("dead", 10, "ValueError: odd")
        shown = json.loads(
            await office.run("dead-letters", "show", "partners-rating", "4711", "-p", _SLUG)
        )  # fmt: skip
        assert shown == letter
        assert (shown["event"]["pos"], shown["event"]["type"]) == (4711, "points.expiring")
        assert (await office.lag())["partners-rating"]["dead"] == 1
        told = await office.run(
            "dead-letters", "replay", "partners-rating", "--all", "--no-wait", "-p", _SLUG
        )
        assert told.startswith("1 handed")
        assert (await office.lag())["partners-rating"]["trying"] == 1
    finally:
        await connection.execute("DELETE FROM dead_letter WHERE programme = $1", _SLUG)
        await connection.close()


async def test_the_first_subscriber_of_the_guide_runs_as_it_stands_there(
    office: Office, platform: Platform
) -> None:
    program = _DOCS / "examples/first_subscriber.py"
    guide = (_DOCS / "subscribers.md").read_text()
    assert f"```python\n{program.read_text()}```" in guide
    assert "python docs/examples/first_subscriber.py" in guide
    prices = registry.Prices(10_000, 8_000, to_micros(_STARTS_AT))
    await registry.set_rates(office.session, office.programme, "one", prices)
    rate = registry.EarnRate(1, 100, to_micros(_STARTS_AT))
    await registry.set_earn_rate(office.session, office.programme, "one", rate)
    secret = (await registry.issue_key(office.session, office.programme, "one", "test")).secret
    process = await asyncio.create_subprocess_exec(
        sys.executable, "docs/examples/first_subscriber.py", cwd=_DOCS.parent,
        stderr=asyncio.subprocess.PIPE, env={**os.environ, STATE_DIR_VARIABLE: str(platform.state.path)},
    )  # fmt: skip
    headers = {"Authorization": f"Bearer {secret}"}
    async with httpx2.AsyncClient(base_url=platform.gateway_url, headers=headers, timeout=30) as till:
        card = (await till.post("/v1/members", json={}, headers=_key())).json()["cards"][0]
        for amount in (1_000, 2_000, 3_000):
            sale = {
                "member": {"card": card}, "reference": secrets.token_hex(8), "amount": amount, "currency": "USD",
                "occurred_at": "2024-01-01T05:00:00Z",
            }  # fmt: skip
            answer = await till.post("/v1/earns", json=sale, headers=_key())
            assert answer.status_code == 201, answer.text
    partner_id = await office.session.partner_id(office.programme, "one")

    async def counted() -> bool:
        assert process.returncode is None
        try:
            connection = await asyncpg.connect(
                platform.environment["DATABASE_URL"], database="coalition_first"
            )
        except asyncpg.InvalidCatalogNameError:
            return False
        try:
            return (
                await connection.fetchval("SELECT sales FROM sales WHERE partner = $1", partner_id.hex()) == 3
            )
        except asyncpg.UndefinedTableError:
            return False
        finally:
            await connection.close()

    await until(counted)
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")


def _key() -> dict[str, str]:
    return {"Idempotency-Key": secrets.token_hex(8)}
