"""`coalition verify`: proves the invariants on the live databases."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from services.demo.report import print_proofs
from services.launcher.commands.audit import HostOption, OptionalProgramme, chain_of
from services.launcher.errors import LauncherError
from services.launcher.session import JsonOption, ProgrammeOption, console, in_session, show
from services.operations.audit import AuditProof, NotedRow, check, check_export
from services.operations.proofs import Noted, Proof, prove_clearing, prove_ledger, prove_noted
from services.operations.session import Session
from services.runtime.principal import Programme
from services.verifier.statement import main

app = typer.Typer(
    help="Prove the invariants on the live databases, or a statement offline; exits with 1 where something is wrong."
)


@app.command()
def ledger(
    programme: ProgrammeOption,
    noted: Annotated[
        str,
        typer.Option(
            metavar="BATCH:HASH",
            help="Batches and chain of an earlier proof, as it printed them: are they in the chain still?",
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Prove the invariants of the points ledger, while traffic runs.

    Example: coalition verify ledger --programme demo
    """
    try:
        earlier = Noted.read(noted) if noted else None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--noted") from error

    async def prove(session: Session, of: Programme) -> Sequence[Proof]:
        proofs = await prove_ledger(session, of)
        return proofs if earlier is None else (*proofs, await prove_noted(session, of, earlier))

    _verify(programme, as_json, prove)


@app.command()
def clearing(programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """Prove the invariants of windows, nets and statements.

    Example: coalition verify clearing --programme demo
    """
    _verify(programme, as_json, prove_clearing)


@app.command()
def statement(
    file: Annotated[Path, typer.Argument(help="The statement file.")],
    key: Annotated[str, typer.Option(help="The operator's published key, or a file with it.")] = "",
    previous: Annotated[
        Path | None, typer.Option(help="What was kept last time: the checkpoint, or the statement file.")
    ] = None,
) -> None:
    """Verify a statement file offline, as services/verifier/statement.py does by itself.

    Example: coalition verify statement grocer-3.json --previous grocer-2.json
    """
    arguments = [str(file), *(("--key", key) if key else ())]
    arguments += ["--previous", str(previous)] if previous else []
    raise typer.Exit(main(arguments))


@app.command()
def audit(
    export: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="An export to check, without any service.")
    ] = None,
    programme: OptionalProgramme = "",
    host: HostOption = False,
    noted: Annotated[
        str,
        typer.Option(metavar="NUMBER:HASH", help="Last row and hash of an earlier check: is it there still?"),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Recompute the chain of the audit log: on the live database, or of an export.

    Examples: coalition verify audit -p plaza; coalition verify audit --host; coalition verify audit plaza.jsonl
    """
    try:
        earlier = NotedRow.read(noted) if noted else None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--noted") from error
    if export is not None:
        proof = _check_file(export, earlier)
    else:

        async def work(session: Session) -> AuditProof:
            return await check(session, await chain_of(session, programme, host=host), earlier)

        proof = in_session(work)
    found = {**asdict(proof), "holds": proof.holds}
    show(
        found,
        as_json,
        "The chain of the audit log, recomputed",
        ("", lambda each: "holds" if each["holds"] else "BROKEN"),
        ("#rows", lambda each: f"{each['rows']:,}"),
        ("last row and hash", lambda each: f"{each['last_number']}:{each['last_hash']}"),
        ("faults", lambda each: "\n".join(each["faults"])),
    )
    if not proof.holds:
        raise typer.Exit(1)


def _check_file(export: Path, noted: NotedRow | None) -> AuditProof:
    try:
        with export.open(encoding="utf-8") as lines:
            return check_export(lines, noted)
    except (OSError, UnicodeDecodeError) as error:
        raise LauncherError(f"{export} cannot be read: {error}") from error


def _verify(
    slug: str, as_json: bool, prove: Callable[[Session, Programme], Awaitable[Sequence[Proof]]]
) -> None:
    async def work(session: Session) -> Sequence[Proof]:
        return await prove(session, await session.programme(slug))

    proofs = in_session(work)
    if as_json:
        typer.echo(json.dumps([asdict(proof) for proof in proofs], indent=2))
    else:
        print_proofs(console(), proofs)
    if not all(proof.holds for proof in proofs):
        raise typer.Exit(1)
