"""A month is settled by the operator's commands while the service is killed at random: once, whatever dies when.

The same shows that the commands of a settlement work one after the other, as docs/settlement-month.md has them.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncGenerator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from services.launcher.platform import Platform
from services.operations import ledger
from services.runtime.clock import to_micros
from tests.support.bank_files import camt, camt_statement, entry
from tests.support.operators_mall import STARTS_AT, WEEK, Mall, body_of, operators_mall
from tests.support.payment_model import OWN_IBAN, iban
from tests.support.platform import kill, running_platform

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

_COMPANY: Final = """
[party]
legal_name = "{name}"
street = "Kade 1"
city = "Amsterdam"
postcode = "1011 AB"
country = "NL"
vat_id = "{vat}"
registration_id = "KVK 1"
"""
_RULES: Final = """
[rules.points]
category = "S"
rate = 20
[rules.fees]
category = "S"
rate = 20
[rules.reimbursement]
category = "S"
rate = 10
[rules.prefunding]
category = "O"
exemption_text = "Security for what is owed"
[self_billing]
reference = "SB-1"
agreed_on = 2024-01-01
objection_days = 14
"""
_AWAY: Final = ("unavailable", "cannot be reached", "connection", "deadline")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def own_platform() -> AsyncGenerator[Platform]:
    """A platform that may be killed."""
    async with running_platform() as platform:
        yield platform


class Killer:
    """Kills the service while a command runs, at a moment that a seed decides, and asks again until it is done."""

    def __init__(self, mall: Mall, platform: Platform, seed: int) -> None:
        self._mall, self._platform, self._choice = mall, platform, random.Random(seed)
        self.killed = 0

    async def told(self, *words: str, by: str = "") -> Any:
        running = asyncio.create_task(self._mall.run(*words, "--json", by=by))
        # A command takes a second to start and a few hundredths to be done: half of the kills hit it, or what comes of it.
        await asyncio.sleep(self._choice.uniform(0.6, 1.6))
        await kill(self._platform, "partners")
        self.killed += 1
        return await self._answer(*(await running), *words, by=by)

    async def calmly(self, *words: str, by: str = "") -> Any:
        """Without a kill, but after those of before."""
        return await self._answer(*(await self._mall.run(*words, "--json", by=by)), *words, by=by)

    async def _answer(self, code: int, out: str, err: str, *words: str, by: str) -> Any:
        for _ in range(60):
            if not code:
                return json.loads(out)
            if "was approved before" in err:
                return None
            assert any(each in err.lower() for each in _AWAY), err
            await asyncio.sleep(0.5)
            code, out, err = await self._mall.run(*words, "--json", by=by)
        raise AssertionError(err)


async def contracts(mall: Mall, folder: Path) -> None:
    """Who everybody is, how it is taxed, and how it pays."""
    start = f"{STARTS_AT:%Y-%m-%d}"
    names = {"operator": "NL999999999B01", "grocer": "NL111111111B01", "fuel": "NL222222222B01"}
    for name, vat in names.items():
        text = _COMPANY.format(name=f"{name.title()} B.V.", vat=vat) + ("" if name == "operator" else _RULES)
        (folder / f"{name}.toml").write_text(text)
    operator = ("--file", str(folder / "operator.toml"), "--from", start)
    await mall.told("programme", "operator", "set", *operator)
    at = ("--town", "Amsterdam", "--country", "NL", "--from", start)
    own = ("--holder", "Operator B.V.", "--iban", OWN_IBAN, "--creditor-id", "NL79ZZZ999999990000")
    await mall.told("settle", "account", "set", *own, *at)
    for number, slug in enumerate(("grocer", "fuel"), start=1):
        file = ("--file", str(folder / f"{slug}.toml"), "--from", start)
        await mall.told("partner", "tax", "set", slug, *file)
        account = ("--holder", slug.title(), "--iban", iban(number, "ELSE"))
        mandate = ("--mandate", f"M-{slug}", "--mandate-signed", start)
        await mall.told("settle", "terms", "set", slug, *account, *at, *mandate)


async def test_a_month_is_settled_once_whatever_dies_meanwhile(
    own_platform: Platform, tmp_path: Path
) -> None:
    async with operators_mall(own_platform, per_minor=1, currency="EUR") as mall:
        await contracts(mall, tmp_path)
        card = (await mall.posted("grocer", "/v1/members", {}))["cards"][0]
        await mall.posted("grocer", "/v1/earns", body_of(card, amount=100_000, currency="EUR"))
        await mall.posted("fuel", "/v1/redemptions", body_of(card, points=40_000))
        end = STARTS_AT + WEEK
        await ledger.move_clock(mall.session, mall.programme, to_micros(end + timedelta(minutes=1)))
        await mall.told("settle", "close", "--until", f"{end:%Y-%m-%d}")
        killer = Killer(mall, own_platform, 1)

        drafted = await killer.told("settle", "draft", "--why", "January", by="maker")
        number = str(drafted["number"])
        approving = ("settle", "approve", number, "--hash", drafted["hash"])
        await killer.told(*approving, by="checker")
        instructing = ("settle", "instruct", number, "--out", str(tmp_path / "to-bank"))
        first = await killer.told(*instructing, by="maker")
        second = await killer.told(*instructing, by="maker")
        assert first == second
        paid = tmp_path / "statement.xml"
        paid.write_bytes(statement_of(first["payments"]))
        items = (await killer.told("settle", "bank-in", str(paid), by="maker"))[0]["items"]
        again = await killer.calmly("settle", "bank-in", str(paid), by="maker")

        assert killer.killed == 5
        assert (again[0]["known"], again[0]["items"]) == (True, items)
        assert [each["outcome"] for each in items] == ["settled", "settled"]
        dues = {each["partner"]: each["due_minor"] for each in first["positions"]}
        assert dues == {"grocer": 120_000, "fuel": -30_800}
        assert sorted(each["number"] for each in first["documents"]) == ["2024-380-000001", "2024-389-000001"]
        for partner, number_of in (("grocer", "2024-380-000001"), ("fuel", "2024-389-000001")):
            await reads_its_own_document(mall, partner, number_of)
        assert len(list((tmp_path / "to-bank").iterdir())) == len(first["files"]) == 2
        run = await mall.told("settle", "run", number)
        assert run["state"] == "settled"
        accounts = {each["account"]: each for each in (await mall.told("settle", "trace"))["accounts"]}
        assert accounts["bank"]["balance_minor"] == 120_000 - 30_800
        assert {each["difference_minor"] for each in accounts.values()} == {0}
        # Nothing is left to be settled, so nothing was lost on the way either.
        assert "no statement is due" in await mall.refusal("settle", "draft", "--why", "again", by="maker")
        await pays_ahead(mall, killer)


async def pays_ahead(mall: Mall, killer: Killer) -> None:
    """A partner is asked for money ahead, and for it once, whatever dies as the run is instructed."""
    await mall.told("settle", "prefunding", "ask", "grocer", "500.00", "--why", "contract")
    drafted = await mall.told("settle", "draft", "--why", "a deposit", by="maker")
    number = str(drafted["number"])
    await mall.told("settle", "approve", number, "--hash", drafted["hash"], by="checker")
    made = await killer.told("settle", "instruct", number, by="maker")
    assert await killer.calmly("settle", "instruct", number, by="maker") == made
    assert [(each["number"], each["due_minor"]) for each in made["documents"]] == [
        ("2024-386-000001", 50_000)
    ]
    found = await mall.told("settle", "prefunding", "list", "grocer")
    assert found["held"] == [{"company": 1, "held_minor": 50_000}]
    assert (found["unpaid_minor"], found["orders"][0]["run"]) == (50_000, int(number))
    accounts = {each["account"]: each for each in (await mall.told("settle", "trace"))["accounts"]}
    assert (accounts["prepaid"]["balance_minor"], accounts["prepaid"]["difference_minor"]) == (-50_000, 0)


async def reads_its_own_document(mall: Mall, partner: str, number: str) -> None:
    """A partner has one document and gets it in all its forms; another one does not see it."""
    own, path = mall.tills[partner], f"/v1/documents/{number}"
    (listed,) = (await own.get("/v1/documents")).json()["data"]
    read = await own.get(path)
    assert (listed["id"], listed["sha256"]) == (number, sha256(read.content).hexdigest())
    assert (read.json()["partner"], read.json()["due_minor"]) == (partner, listed["due_minor"])
    for name, start in (("csv", b"record,"), ("pdf", b"%PDF-"), ("xml", b"<?xml")):
        file = await own.get(path, params={"format": name})
        assert (file.status_code, file.content.startswith(start)) == (200, True)
    for stranger in (each for slug, each in mall.tills.items() if slug != partner):
        answers = [await stranger.get(path, params={"format": name}) for name in ("json", "pdf")]
        assert [each.json()["code"] for each in answers] == ["not_found"] * 2
        assert number not in (await stranger.get("/v1/documents")).text


def statement_of(payments: list[dict[str, Any]]) -> bytes:
    """A statement of the bank on which all payments are booked."""
    entries: list[str] = []
    total = 0
    for each in payments:
        amount = each["amount_minor"]
        side = "CRDT" if each["direction"] == "collect" else "DBIT"
        total += amount if side == "CRDT" else -amount
        inner = f"<TxDtls><Refs><EndToEndId>{each['end_to_end_id']}</EndToEndId></Refs></TxDtls>"
        text = f"{amount // 100}.{amount % 100:02}"
        entries.append(entry(text, side, inner, reference=each["end_to_end_id"]))
    return camt(camt_statement(*entries, closing=f"{total // 100}.{total % 100:02}"))
