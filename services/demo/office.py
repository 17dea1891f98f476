"""The operator's office: when a week is closed it takes in what the bank says, makes the settlement runs, and hands over their files.

One person drafts each run and another approves it. Everything may be done again: what is done already is looked up, at the platform
and at the bank, so a demo that was killed in between does it once all the same.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

from services.demo.bank import Bank
from services.demo.config import DemoConfig
from services.demo.staff import People
from services.operations import approvals, runs
from services.operations.documents import Document
from services.operations.session import Session
from services.runtime.errors import CoalitionError
from services.runtime.principal import Programme

R = TypeVar("R")

_RUNS_MAX: Final = 100
_BREAKS_MAX: Final = 100
_OPEN: Final = ("open", "overdue")
_RETRY_SECONDS: Final = 0.3
# Runs follow their payments by a job of the platform, every few seconds.
_FOLLOWED_WITHIN_SECONDS: Final = 60.0


class OfficeError(Exception):
    """Settling does not come to its end."""


class Office:
    """Both people's work, and what happens at the bank meanwhile; see demo.toml. `folder`: the bank's files are kept below it."""

    def __init__(
        self,
        config: DemoConfig,
        programme: Programme,
        bank: Bank,
        folder: Path,
        host: Session,
        people: People,
    ) -> None:
        self._config, self._programme, self._bank, self._folder = config, programme, bank, folder
        self._host, self._maker, self._checker = host, people.maker, people.checker

    async def week_closed(self, day: date, until_window: int, *, run_due: bool) -> None:
        """What is done on the day after a week. `run_due`: a run is made whatever is open, else where something has to be settled.

        Raises CoalitionError, BankError.
        """
        await self._bank.until(day)
        await self._take_in()
        await self._end_breaks()
        made = await self._runs()
        if made:
            await self._happenings(made[0], made)
        made = await self._finished(made)
        is_made = bool(made) and made[-1]["until_window"] == until_window
        if (run_due and not is_made) or (is_made and await self._to_settle(made)):
            await runs.draft(self._maker, self._programme, until_window, f"up to week {until_window}")
            made = await self._finished(await self._runs())
        for run in made:
            await self._hand_over(run)

    async def is_settled(self) -> bool:
        """Whether nothing waits for the bank any more, nor for another run. Raises CoalitionError."""
        made = await self._runs()
        waits = any(payment["state"] in _OPEN for run in made for payment in run["payments"])
        return not waits and not await self._to_settle(made)

    async def followed(self) -> None:
        """Waits until all runs stand where their payments do. Raises OfficeError where one never does."""
        give_up = time.monotonic() + _FOLLOWED_WITHIN_SECONDS
        while left := [run["number"] for run in await self._runs() if run["state"] != "settled"]:
            if time.monotonic() >= give_up:
                raise OfficeError(f"nothing is open any more, and runs {left} are not settled")
            await asyncio.sleep(_RETRY_SECONDS)

    async def write_documents(self) -> Sequence[Path]:
        """Writes the first run's invoice and self-billed invoice of one partner as PDF; answers where."""
        made = await self._runs()
        written: list[Path] = []
        for document in made[0]["documents"] if made else ():
            if document["partner"] != self._config.partners[0].slug:
                continue
            found = await runs.document_file(self._host, self._programme, document["number"], "pdf")
            path = self._folder / "documents" / found.file_name
            await asyncio.to_thread(_write, path, found.body)
            written.append(path)
        return written

    async def _runs(self) -> list[Document]:
        """All runs that were not given up, oldest first, with all that they are of."""
        listed = await runs.runs(self._host, self._programme, _RUNS_MAX, 0)
        found = [await runs.whole(self._host, self._programme, each.number) for each in reversed(listed)]
        return [each for each in found if each["state"] != "aborted"]

    async def _take_in(self) -> None:
        for message in await self._bank.messages():
            path = self._folder / "bank" / "in" / f"{message.number:06}-{message.kind}.xml"
            await asyncio.to_thread(_write, path, message.body)
            await self._patiently(lambda path=path: runs.receive(self._maker, self._programme, path))
        await self._bank.all_read()

    async def _end_breaks(self) -> None:
        """A part that was paid explains itself; the money that names nothing is found to be somebody's."""
        stray = self._config.bank.stray
        for each in await runs.breaks(self._host, self._programme, _BREAKS_MAX, 0, with_ended=False):
            if not each.amount_minor:
                why = "a part; the rest is due"
                await runs.end_break(self._checker, self._programme, each.number, "explained", "", why)
            elif each.amount_minor == stray.minor:
                await runs.assign(self._maker, self._programme, each.number, self._config.staff.proposes)
                why = "the partner called: it paid by mistake"
                await runs.end_break(
                    self._checker, self._programme, each.number, "allocated", stray.partner, why
                )

    async def _happenings(self, first: Document, made: Sequence[Document]) -> None:
        """What others do at the bank: transfers of who pays by invoice, money that names nothing, a debit that is taken back."""
        about = self._config.bank
        await self._pay_in(about.stray.partner, about.stray.minor, about.stray.note)
        for run in made:
            for payment in run["payments"]:
                if payment["method"] == "invoice" and payment["state"] in _OPEN:
                    await self._pay_invoice(payment)
        payouts = [each for each in first["payments"] if each["direction"] == "payout"]
        if any(each["state"] in _OPEN for each in payouts):
            return
        for payment in first["payments"]:
            if payment["partner"] == about.returned.partner and payment["state"] == "paid":
                await self._bank.take_back(payment["end_to_end_id"], about.returned.reason)

    async def _pay_invoice(self, payment: Document) -> None:
        parts, amount, paid = self._config.bank.in_parts, payment["amount_minor"], payment["paid_minor"]
        minor = amount - paid if paid else parts.first_minor(amount)
        part = "the rest" if paid else "first part"
        if minor:
            await self._pay_in(payment["partner"], minor, f"{part} {payment['reference']}")

    async def _pay_in(self, slug: str, minor: int, note: str) -> None:
        partner = self._config.partner(slug)
        await self._bank.pay_in(minor, note, partner.tax.party.legal_name, partner.payment.account.iban)

    async def _finished(self, made: Sequence[Document]) -> list[Document]:
        """All runs, the newest of which is approved and instructed where it was left before that.

        Where an answer was lost it may have been drafted twice: the older draft is given up.
        """
        waiting = [run for run in made if run["state"] in ("draft", "approved")]
        for run in waiting[:-1]:
            await runs.abort(self._maker, self._programme, run["number"], "drafted twice")
        for run in waiting[-1:]:
            if run["state"] == "draft":
                why = "the sums are those of the statements"
                await approvals.approve(self._checker, self._programme, run["draft"], run["hash"], why)
            await runs.instruct(self._maker, self._programme, run["number"])
        return await self._runs() if waiting else list(made)

    async def _to_settle(self, made: Sequence[Document]) -> bool:
        """Whether a partner's account holds what no payment waits for, and a run would collect it or pay it out."""
        held = {each["partner"]: each["balance_minor"] for each in await self._accounts() if each["partner"]}
        for payment in (each for run in made for each in run["payments"] if each["state"] in _OPEN):
            left = payment["amount_minor"] - payment["paid_minor"]
            held[payment["partner"]] -= left if payment["direction"] == "collect" else -left
        return any(
            minor > 0 or (minor and -minor >= self._config.partner(slug).payment.least_payout_minor)
            for slug, minor in held.items()
        )

    async def _accounts(self) -> list[Document]:
        slugs = await runs.slugs_of(self._host, self._programme)
        found = await runs.accounts(self._host, self._programme)
        return [
            each
            for each in (runs.account_document(one, slugs) for one in found)
            if each["account"] == "partner"
        ]

    async def _hand_over(self, run: Document) -> None:
        for file in run["files"]:
            if await self._bank.has_file(file["message_id"]):
                continue
            found = await runs.bank_file(self._host, self._programme, file["number"])
            path = self._folder / "bank" / "out" / f"{file['message_id']}.xml"
            await asyncio.to_thread(_write, path, found.body)
            await self._bank.hand_in(found.body)

    async def _patiently(self, call: Callable[[], Awaitable[R]]) -> R:
        """A call that may be repeated, as often as the session has patience while a service is away."""
        give_up = time.monotonic() + self._host.patience_seconds
        while True:
            try:
                return await call()
            except CoalitionError as error:
                if not error.entry.retryable or time.monotonic() >= give_up:
                    raise
                await asyncio.sleep(_RETRY_SECONDS)


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
