"""A month is settled while the service, or its database, is killed at random: once, whatever dies when.

The same shows that the commands of a settlement work one after the other, as docs/settlement-month.md has them.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
import pytest_asyncio
from coalition.type.v1.reason_pb2 import Reason

from services.launcher.platform import Platform
from services.operations import approvals, ledger, proofs, runs
from services.operations.documents import Document
from services.runtime.clock import to_micros
from services.runtime.errors import CoalitionError
from tests.support.operators_mall import STARTS_AT, WEEK, Mall, body_of, burn_of, operators_mall
from tests.support.payment_model import OWN_IBAN, iban
from tests.support.platform import crash_postgres, kill, running_platform
from tests.support.settled_mall import SettledMall, dues, settled_mall, statement_of

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.long, pytest.mark.timeout(240)]

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
T = TypeVar("T")
_AWAY: Final = ("unavailable", "cannot be reached", "connection", "deadline")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def own_platform() -> AsyncGenerator[Platform]:
    """A platform that may be killed, with a PostgreSQL of its own: another's is not ours to kill."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
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
        await mall.posted("fuel", "/v1/redemptions", burn_of(card, points=40_000))
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
        paid.write_bytes(statement_of(first["payments"])[0])
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
        traced = await mall.told("settle", "trace")
        accounts = {each["account"]: each for each in traced["accounts"]}
        assert accounts["bank"]["balance_minor"] == 120_000 - 30_800
        assert {each["difference_minor"] for each in accounts.values()} == {0}
        (bank,) = traced["bank"]
        assert (bank["iban"], bank["booked_minor"], bank["difference_minor"]) == (
            OWN_IBAN,
            120_000 - 30_800,
            0,
        )
        _, shown, _ = await mall.run("settle", "trace")
        assert "has not reported yet: 0.00 to come, 0.00 to go." in shown
        assert OWN_IBAN in shown
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


class Crasher:
    """Kills PostgreSQL while a step runs, at a moment that a seed decides, and repeats the step until it is done.

    `amid`: how many of the kills came before the step was answered.
    """

    def __init__(self, platform: Platform, seed: int) -> None:
        self._platform, self._choice = platform, random.Random(seed)
        self.crashed = self.amid = 0

    async def done(self, step: Callable[[], Awaitable[T]], times: int = 0) -> T:
        """What a step answers in the end; the server is killed in so many of its first attempts.

        A step takes some fifty milliseconds, so most of the kills hit it, and the others what comes of it.
        """
        while True:
            running = asyncio.ensure_future(step())
            if times:
                await asyncio.sleep(self._choice.uniform(0.0, 0.08))
                self.amid += not running.done()
                await crash_postgres(self._platform, whole=self._choice.random() < 0.5)
                self.crashed += 1
                times -= 1
            try:
                answer = await running
            except CoalitionError as error:
                assert error.entry.retryable, error
                await asyncio.sleep(0.1)
                continue
            if not times:
                return answer


@pytest.mark.long
async def test_two_runs_are_settled_once_though_their_database_is_killed_in_every_step(
    own_platform: Platform, tmp_path: Path
) -> None:
    async with (
        operators_mall(own_platform, per_minor=1, currency="EUR") as mall,
        settled_mall(mall, tmp_path) as desk,
    ):
        card = (await mall.posted("grocer", "/v1/members", {}))["cards"][0]
        for week in (1, 2):
            await mall.posted("grocer", "/v1/earns", body_of(card, amount=100_000, currency="EUR"))
            await mall.posted("fuel", "/v1/redemptions", burn_of(card, points=40_000))
            await desk.close(week)
        # Nobody but the test asks again: so a step can be killed a second time before it was ever done.
        desk.maker.patience_seconds = desk.checker.patience_seconds = 0.0
        crasher = Crasher(own_platform, 2)
        made = [await settled_in_pieces(desk, crasher, window) for window in (1, 2)]
        desk.maker.patience_seconds = desk.checker.patience_seconds = 60.0

        assert crasher.crashed == 6
        assert crasher.amid > 0
        assert [dues(each) for each in made] == [{"grocer": 120_000, "fuel": -30_800}] * 2
        await nothing_twice(desk, made)
        assert (await desk.accounts())["bank", ""] == 2 * (120_000 - 30_800)
        found = await proofs.prove_clearing(mall.session, mall.programme)
        assert {proof.name: proof.breaches for proof in found if proof.breaches} == {}


