"""One run: traffic and faults, then peace, then the books."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg

from services.launcher.processes import SERVICES
from services.operations import ledger
from services.operations.proofs import prove_clearing, prove_ledger
from services.operations.session import Session, open_session
from services.runtime.errors import CoalitionError
from tests.chaos.books import Books, read_books
from tests.chaos.campaigns import in_model, known, load_again, set_campaigns
from tests.chaos.clock import Clock
from tests.chaos.floors import floors_again, set_floors
from tests.chaos.history import History, Operation
from tests.chaos.http_client import NoAnswer
from tests.chaos.injector import Injector
from tests.chaos.judging import Violation, asked_again, by_group, heard, judge, members_of
from tests.chaos.mall import (
    BACKDATE_DAYS,
    EXPIRY_MONTHS,
    PARTNERS,
    REQUEST_SECONDS,
    ZONE,
    Mall,
    Partner,
    open_mall,
)
from tests.chaos.operations import OPERATIONS, Doing
from tests.chaos.operator import Operator
from tests.chaos.parking import fitting
from tests.chaos.plan import Plan
from tests.chaos.platform import ChaosPlatform
from tests.chaos.rating import rated_otherwise
from tests.chaos.replaying import Replay
from tests.chaos.schedule import Fault, schedule
from tests.chaos.traffic import Traffic
from tests.support.ledger_facts import Expiry
from tests.support.ledger_model import LedgerModel
from tests.support.park_model import fits
from tests.support.platform import platform_folder
from tests.support.waiting import until

#: How long all processes may take to be back, tills to get their answers, and the backlog to drain, once all is healed.
_BACK_SECONDS: Final = 180.0
_ANSWERS_SECONDS: Final = 90.0
_DRAIN_SECONDS: Final = 180.0
_AT_ONCE: Final = 12
#: How often one of them is asked, after what pause where none is named (seconds).
_TRIES_MAX: Final = 5
_PAUSE_SECONDS: Final = 1.0
_PROGRESS_SECONDS: Final = 10.0
_VIOLATIONS_MAX: Final = 200
#: A budget with less than this has nothing left for most sales.
_DRY: Final = 25


@dataclass
class Result:
    """What came of a run."""

    plan: Plan
    history: History = field(default_factory=History)
    violations: list[Violation] = field(default_factory=list[Violation])
    faults: dict[str, int] = field(default_factory=dict[str, int])
    missed: dict[str, int] = field(default_factory=dict[str, int])
    restarts: dict[str, int] = field(default_factory=dict[str, int])
    postings: dict[str, int] = field(default_factory=dict[str, int])
    figures: dict[str, Any] = field(default_factory=dict[str, Any])
    remarks: list[str] = field(default_factory=list[str])

    def found(self, rule: str, detail: str) -> None:
        """Notes a violation."""
        self.violations.append(Violation(rule, detail))


class Run:
    """One run under way."""

    def __init__(
        self,
        plan: Plan,
        faults: Sequence[Fault] | None = None,
        operations: Sequence[Doing] = OPERATIONS,
        keep_in: Path | None = None,
    ) -> None:
        """`faults`: these, in place of those that follow from the seed. `keep_in`: where logs go if something is found."""
        self.result = Result(plan)
        self._plan, self._operations, self._keep_in = plan, operations, keep_in
        self._faults = schedule(plan.seed, plan.seconds, plan.kinds) if faults is None else faults
        self._started = time.monotonic()

    def say(self, text: str) -> None:
        """Tells how far it is."""
        print(f"{time.monotonic() - self._started:5.0f} s  {text}", flush=True)

    async def run(self) -> Result:
        """Runs it to its end; whatever happens, nothing of it is left behind but what is kept on purpose."""
        # (The server's user reads the clock and the scripts there.)
        async with platform_folder(for_all=True) as folder:
            clock = Clock(folder)
            if not clock.steps:
                self.result.remarks.append(
                    "no libfaketime here (apt-get install faketime): clocks are not stepped"
                )
            broken = (sys.executable, "-m", "tests.chaos.broken", self._plan.broken)
            platform = ChaosPlatform(folder, clock, broken if self._plan.broken else ())
            self.say(
                "starting PostgreSQL, NATS, two gateways, two replicas of points, members, partners, relay"
            )
            try:
                async with platform:
                    await self._on(platform)
            finally:
                if self._keep_in is not None and self.result.violations:
                    shutil.copytree(folder / "logs", self._keep_in, dirs_exist_ok=True)
        return self.result

    async def _on(self, platform: ChaosPlatform) -> None:
        async with open_session(platform.environment, patience_seconds=60) as session:
            mall = await open_mall(session, platform.environment, platform.gateway_urls)
            await set_campaigns(session, mall)
            await set_floors(session, mall)
            self.result.history = mall.history
            try:
                await self._disturbed(platform, session, mall)
                if await self._drained(platform, session, mall):
                    await self._judged(platform, session, mall)
            except TimeoutError as error:
                self.result.found("backlog", f"something did not come to its end in time: {error!r}")
            finally:
                self.result.restarts = {name: platform.restarts_of(name) for name in platform.names}
                await mall.close()

    async def _disturbed(self, platform: ChaosPlatform, session: Session, mall: Mall) -> None:
        plan = self._plan
        self.say(f"seed {plan.seed}: {plan.seconds:.0f} s of traffic, {len(self._faults)} faults to come")
        injector = Injector(platform, self._faults)
        traffic = Traffic(mall, plan.seed, self._operations)
        operator = Operator(mall, session, platform.environment, platform.clock, plan.seed)
        beside = [
            asyncio.create_task(each)
            for each in (
                injector.run(),
                operator.run(),
                operator.bound(),
                self._progress(mall.history, injector),
            )
        ]
        traffic.start()
        try:
            await asyncio.sleep(plan.seconds)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await injector.heal()
        self.result.faults, self.result.missed = dict(injector.done), dict(injector.missed)
        self.result.figures["clock moved by the operator"] = operator.moved
        self.say("healed; waiting for what was asked")
        async with asyncio.timeout(_BACK_SECONDS):
            await platform.wait_ready()
        await traffic.stop(_ANSWERS_SECONDS)
        try:
            await load_again(session, mall)
            await floors_again(session, mall)
        except CoalitionError as error:
            self.result.found("no answer", f"a load or a floor was not accepted: {error}")

    async def _progress(self, history: History, injector: Injector) -> None:
        while True:
            await asyncio.sleep(_PROGRESS_SECONDS)
            answered = sum(operation.answered for operation in history)
            self.say(
                f"{len(history.operations):,} operations, {answered:,} answered, {history.again():,} requests sent "
                f"again; {injector.done.total()} faults, last: {injector.last}"
            )

    async def _drained(self, platform: ChaosPlatform, session: Session, mall: Mall) -> bool:
        """Whether the relay and rating have come to the end of the journal, and nothing is parked that fits."""
        partners = await asyncpg.connect(_admin_url(platform, "partners"))
        points = await asyncpg.connect(_admin_url(platform, "points"))
        reached = "nothing"

        async def drained() -> bool:
            nonlocal reached
            fit = await fitting(points, mall.programme.ledger_id)
            head = await ledger.head(session, mall.programme)
            rated = await partners.fetchval(
                "SELECT rated_seq FROM rating_head WHERE ledger_id = $1", mall.programme.ledger_id
            )
            reached = (
                f"told {head.last_pos}, relayed {head.relayed_pos}, posted {head.last_seq}, rated {rated}, "
                f"parked though there is headroom {fit}"
            )
            return head.relayed_pos == head.last_pos and rated == head.last_seq and not fit

        try:
            await until(drained, _DRAIN_SECONDS)
        except TimeoutError:
            self.result.found("backlog", reached)
            return False
        finally:
            await partners.close()
            await points.close()
        return True

    async def _judged(self, platform: ChaosPlatform, session: Session, mall: Mall) -> None:
        waiting = [operation for operation in mall.history if operation.waits]
        self.say(f"asking {len(waiting):,} operations that were parked, or waited, for their final answers")
        await self._ask(mall, waiting)
        result, urls = self.result, {service: _admin_url(platform, service) for service in SERVICES}
        self.say("verifying ledger and clearing")
        for proof in (
            *await prove_ledger(session, mall.programme),
            *await prove_clearing(session, mall.programme),
        ):
            if not proof.holds:
                result.found(
                    "checker", f"{proof.invariant} {proof.name}: {proof.figure}; {list(proof.breaches)[:5]}"
                )
        books = await read_books(session, mall.programme, urls)
        try:
            _ = books.journal
        except AssertionError as error:
            # There is nothing to replay: a posting is on accounts that are not those of its kind.
            result.found("journal", f"it cannot be read: {error}")
            result.violations += heard(mall.history, books)
            return
        self.say(
            f"replaying {len(books.records):,} postings and {len(books.kept):,} answers through the model"
        )
        model = await asyncio.to_thread(self._replayed, mall, books)
        slugs = {partner.partner_id: slug for slug, partner in mall.partners.items()}
        funders = {campaign_id: campaign.funders for campaign_id, campaign in known(mall).items()}
        for difference in rated_otherwise(books.records, books.rated, slugs, funders):
            result.found("rated", difference)
        result.postings = dict(Counter(posted.kind for posted in books.journal).most_common())
        result.figures |= {
            "answers kept": len(books.kept),
            "batches": len(books.batches),
            "rated entries": len(books.rated),
            "windows stated": books.windows_stated,
            "budget loads": len(mall.history.loads),
            "floors moved": len(mall.history.floors),
            "parked": len(books.parked),
            "parked and posted since": sum(
                posted.kind == "earn" and bool(posted.original_seq) for posted in books.journal
            ),
            "parked still": len(model.parked),
            "refunds that waited": len(books.waited),
            "budgets with nothing left": sum(campaign.left < _DRY for campaign in model.campaigns.values()),
        }
        if not any(found.rule == "model" for found in result.violations):
            await self._balances(session, mall, model, books)
        await self._again(session, mall, books, urls)
        del result.violations[_VIOLATIONS_MAX:]

    def _replayed(self, mall: Mall, books: Books) -> LedgerModel:
        model = LedgerModel(ZONE, Expiry("months_after_earn", EXPIRY_MONTHS), BACKDATE_DAYS)
        for slug, partner in mall.partners.items():
            terms = PARTNERS[slug]
            model.set_rate(partner.partner_id, 1, terms.points, terms.per_minor, terms.pending_days)
            model.refund_rules[partner.partner_id] = (terms.shortfall, terms.tender_order)
            if terms.takes:
                model.burn_rules.set(partner.partner_id, 1, terms.takes)
        in_model(model, mall)
        replay = Replay(model, books, books.journal, by_group(mall.history), mall.history.loads)
        try:
            replay.run()
        except (AssertionError, KeyError, IndexError, ValueError) as error:
            self.result.found("model", f"the model cannot follow the journal: {error!r}")
        self.result.violations += judge(mall.history, books, replay, model.journal)
        for seq in (seq for seq in model.parked if fits(model, seq)):
            self.result.found("parked", f"posting {seq} has parked a sale, and there is headroom for it")
        return model

    async def _balances(self, session: Session, mall: Mall, model: LedgerModel, books: Books) -> None:
        """What each partner is told of each wallet is what the model has left in it."""
        partner = next(iter(mall.partners.values()))
        for member in sorted(members_of(books)):
            alias = mall.aliases.alias(partner.partner_id, member)
            possible: set[int] = set()
            told = None
            for when in ("before", "after"):
                head = await ledger.head(session, mall.programme)
                possible.add(model.available(member, head.now_us))
                if when == "before":
                    told = await _told_balance(partner, alias)
            if told not in possible:
                self.result.found("balance", f"member {member} is told {told}, the model has {possible}")

    async def _again(self, session: Session, mall: Mall, before: Books, urls: dict[str, str]) -> None:
        """Asks everything that was answered once more."""
        asked = [each for each in mall.history if each.answered or each.waits]
        # (What was turned away, and left nothing behind, may be another thing by now.)
        asked = [each for each in asked if not each.movements or not _is_turned_away(each)]
        self.say(f"asking all {len(asked):,} operations with an answer again")
        await self._ask(mall, asked)
        unheard = [each for each in asked if not each.heard[-1].definite and not each.heard[-1].waits]
        for operation in unheard[:5]:
            self.result.found("asked again", f"{operation} got no answer: {operation.heard[-1]}")
        after = await read_books(session, mall.programme, urls)
        known = set(map(str, self.result.violations))
        found = asked_again(mall.history, before, after)
        self.result.violations += [each for each in found if str(each) not in known]

    @staticmethod
    async def _ask(mall: Mall, operations: Sequence[Operation]) -> None:
        """Sends each once more, and again where it is told to come back.

        Some are of one partner at the same time, and a gateway takes only so many large bodies of one at once.
        """
        places = asyncio.Semaphore(_AT_ONCE)

        async def ask(number: int, operation: Operation) -> None:
            partner = mall.partners[operation.partner]
            for _ in range(_TRIES_MAX):
                async with places:
                    await partner.send(operation, number % len(partner.gateways))
                heard = operation.heard[-1]
                if heard.definite or heard.waits:
                    return
                await asyncio.sleep(heard.body.get("retry_after_seconds", _PAUSE_SECONDS))

        await asyncio.gather(*(ask(*each) for each in enumerate(operations)))


def _is_turned_away(operation: Operation) -> bool:
    return operation.answer is not None and operation.answer.code in operation.expected


async def _told_balance(partner: Partner, alias: str) -> int | str | None:
    """What a partner is told that a member can spend, or why it is told nothing; None without an answer."""
    try:
        _, _, answer = await partner.gateways[0].request(
            "GET", f"/v1/members/{alias}/balance", REQUEST_SECONDS
        )
    except NoAnswer:
        return None
    return answer.get("available", answer.get("code"))


def _admin_url(platform: ChaosPlatform, service: str) -> str:
    database = urlsplit(platform.environment[f"COALITION_{service.upper()}_DATABASE_URL"]).path
    return urlsplit(platform.environment["DATABASE_URL"])._replace(path=database).geturl()
