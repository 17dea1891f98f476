"""`coalition verify`: proves the invariants on the live databases."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from services.demo.report import Proof, print_proofs
from services.launcher.reach import platform_environment
from services.operations.client import Operations, connect
from services.runtime.principal import Programme

app = typer.Typer(help="Prove the invariants on the live databases; exits with 1 where one is broken.")

_PROGRAMME: Final = typer.Option("--programme", "-p", help="Slug of the programme.")
_JSON: Final = typer.Option("--json", help="One JSON document instead of a table.")


@app.command()
def ledger(programme: Annotated[str, _PROGRAMME], as_json: Annotated[bool, _JSON] = False) -> None:
    """Prove the invariants of the points ledger, while traffic runs.

    Example: coalition verify ledger --programme demo
    """
    asyncio.run(_verify(programme, as_json, _ledger))


@app.command()
def clearing(programme: Annotated[str, _PROGRAMME], as_json: Annotated[bool, _JSON] = False) -> None:
    """Prove the invariants of windows, nets and statements.

    Example: coalition verify clearing --programme demo
    """
    asyncio.run(_verify(programme, as_json, _clearing))


async def _ledger(operations: Operations, programme: Programme) -> list[Any]:
    return list((await operations.check_ledger(programme)).findings)


async def _clearing(operations: Operations, programme: Programme) -> list[Any]:
    return list((await operations.check_clearing(programme)).findings)


async def _verify(slug: str, as_json: bool, check: Any) -> None:
    async with connect(platform_environment()) as operations:
        findings = await check(operations, await operations.programme(slug))
    proofs = [
        Proof(found.invariant, found.name, found.figure, found.holds, list(found.breaches))
        for found in findings
    ]
    if as_json:
        typer.echo(json.dumps([proof_document(proof) for proof in proofs], indent=2))
        fine = all(proof.holds for proof in proofs)
    else:
        fine = print_proofs(Console(), proofs)
    if not fine:
        raise typer.Exit(1)


def proof_document(proof: Proof) -> dict[str, Any]:
    """A finding for machines."""
    return {
        "invariant": proof.number,
        "name": proof.name,
        "figure": proof.figure,
        "holds": proof.holds,
        "breaches": list(proof.breaches),
    }
