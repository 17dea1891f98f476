"""The `coalition` command: one module per command or group, imported when it is used and not before."""

import importlib
import importlib.util
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

import typer

from services.launcher.errors import LauncherError


@dataclass(frozen=True)
class CommandModule:
    """A command or group: `services.launcher.commands.MODULE` has a typer.Typer named `app`.

    An app with one command and no callback is that command; any other is a group.
    """

    name: str
    module: str
    summary: str

    @property
    def path(self) -> str:
        """Import path."""
        return f"services.launcher.commands.{self.module}"


#: In the order of `coalition --help`. Modules that do not exist (yet) are left out of it.
COMMANDS: Final = (
    CommandModule("up", "up", "Run the whole platform on this machine until Ctrl-C."),
    CommandModule("run", "run", "Run one process of the platform; its settings come from the environment."),
    CommandModule("migrate", "migrate", "Bring databases, roles and tables up to date."),
    CommandModule("doctor", "doctor", "Tell what is there, what is missing and how to mend it."),
    CommandModule("demo", "demo", "Replay a year of real purchases through a platform of its own."),
    CommandModule("programme", "programme", "Register and list programmes; say when points expire."),
    CommandModule("partner", "partner", "Register and manage partners and their keys."),
    CommandModule("notifications", "notifications", "See and set what members are written."),
    CommandModule(
        "members",
        "members",
        "Issue card ranges; see who tries card numbers out; how members want to be written to.",
    ),
    CommandModule(
        "points", "points", "Put points right, merge wallets, take over opening balances, set limits."
    ),
    CommandModule(
        "campaign", "campaign", "Set campaigns, load their budgets, see what they gave on top of sales."
    ),
    CommandModule("staff", "staff", "Manage the operator's people, their roles and tokens."),
    CommandModule("approvals", "approvals", "Look at what waits for a second person, and decide it."),
    CommandModule("settle", "settle", "Close windows and settle between partners."),
    CommandModule("audit", "audit", "See who changed what, when and why; export it."),
    CommandModule("verify", "verify", "Recompute ledgers and statements and compare."),
    CommandModule("insights", "insights", "Figures of a programme: tables, CSV, charts."),
    CommandModule("events", "events", "Look at what the services have published."),
    CommandModule("listen", "listen", "Receive webhooks on this machine and print them."),
    CommandModule("version", "version", "Print the version."),
)


def main() -> None:
    """Console entry point. Exits with 1 and one message for what a person can mend."""
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("coalition.launcher").setLevel(logging.INFO)
    # It remarks on how a TLS connection that we ourselves close comes to its end.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    try:
        build(sys.argv[1:])()
    except LauncherError as error:
        typer.secho(f"coalition: {error}", err=True, fg=typer.colors.RED)
        sys.exit(1)


def build(arguments: Sequence[str]) -> typer.Typer:
    """The command line's parser. Only the module that `arguments` call for is imported."""
    app = typer.Typer(
        name="coalition",
        help="Partner coalition loyalty: one points currency, many merchants, clearing to the cent.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    wanted = next((argument for argument in arguments if not argument.startswith("-")), None)
    for entry in COMMANDS:
        if entry.name == wanted and _exists(entry):
            _register(app, entry)
        elif _exists(entry):
            app.command(entry.name, help=entry.summary)(_not_imported)
    # Typer makes a lone command the whole program; a group it stays with a callback.
    app.callback()(_no_options)
    return app


def _register(app: typer.Typer, entry: CommandModule) -> None:
    loaded = cast("typer.Typer", importlib.import_module(entry.path).app)
    commands = loaded.registered_commands
    is_group = len(commands) != 1 or bool(loaded.registered_groups) or loaded.registered_callback is not None
    callback = commands[0].callback if commands else None
    if is_group or callback is None:
        app.add_typer(loaded, name=entry.name, help=entry.summary)
    else:
        app.command(entry.name, help=entry.summary)(callback)


def _exists(entry: CommandModule) -> bool:
    return importlib.util.find_spec(entry.path) is not None


def _not_imported() -> None:
    raise AssertionError("a command that was asked for is imported")


def _no_options() -> None:
    """Nothing to do before a command."""
