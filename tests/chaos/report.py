"""The table at the end of a run, and chaos.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.chaos.run import Result

_SHOWN_MAX = 20


def document(result: Result) -> dict[str, Any]:
    """A run as chaos.json has it."""
    history, plan = result.history, result.plan
    return {
        "seed": plan.seed,
        "minutes": round(plan.seconds / 60, 2),
        "broken": plan.broken,
        "operations": dict(history.kinds().most_common()),
        "answers": dict(history.answers().most_common()),
        "requests_without_an_answer": dict(history.unheard().most_common()),
        "requests_sent_again": history.again(),
        "faults": result.faults,
        "faults_that_found_nothing_to_break": result.missed,
        "restarts": result.restarts,
        "postings": result.postings,
        "figures": result.figures,
        "remarks": result.remarks,
        "violations": [str(found) for found in result.violations],
    }


def write(path: Path, result: Result) -> None:
    """Writes chaos.json."""
    path.write_text(json.dumps(document(result), indent=2) + "\n")


def show(console: Console, result: Result) -> None:
    """Prints it for people."""
    told = document(result)
    broken = f", points broken on purpose: {told['broken']}" if told["broken"] else ""
    table = Table(
        title=f"Chaos, seed {told['seed']}, {told['minutes']} minutes of traffic{broken}",
        title_justify="left",
    )
    table.add_column("what", no_wrap=True)
    table.add_column("how many", justify="right", no_wrap=True)
    table.add_column("of which", overflow="fold")
    for heading in (
        "operations",
        "answers",
        "requests_without_an_answer",
        "faults",
        "restarts",
        "postings",
        "figures",
    ):
        counts: Mapping[str, int] = told[heading]
        total = "" if heading == "figures" else f"{sum(counts.values()):,}"
        table.add_row(heading.replace("_", " "), total, _counted(counts))
        if heading == "requests_without_an_answer":
            table.add_row("requests sent again", f"{told['requests_sent_again']:,}", "")
    missed: Mapping[str, int] = told["faults_that_found_nothing_to_break"]
    table.add_row("faults that found nothing", f"{sum(missed.values()):,}", _counted(missed))
    console.print(table)
    for remark in told["remarks"]:
        console.print(remark, markup=False)
    violations: list[str] = told["violations"]
    console.print(f"{len(violations)} violations", style="red" if violations else "green")
    for violation in violations[:_SHOWN_MAX]:
        console.print(f"  {violation}", markup=False, highlight=False, soft_wrap=True)
    if len(violations) > _SHOWN_MAX:
        console.print(f"  and {len(violations) - _SHOWN_MAX} more in chaos.json")


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)
