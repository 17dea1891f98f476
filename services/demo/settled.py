"""What settling came to, as the platform tells it, and every way in which it is not what it should be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.demo.config import DemoConfig
from services.demo.settling_config import Disputes, Leaving
from services.operations import disputes, runs, standing
from services.operations.documents import Document
from services.operations.session import Session
from services.runtime.principal import Programme

_RUNS_MAX: Final = 100
_PAYS: Final = ("collect", "invoice", "pay")


@dataclass(frozen=True, slots=True)
class Settled:
    """Runs that were not given up, oldest first, with all that they are of; all breaks, oldest first; all accounts.

    `disputes`: oldest first; `leaver`: where the partner stands that may have left.
    """

    runs: Sequence[Document]
    breaks: Sequence[Document]
    accounts: Sequence[Document]
    disputes: Sequence[Document]
    leaver: Document


async def read_settled(session: Session, programme: Programme, config: DemoConfig) -> Settled:
    """Reads it. Raises CoalitionError."""
    slugs = await runs.slugs_of(session, programme)
    listed = await runs.runs(session, programme, _RUNS_MAX, 0)
    made = [await runs.whole(session, programme, each.number) for each in reversed(listed)]
    breaks: list[Document] = []
    before = 0
    while page := await runs.breaks(session, programme, _RUNS_MAX, before, with_ended=True):
        breaks += [runs.break_document(each, programme.zone) for each in page]
        before = page[-1].number
    accounts = [runs.account_document(each, slugs) for each in await runs.accounts(session, programme)]
    said = await disputes.disputes(session, programme, with_closed=True)
    leaver = await standing.get_standing(session, programme, config.leaving.partner)
    return Settled(
        [each for each in made if each["state"] != "aborted"],
        breaks[::-1],
        accounts,
        [disputes.dispute_document(each, programme.zone) for each in reversed(said)],
        standing.standing_document(leaver, programme.zone),
    )


def wrongs(expected: Sequence[Mapping[str, Any]], settled: Settled, config: DemoConfig) -> Iterator[str]:
    """What is wrong, in words; nothing where all is right. `expected`: runs as recompute_runs has them."""
    if len(expected) != len(settled.runs):
        yield f"expected {len(expected)} runs, got {len(settled.runs)}"
    for wanted, run in zip(expected, settled.runs, strict=False):
        yield from _against(wanted, run)
        yield from _adds_up(run)
    yield from _happened(settled, config)
    weeks = max((each["until"] for each in expected), default=0) - config.leaving.quiet_weeks
    yield from _disputed(settled, config.disputes if weeks >= config.disputes.weeks_min else None)
    yield from _left(settled.leaver, config.leaving if weeks >= config.leaving.weeks_min else None)
    yield from _accounts(settled)


def _against(wanted: Mapping[str, Any], run: Document) -> Iterator[str]:
    """What a run differs in from the recomputed one."""
    where = f"run {run['number']}"
    if run["until_window"] != wanted["until"]:
        yield f"{where}: expected up to window {wanted['until']}, got {run['until_window']}"
    got = {
        each["partner"]: {
            "statements": each["statements_minor"],
            "net": each["statements_minor"] + each["rounding_minor"],
            "tax": each["tax_minor"],
            "brought_forward": each["brought_forward_minor"],
            "due": each["due_minor"],
            "outcome": each["outcome"],
        }
        for each in run["positions"]
        if each["outcome"] != "left_out"
    }
    for slug in sorted(got.keys() | wanted["partners"].keys()):
        for name in ("statements", "net", "tax", "brought_forward", "due", "outcome"):
            should, found = (each.get(slug, {}).get(name) for each in (wanted["partners"], got))
            if should != found:
                yield f"{where}, {slug}, {name}: expected {should}, got {found}"


def _adds_up(run: Document) -> Iterator[str]:
    """Where documents, payments and files of a run are not of one piece."""
    where = f"run {run['number']}"
    if run["state"] != "settled":
        yield f"{where} is {run['state']}"
    payments = {each["partner"]: each for each in run["payments"]}
    for position in run["positions"]:
        slug, due = position["partner"], position["due_minor"]
        if position["outcome"] == "left_out":
            continue
        documents = [each for each in run["documents"] if each["partner"] == slug]
        for each in documents:
            if abs(each["due_minor"]) != each["net_minor"] + each["tax_minor"]:
                yield f"{where}, document {each['number']}: net and tax are not what is due"
        total = sum(each["due_minor"] for each in documents) + position["brought_forward_minor"]
        total -= position["set_off_minor"]
        if total != due:
            yield f"{where}, {slug}: documents and what was brought forward come to {total}, due are {due}"
        paid = payments[slug]["amount_minor"] if slug in payments else 0
        if paid != (abs(due) if position["outcome"] in _PAYS else 0):
            yield f"{where}, {slug}: {due} are due, and the payment is of {paid}"
    filed = sum(each["amount_minor"] for each in run["payments"] if each["file"])
    in_files = sum(each["total_minor"] for each in run["files"])
    if filed != in_files:
        yield f"{where}: files are of {in_files}, their payments of {filed}"


def _happened(settled: Settled, config: DemoConfig) -> Iterator[str]:
    """Which of the things that demo.toml has happen at the bank are not found."""
    about = config.bank
    for payment in (each for run in settled.runs[:1] for each in run["payments"]):
        of_whom, debited = payment["partner"], payment["method"] == "direct_debit"
        if debited and of_whom == about.returned.partner and payment["reason"] != about.returned.reason:
            yield f"the debit of {of_whom} in the first run did not come back"
    for kind, ended, minor in (
        ("unknown_reference", "allocated", about.stray.minor),
        ("partial", "explained", 0),
    ):
        found = [each for each in settled.breaks if each["type"] == kind and each["amount_minor"] == minor]
        if [each["ended"] for each in found[:1]] != [ended]:
            yield f"no break of type {kind} was {ended}"
    for each in settled.breaks:
        if not each["ended"]:
            yield f"break {each['number']} ({each['type']}) is open"


def _disputed(settled: Settled, wanted: Disputes | None) -> Iterator[str]:
    """In which way disputes did not end as they should."""
    about = (wanted.accepted, wanted.withheld) if wanted else ()
    should = [(each.minor, each.accepted_minor, "closed") for each in about]
    found = [(each["claimed_minor"], each["accepted_minor"], each["state"]) for each in settled.disputes]
    if should != found:
        yield f"disputes (claimed, accepted, state): expected {should}, got {found}"
    if wanted and not any(each["withheld_minor"] for each in settled.disputes):
        yield "nothing was withheld"


def _left(leaver: Document, wanted: Leaving | None) -> Iterator[str]:
    """In which way who leaves has not left, or who stays has."""
    bought = leaver["bought_out"]
    should = ("exited", wanted.buy_out_bp) if wanted else ("active", None)
    found = (leaver["standing"], bought["redemption_bp"] if bought else None)
    if should != found:
        yield f"the partner that may leave (standing, bought out at): expected {should}, got {found}"


def _accounts(settled: Settled) -> Iterator[str]:
    for each in settled.accounts:
        name = f"account {each['account']} {each['partner'] or ''}".strip()
        if each["difference_minor"]:
            yield f"{name} holds {each['balance_minor']}, and {each['explained_minor']} are explained"
        if each["account"] == "suspense" and each["balance_minor"]:
            yield f"{name} holds {each['balance_minor']}"
    if total := sum(each["balance_minor"] for each in settled.accounts):
        yield f"all accounts together come to {total}"
