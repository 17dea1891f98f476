"""The command line of people, approvals, credit limits and the audit log, as they are typed."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.runtime.principal import Programme
from tests.component.partners.test_commands import answer, command
from tests.support.partners import House
from tests.support.partners_office import Office

Plant = Callable[[list[str]], list[str]]


async def people_of(house: House, *roles: str) -> dict[str, dict[str, Any]]:
    """New people, one a role, by role."""
    return {
        role: await answer(house, "staff", "add", f"{role} {secrets.token_hex(3)}", "--role", role)
        for role in roles
    }


async def test_roles_and_tokens_are_managed_from_the_command_line(house: House) -> None:
    person = (await people_of(house, "maker"))["maker"]
    name = person["name"]
    changed = await answer(house, "staff", "roles", name, "--assign", "checker", "--take", "maker")
    assert changed["roles"] == ["checker"]
    issued = await answer(house, "staff", "token", "add", name, "--label", "laptop", "--until", "2100-01-01")
    assert (issued["label"], issued["expires_at"]) == ("laptop", "2100-01-01T00:00:00+00:00")
    told = await command(house, "staff", "token", "add", person["id"], "--label", "desk")
    assert re.search(r"token: st_[0-9A-Za-z]{40}\n", told)
    listed = await answer(house, "staff", "token", "list", name, staff_token=issued["secret"])
    assert [each["label"] for each in listed] == ["desk", "laptop", "first"]
    revoked = await answer(house, "staff", "token", "revoke", issued["id"])
    assert revoked["revoked_at"] is not None
    shown = await command(house, "staff", "token", "list", name)
    assert revoked["revoked_at"][:19] in shown
    assert issued["secret"] not in shown
    refused = await command(house, "staff", "token", "list", name, staff_token=issued["secret"], fails=True)
    assert "UNAUTHENTICATED" in refused
    assert "NOT_FOUND" in await command(house, "staff", "roles", "Nobody", "--take", "maker", fails=True)


async def test_a_limit_is_proposed_by_one_and_approved_by_another(house: House) -> None:
    programme = await house.programme()
    await house.partner(programme, "grocer", issue=None)
    people = await people_of(house, "pricing", "checker")
    by, of = {role: person["token"] for role, person in people.items()}, ("-p", programme.slug)
    words = ("settle", "limits", "propose", "grocer", "--limit", "5000.00", "--why", "as agreed", *of)
    assert "PERSON_NEEDED" in await command(house, *words, fails=True)
    told = await command(house, *words, staff_token=by["pricing"])
    draft_id, seen = re.findall(r"drf_[0-9a-z]{26}", told)[0], re.findall("hash: ([0-9a-f]{64})", told)[0]
    assert "limit_minor: 500000" in told
    assert draft_id in await command(house, "approvals", "list", "--open", *of)
    shown = await answer(house, "approvals", "show", draft_id, *of)
    assert (shown["hash"], shown["state"], shown["made_by"]) == (seen, "open", people["pricing"]["name"])
    approve = ("approvals", "approve", draft_id, *of, "--hash")
    assert "is not a hash" in await command(house, *approve, seen[:10], fails=True)
    assert "PERSON_NEEDED" in await command(house, *approve, seen, fails=True)
    assert "OWN_DRAFT" in await command(house, *approve, seen, staff_token=by["pricing"], fails=True)
    changed = await command(house, *approve, "0" * 64, staff_token=by["checker"], fails=True)
    assert "DRAFT_CHANGED" in changed
    approved = await answer(house, *approve, seen, "--why", "checked", staff_token=by["checker"])
    assert (approved["state"], approved["decided_why"]) == ("approved", "checked")
    again = await command(house, *approve, seen, staff_token=by["checker"], fails=True)
    assert "DRAFT_DECIDED" in again
    (limit,) = await answer(house, "settle", "limits", "list", "grocer", *of)
    assert (limit["limit_minor"], limit["on_limit"], limit["approved_by"]) == (
        500_000,
        "refuse",
        people["checker"]["name"],
    )
    assert "5,000.00" in await command(house, "settle", "limits", "list", "grocer", *of)

    unlimited = (
        "settle",
        "limits",
        "propose",
        "grocer",
        "--limit",
        "none",
        "--on-limit",
        "refuse",
        "--why",
        "new",
    )
    other = await answer(house, *unlimited, "--prefunded", "12.50", *of, staff_token=by["pricing"])
    assert (other["body"]["limit_minor"], other["body"]["prefunded_minor"]) == (None, 1_250)
    rejecting = ("approvals", "reject", other["id"], "--why", "no", *of)
    rejected = await command(house, *rejecting, staff_token=by["checker"])
    assert "rejected" in rejected
    mine = await answer(house, *unlimited, *of, staff_token=by["pricing"])
    taken = await answer(house, "approvals", "withdraw", mine["id"], *of, staff_token=by["pricing"])
    assert taken["state"] == "withdrawn"
    finer = await command(
        house, "settle", "limits", "propose", "grocer", "--limit", "0.005", "--why", "x", *of,
        staff_token=by["pricing"], fails=True,
    )  # fmt: skip
    assert "more than two decimals" in finer
    parked = await answer(
        house, "settle", "limits", "propose", "grocer", "--limit", "5.00", "--on-limit", "park", "--why", "x", *of,
        staff_token=by["pricing"],
    )  # fmt: skip
    assert parked["body"]["on_limit"] == "park"


@pytest.fixture
async def exported(office: Office, tmp_path: Path) -> tuple[Programme, Path, str]:
    """A programme with six rows, its export, and what was to be noted down."""
    house = office.house
    programme, partner_id, maker, checker = await office.desk()
    await office.approve(checker.on(programme), await office.draft(maker, programme, partner_id))
    await house.partner(programme, "fuel", issue=None)
    file = tmp_path / "audit.jsonl"
    told = await command(house, "audit", "export", "-p", programme.slug, "--file", str(file))
    return programme, file, re.findall("note down (6:[0-9a-f]{64})", told)[0]


async def test_the_log_is_listed_and_checked_live_and_as_a_file(
    house: House, exported: tuple[Programme, Path, str]
) -> None:
    programme, file, noted = exported
    of = ("-p", programme.slug)
    rows = await answer(house, "audit", "list", *of)
    assert [row["what"] for row in rows][-3:] == ["draft.approved", "limit.set", "partner.onboarded"]
    newest = await command(house, "audit", "list", *of, "--limit", "2")
    assert "partner.onboarded" in newest
    assert "draft.approved" not in newest
    assert [
        row["number"] for row in await answer(house, "audit", "list", *of, "--from", "2", "--limit", "2")
    ] == [2, 3]
    assert "staff.added" in await command(house, "audit", "list", "--host", "--limit", "1000")
    out = await command(house, "audit", "export", *of)
    assert out.splitlines() == file.read_text().splitlines()
    for words in (of, (str(file),), ("--host",)):
        proof = await answer(house, "verify", "audit", *words)
        assert (proof["holds"], proof["faults"]) == (True, [])
    for words in (of, (str(file),)):
        assert "holds" in await command(house, "verify", "audit", *words, "--noted", noted)
        told = await command(house, "verify", "audit", *words, "--noted", f"6:{'0' * 64}", fails=True)
        assert "row 6 is not the one that was noted" in told
    assert "name a programme" in await command(house, "audit", "list", fails=True)
    await house.as_superuser(
        f"UPDATE audit_head SET number = 5 WHERE ledger_id = {programme.ledger_id} AND number = 6"
    )
    told = await command(house, "verify", "audit", *of, fails=True)
    assert "BROKEN" in told
    assert "row 6 stands beyond the head" in told


def edited(lines: list[str], place: int, **changes: Any) -> list[str]:
    said = {**json.loads(lines[place]), **changes}
    return [*lines[:place], json.dumps(said), *lines[place + 1 :]]


PLANTS: tuple[tuple[Plant, str], ...] = (
    (lambda lines: edited(lines, 2, why="nothing"), "row 3 is not what was hashed"),
    (lambda lines: edited(lines, 4, after={"limit_minor": 1}), "row 5 is not what was hashed"),
    (lambda lines: edited(lines, 4, at_us=5), "row 5 is not what was hashed"),
    (lambda lines: edited(lines, 3, hash="0" * 64), "row 5 does not follow row 4"),
    (lambda lines: edited(lines, 1, at_us=1.5), "line 2 cannot be read: at_us is not a whole number"),
    (
        lambda lines: edited(lines, 1, more="x"),
        "line 2 cannot be read: it has not the fields of a row: more",
    ),
    (lambda lines: edited(lines, 1, ledger_id=77), "row 2 is of ledger 77"),
    (lambda lines: [*lines[:2], *lines[3:]], "row 3 is missing"),
    (lambda lines: lines[1:], "row 1 is missing"),
    (lambda lines: [*lines[:5], lines[6]], "row 6 and what follows it are missing: the head is row 6"),
    (lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]], "row 3 stands after row 4"),
    (lambda lines: [*lines[:3], lines[2], *lines[3:]], "row 3 stands after row 3"),
    (lambda lines: lines[:-1], "the end of the chain is missing"),
    (lambda lines: [*lines, lines[0]], "row 1 stands after the end, in line 8"),
    (lambda lines: [*lines[:3], "nonsense", *lines[3:]], "line 4 cannot be read"),
    (lambda _: [], "the end of the chain is missing"),
)


@pytest.mark.parametrize(("plant", "said"), PLANTS)
async def test_a_fault_planted_in_an_export_is_found_and_the_row_named(
    house: House,
    exported: tuple[Programme, Path, str],
    plant: Plant,
    said: str,
) -> None:
    _, file, _ = exported
    file.write_text("".join(f"{line}\n" for line in plant(file.read_text().splitlines())))
    told = await command(house, "verify", "audit", str(file), fails=True)
    assert "BROKEN" in told
    assert said in told


async def test_an_end_that_was_cut_off_with_the_head_made_to_fit_is_found_by_what_was_noted(
    house: House, exported: tuple[Programme, Path, str]
) -> None:
    _, file, noted = exported
    lines = file.read_text().splitlines()[:5]
    last = json.loads(lines[-1])
    head = {"head": {"ledger_id": last["ledger_id"], "number": 5, "hash": last["hash"]}}
    file.write_text("".join(f"{line}\n" for line in (*lines, json.dumps(head))))
    assert "holds" in await command(house, "verify", "audit", str(file))
    told = await command(house, "verify", "audit", str(file), "--noted", noted, fails=True)
    assert "there is no row 6, which was noted" in told
