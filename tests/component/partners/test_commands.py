"""The command line, from a new programme to a statement, as an operator types it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from coalition.partners.v1 import partners_pb2
from typer.testing import CliRunner, Result

from services.launcher import session
from services.launcher.cli import build
from services.launcher.errors import LauncherError
from services.runtime import grpc_client
from services.runtime.expiry_policy import ExpiryPolicy, ExpiryRule, policy_from
from services.runtime.ids import from_text
from services.runtime.principal import Programme
from tests.support.keys import key_text
from tests.support.ledger import Burn, Earn
from tests.support.partners import DAY_US, STARTS_AT_US, House

ROOT = Path(__file__).parents[3]

VERIFIER = Path(__file__).parents[3] / "services/verifier/statement.py"


def environment_of(house: House, staff_token: str = "") -> dict[str, str]:
    """What the launcher would give to a command."""
    return {
        # Nothing runs from here, whatever else runs on this machine.
        "COALITION_STATE_DIR": str(ROOT / "tests" / "no-state-directory"),
        "COALITION_PARTNERS_TARGET": house.target,
        "COALITION_POINTS_TARGET": house.target,
        "COALITION_PRINCIPAL_PRIVATE_KEY": key_text(house.keys["cli"]),
        "COALITION_STAFF_TOKEN": staff_token,
        "COLUMNS": "200",
    }


async def command(house: House, *words: str, staff_token: str = "", fails: bool = False) -> str:
    """What `coalition WORDS` prints; its error message where it fails, as it should.

    In this process, so that starting Python does not take most of the time; calls run on the test's loop.
    """
    loop = asyncio.get_running_loop()

    def on_this_loop(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(60)

    def invoke() -> Result:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(session, "to_end", on_this_loop)
            return CliRunner().invoke(build(words), words, env=environment_of(house, staff_token))

    result = await asyncio.to_thread(invoke)
    assert (result.exit_code != 0) is fails, result.output
    assert result.exception is None or isinstance(result.exception, LauncherError | SystemExit)
    return str(result.exception) if isinstance(result.exception, LauncherError) else result.output


async def answer(house: House, *words: str, **options: Any) -> Any:
    return json.loads(await command(house, *words, "--json", **options))


async def test_an_operator_goes_from_a_programme_to_a_statement(house: House) -> None:
    slug = f"p-{secrets.token_hex(4)}"
    made = await answer(
        house, "programme", "create", slug, "--name", "Plaza", "--zone", "America/New_York", "--currency", "USD",
        "--starts-at", "2017-01-01",
    )  # fmt: skip
    assert (made["mode"], made["currency"]) == ("test", "USD")
    assert slug in await command(house, "programme", "list")
    programme = Programme(made["ledger_id"], slug, made["zone"], "USD", is_test=True)
    await house.ledger.move_clock(programme, STARTS_AT_US)

    grocer = await answer(house, "partner", "onboard", "grocer", "--name", "The Grocer", "-p", slug)
    assert re.fullmatch("ptr_[0-9a-z]{26}", grocer["id"])
    rates = await answer(
        house, "partner", "rates", "set", "grocer", "-p", slug, "--issue", "0.0100", "--reimbursement", "0.00825",
        "--from", "2017-01-01",
    )  # fmt: skip
    assert (rates["issue_micros"], rates["reimbursement_micros"]) == (10_000, 8_250)
    assert rates["valid_from"] == "2017-01-01T00:00:00-05:00"
    assert "0.00825" in await command(house, "partner", "rates", "list", "grocer", "-p", slug)

    partner_id = from_text("ptr", grocer["id"])
    await house.ledger.post(programme, Earn(partner_id, 12_345), Burn(partner_id, [(partner_id, 7)]))
    await house.ledger.move_clock(programme, STARTS_AT_US + 2 * DAY_US)
    await house.rate_now(programme)
    assert (await answer(house, "settle", "status", "-p", slug))["rated_seq"] == 2
    closed = await answer(house, "settle", "close", "-p", slug, "--until", "2017-01-02")
    assert [(each["number"], each["last_seq"], each["state"]) for each in closed] == [(1, 2, "stated")]
    nets = await command(house, "settle", "nets", "-p", slug)
    assert "123.39" in nets
    assert "-123.39" in nets
    matrix = await answer(house, "settle", "matrix", "-p", slug)
    burned = {"issuer": "grocer", "redeemer": "grocer", "points": 7, "micros": 57_750}
    assert matrix["cells"] == [{**burned, "points_returned": 0, "micros_returned": 0}]
    square = await command(house, "settle", "matrix", "-p", slug)
    assert all(word in square for word in ("owes ↓ to →", "grocer", "operator", "123.39", "-123.39"))
    positions = await answer(house, "settle", "positions", "-p", slug)
    assert [(each["partner"], each["position_minor"]) for each in positions["positions"]] == [
        ("grocer", 12_339)
    ]
    statement = await answer(house, "settle", "statement", "-p", slug, "--partner", "grocer")
    assert sum(line["amount_micros"] for line in statement["lines"]) == statement["net"]["net_minor"] * 10_000
    assert "net: 123.39 USD (the partner pays)" in await command(
        house, "settle", "statement", "-p", slug, "--id", statement["id"]
    )


async def test_a_programme_is_created_with_its_expiry_policy(house: House) -> None:
    slug = f"p-{secrets.token_hex(4)}"
    words = ("programme", "create", slug, "--name", "Plaza", "--zone", "Europe/Vienna", "--currency", "EUR")
    fixed = ("--expiry-rule", "fixed_date", "--expiry-months", "6", "--expiry-notice-days", "0")
    error = await command(house, *words, *fixed, "--expiry-date", "31.3.", fails=True)
    assert "'31.3.' is not a month and a day such as 03-31" in error
    error = await command(house, *words, *fixed, "--expiry-date", "04-31", fails=True)
    assert "day must be 1 to 30 in that month" in error
    await command(house, *words, *fixed, "--expiry-date", "03-31")
    request = partners_pb2.GetProgrammeRequest(slug=slug)
    found = await grpc_client.call(house.registry.GetProgramme, request, house.as_host())
    assert policy_from(found.expiry) == ExpiryPolicy(ExpiryRule.FIXED_DATE, 6, 3, 31, 0)


async def test_stores_and_keys_are_managed_from_the_command_line(house: House, tmp_path: Path) -> None:
    programme = await house.programme()
    await house.partner(programme, "grocer")
    file = tmp_path / "stores.csv"
    file.write_text("code,name\nS1,High Street\nS2,\n")
    added = await answer(
        house,
        "partner",
        "stores",
        "grocer",
        "-p",
        programme.slug,
        "--file",
        str(file),
        "--add",
        "S3=Web shop",
    )
    assert sorted((store["code"], store["name"]) for store in added) == [
        ("S1", "High Street"),
        ("S2", "S2"),
        ("S3", "Web shop"),
    ]
    issued = await answer(
        house,
        "partner",
        "key",
        "issue",
        "grocer",
        "-p",
        programme.slug,
        "--label",
        "till",
        "--scope",
        "points:earn",
    )
    assert issued["scopes"] == ["points:earn"]
    listed = await command(house, "partner", "key", "list", "grocer", "-p", programme.slug)
    assert issued["hint"] in listed
    assert issued["secret"] not in listed
    revoked = await answer(house, "partner", "key", "revoke", issued["id"], "-p", programme.slug)
    assert revoked["revoked_at"] is not None


async def test_a_staff_token_acts_with_its_own_roles(house: House) -> None:
    programme = await house.programme()
    await house.partner(programme, "grocer")
    person = await answer(house, "staff", "add", f"Ada {secrets.token_hex(3)}", "--role", "pricing")
    assert re.fullmatch("st_[0-9A-Za-z]{40}", person["token"])
    assert person["name"] in await command(house, "staff", "list")
    words = (
        "partner",
        "rates",
        "set",
        "grocer",
        "-p",
        programme.slug,
        "--issue",
        "0.02",
        "--reimbursement",
        "0",
    )
    changed = await answer(house, *words, "--from", "2017-01-01", staff_token=person["token"])
    assert changed["version"] == 2
    refused = await command(
        house, "partner", "onboard", "fuel", "--name", "Fuel", "-p", programme.slug,
        staff_token=person["token"], fails=True,
    )  # fmt: skip
    assert "PERMISSION_DENIED" in refused
    unknown = await command(house, "staff", "list", staff_token="st_nobody", fails=True)
    assert "UNAUTHENTICATED" in unknown


async def test_a_broken_invariant_is_named_and_ends_with_1(house: House) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await house.ledger.post(programme, Earn(grocer, 12), Earn(grocer, 3))
    await house.rate_now(programme)
    held = await answer(house, "verify", "clearing", "-p", programme.slug)
    assert [(proof["invariant"], proof["holds"]) for proof in held] == [(8, True), (9, True), (10, True)]
    assert "BROKEN" not in await command(house, "verify", "clearing", "-p", programme.slug)
    await house.as_superuser(f"DELETE FROM rated_entry WHERE ledger_id = {programme.ledger_id} AND seq = 1")
    told = await command(house, "verify", "clearing", "-p", programme.slug, fails=True)
    assert "9 BROKEN" in told
    assert "seq 1 is not rated" in told


async def test_names_and_labels_are_printed_as_they_are_whatever_is_in_them(house: House) -> None:
    programme = await house.programme()
    await house.partner(programme, "grocer")
    issued = await command(
        house, "partner", "key", "issue", "grocer", "--label", "till [/1] [red]", "-p", programme.slug
    )
    assert "sk_test_" in issued
    assert "till [/1] [red]" in issued
    assert "till [/1] [red]" in await command(house, "partner", "key", "list", "grocer", "-p", programme.slug)
    assert "st_" in await command(
        house, "staff", "add", f"Eve [/x] {secrets.token_hex(4)}", "--role", "pricing"
    )
    assert "Eve [/x]" in await command(house, "staff", "list")


async def test_what_goes_wrong_is_said_in_one_line(house: House) -> None:
    programme = await house.programme()
    await house.partner(programme, "grocer")
    for words, said in (
        (("partner", "list", "-p", "nobody"), "PROGRAMME_UNKNOWN"),
        (("partner", "stores", "nobody", "-p", programme.slug), "PARTNER_UNKNOWN"),
        (("partner", "key", "revoke", "key_x", "-p", programme.slug), "expected key_"),
        (("settle", "close", "-p", programme.slug, "--until", "2017-02-01"), "BOUNDARY_IN_FUTURE"),
        (("settle", "statement", "-p", programme.slug, "--partner", "grocer"), "NOT_FOUND"),
        (("settle", "close", "-p", programme.slug, "--until", "soon"), "is not a date or time"),
        (("verify", "clearing", "-p", "nobody"), "PROGRAMME_UNKNOWN"),
    ):
        assert said in await command(house, *words, fails=True)


async def test_the_command_itself_answers_and_refuses_with_one_message(house: House) -> None:
    programme = await house.programme()

    async def run(*words: str) -> tuple[int | None, str, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.launcher", *words,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=ROOT,
            env={**os.environ, **environment_of(house)},
        )  # fmt: skip
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()

    listed, refused = await asyncio.gather(
        run("programme", "list", "--json"), run("settle", "status", "-p", "nobody")
    )
    assert listed[0] == 0
    assert programme.slug in [each["slug"] for each in json.loads(listed[1])]
    assert refused[0] == 1
    assert "PROGRAMME_UNKNOWN" in refused[2]
    assert "Traceback" not in refused[2]


async def test_a_statement_s_file_is_written_verified_and_refused_once_it_was_changed(
    house: House, tmp_path: Path
) -> None:
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    await house.ledger.post(programme, Earn(grocer, 12_345), Burn(grocer, [(grocer, 7)]))
    await house.ledger.move_clock(programme, STARTS_AT_US + 9 * DAY_US)
    await house.rate_now(programme)
    await house.close(programme)
    files = [tmp_path / f"grocer-{window}.json" for window in (1, 2)]
    for window, file in enumerate(files, start=1):
        told = await command(
            house, "settle", "statement", "-p", programme.slug, "--partner", "grocer", "--window", str(window),
            "--file", str(file),
        )  # fmt: skip
        assert f"{file.stat().st_size:,} bytes" in told
    key = await answer(house, "settle", "key", "-p", programme.slug)
    shown = await command(house, "settle", "key", "-p", programme.slug)
    assert shown == f"{key['verifier_key']}\n\n{key['checkpoint']}"
    (tmp_path / "key").write_text(shown.partition("\n")[0])
    last = ("--key", str(tmp_path / "key"), "--previous", str(files[0]))
    assert "proved: its 2 entries are what was signed" in await command(
        house, "verify", "statement", str(files[0]), "--key", key["verifier_key"]
    )
    await command(house, "verify", "statement", str(files[1]), *last)
    # The one file by itself says the same, without anything of ours at hand.
    alone = shutil.copy(VERIFIER, tmp_path)
    run = subprocess.run(
        [sys.executable, "-I", alone, files[1], *last],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert "it continues window 1\n" in run.stdout
    files[0].write_text(files[0].read_text().replace("12345", "12346"))
    run = subprocess.run(
        [sys.executable, "-I", alone, files[0]], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("refused: ")
    await command(house, "verify", "statement", str(files[0]), fails=True)
    await command(house, "verify", "statement", str(tmp_path / "none"), fails=True)