async def settled_in_pieces(desk: SettledMall, crasher: Crasher, window: int) -> Document:
    """A run up to a window, from draft to bank, whatever is repeated: its whole as it was instructed.

    The first one is killed in every step, and twice in the one that nothing is taken back of; the second as the bank's file comes in.
    """
    programme, first = desk.mall.programme, int(window == 1)
    drafted = await crasher.done(
        lambda: runs.draft(desk.maker, programme, window, "again and again"), times=first
    )
    number = drafted.run.number
    # Some connection may still find out that its server is another one.
    seen = await crasher.done(lambda: runs.whole(desk.maker, programme, number))

    async def approve() -> None:
        try:
            await approvals.approve(desk.checker, programme, seen["draft"], seen["hash"], "seen")
        except CoalitionError as error:
            # It was, and nobody was told.
            if error.reason != Reason.REASON_DRAFT_DECIDED:
                raise

    await crasher.done(approve, times=first)
    await crasher.done(lambda: runs.instruct(desk.maker, programme, number), times=2 * first)
    made = await crasher.done(lambda: runs.whole(desk.maker, programme, number))
    paid = desk.folder / f"bank-{number}.xml"
    paid.write_bytes(desk.bank_says(made["payments"]))
    taken = await crasher.done(lambda: runs.receive(desk.maker, programme, paid), times=1)
    assert [each.outcome for each in taken.items] == ["settled", "settled"]
    return made


async def nothing_twice(desk: SettledMall, made: Sequence[Document]) -> None:
    """All that there is of runs: those that were instructed, each paid in full; what was drafted in vain comes to nothing."""
    maker, programme = desk.maker, desk.mall.programme
    numbers = [each["number"] for each in made]
    drafted = await runs.runs(maker, programme, 100, 0)
    for each in drafted:
        now = await runs.whole(maker, programme, each.number)
        if each.number in numbers:
            assert now["state"] == "settled"
            continue
        # The draft of an attempt that was not heard of: nobody approved it, and nobody can any more.
        assert (now["state"], now["documents"], now["payments"], now["files"]) == ("draft", [], [], [])
        with pytest.raises(CoalitionError) as caught:
            await approvals.approve(desk.checker, programme, now["draft"], now["hash"], "seen")
        assert caught.value.reason == Reason.REASON_RUN_STALE
    listed = [each.number async for each in runs.documents(maker, programme, "", 0)]
    assert sorted(listed) == [f"2024-{kind}-{number:06}" for kind in (380, 389) for number in (1, 2)]
    payments = [payment for run in made for payment in run["payments"]]
    assert len({each["end_to_end_id"] for each in payments}) == len(payments) == 4
    files = [file for run in made for file in run["files"]]
    assert sorted(file["number"] for file in files) == [1, 2, 3, 4]
    assert len({file["message_id"] for file in files}) == 4
    for file in files:
        body = (await runs.bank_file(maker, programme, file["number"])).body
        assert (sha256(body).hexdigest(), body.count(b"<EndToEndId>")) == (file["sha256"], 1)


async def reads_its_own_document(mall: Mall, partner: str, number: str) -> None:
    """A partner has one document and gets it in all its forms; another one does not see it."""
    own, path = mall.tills[partner], f"/v1/documents/{number}"
    (terms,) = (await own.get("/v1/payment-terms")).json()["data"]
    assert (terms["mandate"]["id"], terms["account"]["iban"][:-4].strip("*")) == (f"M-{partner}", "")
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
