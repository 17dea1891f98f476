"""`coalition doctor`: what is there, what is missing, how to mend it."""

import json
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from services.launcher.doctor import examine, findings_are_ok
from services.launcher.findings import Verdict

app = typer.Typer()

COLOURS: Final = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.MISSING: "red"}


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Exit with 1 when something needed is missing."""
    findings = examine()
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        table = Table("what", "", "found", "to do")
        for finding in findings:
            verdict = f"[{COLOURS[finding.verdict]}]{finding.verdict}"
            table.add_row(finding.subject, verdict, finding.found, finding.mend)
        Console().print(table)
    if not findings_are_ok(findings):
        raise typer.Exit(1)
