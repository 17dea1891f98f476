"""What the demo prints of settling: the runs, what happened at the bank, and what accounts hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from services.demo.config import DemoConfig
from services.demo.report import money, table_of
from services.demo.settled import Settled
from services.operations.documents import Document

_WRONGS_SHOWN_MAX: Final = 20


def print_settled(console: Console, config: DemoConfig, settled: Settled, wrongs: Sequence[str]) -> bool:
    """Every run, the bank's story, accounts, and whether all of it is right, which it answers."""
    for run in settled.runs:
        _run(console, run, config.programme.currency)
    if len({run["until_window"] for run in settled.runs}) == 1:
        console.print(
            "No month ends before the last of these weeks: there is one run over all of them, and runs for what it left."
        )
    _bank(console, config, settled)
    for each in settled.disputes:
        console.print(f"  {_dispute(config, each)}")
    if settled.leaver["bought_out"]:
        console.print(f"  {_leaver(config, settled.leaver)}")
    _accounts(console, settled, config.programme.currency)
    if not wrongs:
        partners = sum(each["outcome"] != "left_out" for run in settled.runs for each in run["positions"])
        console.print(
            f"[bold green]Settled[/]: what {partners} positions of {len(settled.runs)} runs come to equals a separate "
            "recomputation (services/demo/recompute_runs.py), documents add up to payments and payments to files, "
            "and every account is explained to the cent."
        )
        return True
    console.print(f"[bold red]{len(wrongs)} things are wrong with what was settled:[/]")
    for wrong in wrongs[:_WRONGS_SHOWN_MAX]:
        console.print(f"  {wrong}")
    return False


def print_documents(console: Console, written: Sequence[Path]) -> None:
    """Where documents were written."""
    for path in written:
        shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        console.print(f"A document of the first run: {shown}")


def _run(console: Console, run: Document, currency: str) -> None:
    table = table_of(
        f"Settlement run {run['number']}, weeks to {run['until_window']}, {currency} (due above zero: pays)",
        ("partner", "windows", "documents", "how", "state", "net", "tax", "brought forward", "due"),
        left=5,
    )
    payments = {each["partner"]: each for each in run["payments"]}
    for each in run["positions"]:
        slug, first, last = each["partner"], each["first_window"], each["last_window"]
        if each["outcome"] == "left_out":
            continue
        numbers = [one["number"] for one in run["documents"] if one["partner"] == slug]
        payment = payments.get(slug)
        table.add_row(
            slug,
            "" if not first else str(first) if first == last else f"{first} to {last}",
            ", ".join(number.partition("-")[2] for number in numbers),
            payment["method"].replace("_", " ") if payment else each["outcome"].replace("_", " "),
            _state(payment) if payment else "carried" if each["due_minor"] else "",
            money(each["statements_minor"] + each["rounding_minor"]),
            money(each["tax_minor"]),
            money(each["brought_forward_minor"]) if each["brought_forward_minor"] else "",
            money(each["due_minor"]),
        )
    console.print(table)
    left_out = [
        f"{each['partner']} ({each['why']})" for each in run["positions"] if each["outcome"] == "left_out"
    ]
    if left_out:
        console.print(f"Not in it: {', '.join(left_out)}")


def _state(payment: Document) -> str:
    if payment["state"] == "closed":
        return f"came back ({payment['reason']}), in the next run"
    return payment["state"]


def _bank(console: Console, config: DemoConfig, settled: Settled) -> None:
    """The bank's story in a few lines."""
    files = [file for run in settled.runs for file in run["files"]]
    total = sum(each["payments"] for each in files)
    console.print(
        f"The bank (mock-bank, not written by us) was given {len(files)} files of {total} debits and payouts, each checked "
        "against its schema (pain.001, pain.008) as it was made, and took all of them without a finding."
    )
    for run in settled.runs:
        for each in run["payments"]:
            if said := _said_of(config, each):
                console.print(f"  run {run['number']}: {said}")
    for each in settled.breaks:
        ended = f"{each['ended']} by {config.staff.approves}" if each["ended"] else "open"
        if each["amount_minor"] or not each["ended"]:
            said = each["said"].partition(";")[0]
            kind = each["type"].replace("_", " ")
            console.print(
                f"  break {each['number']}, {kind}: {money(each['amount_minor'])} “{said}”, {ended}"
            )


def _said_of(config: DemoConfig, payment: Document) -> str:
    """What is to be told of a payment; nothing where it went as it was to go."""
    slug, amount = payment["partner"], money(payment["amount_minor"])
    if payment["reason"]:
        fee = money(config.partner(slug).payment.returned_fee_minor)
        how = payment["method"].replace("_", " ")
        return f"the {how} of {amount} of {slug} came back ({payment['reason']}) after payouts were out; fee {fee}"
    if payment["method"] == "invoice" and slug == config.bank.in_parts.partner:
        first = config.bank.in_parts.first_minor(payment["amount_minor"])
        return f"{slug} paid its invoice of {amount} in two parts, the first of {money(first)}"
    return ""


def _dispute(config: DemoConfig, dispute: Document) -> str:
    """What was claimed, by whom, and how it ended."""
    about = config.disputes
    which = about.accepted if dispute["claimed_minor"] == about.accepted.minor else about.withheld
    claimed, accepted = money(dispute["claimed_minor"]), money(dispute["accepted_minor"])
    said = f"dispute {dispute['number']}: {which.partner} claims {claimed} of what week {which.statement} charges it for points"
    if dispute["withheld_minor"]:
        said += f" and withholds {money(dispute['withheld_minor'])}, its tax included"
    decided = [each for each in dispute["events"] if each["kind"] in ("accepted", "rejected")]
    given = next(each["window"] for each in decided if each["window"])
    said += f"; {accepted} accepted, given back in week {given}"
    return said if len(decided) == 1 else f"{said}; the rest rejected by another person, and paid"


def _leaver(config: DemoConfig, leaver: Document) -> str:
    bought, about = leaver["bought_out"], config.leaving
    left, amount = (bought[name] // 10_000 for name in ("outstanding_micros", "amount_micros"))
    return (
        f"{about.partner} has left ({about.why}): points that would cost it {money(left)} are bought out at "
        f"{bought['redemption_bp'] / 100:g} %, for {money(amount)} in week {bought['window']}"
    )


def _accounts(console: Console, settled: Settled, currency: str) -> None:
    table = table_of(
        f"Accounts of the clearing house, {currency}", ("account", "partner", "holds", "unexplained"), 2
    )
    for each in settled.accounts:
        if each["balance_minor"] or each["difference_minor"]:
            difference = money(each["difference_minor"])
            table.add_row(
                each["account"].replace("_", " "),
                each["partner"] or "",
                money(each["balance_minor"]),
                difference,
            )
    table.add_row("all", "", money(sum(each["balance_minor"] for each in settled.accounts)), "", style="bold")
    console.print(table)
