"""`coalition run NAME`: one process of the platform, for a supervisor or a container."""

from typing import Annotated

import typer

from services.launcher.errors import LauncherError
from services.launcher.processes import PROCESSES, process_named, run_process
from services.runtime.certificates import Misconfigured

app = typer.Typer()
NAMES = ", ".join(spec.name for spec in PROCESSES)


@app.command()
def run(name: Annotated[str, typer.Argument(help=f"One of: {NAMES}.")]) -> None:
    """Serve until SIGTERM or SIGINT."""
    try:
        run_process(process_named(name))
    except Misconfigured as error:
        raise LauncherError(str(error)) from error
