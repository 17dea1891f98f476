"""`coalition migrate`: databases, roles and tables of every service, and the streams of NATS."""

import asyncio
import os
from typing import Annotated

import typer

from services.launcher.environment import runtime_urls
from services.launcher.errors import LauncherError
from services.launcher.migrate import migrate_service, migration_state
from services.launcher.processes import SERVICES
from services.launcher.revisions import migration_sql
from services.launcher.state import StateDirectory
from services.launcher.streams import reconcile_streams

app = typer.Typer()


@app.command()
def migrate(
    services: Annotated[
        list[str] | None, typer.Argument(help=f"Some of {', '.join(SERVICES)}; none: all.")
    ] = None,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL instead; needs no database.")] = False,
    database_prefix: Annotated[
        str, typer.Option(help="Begins the names of databases and roles.")
    ] = "coalition",
) -> None:
    """Make or update what the services need: on the PostgreSQL that DATABASE_URL (an administrator's) names, and on the NATS of NATS_URL."""
    names = tuple(services or SERVICES)
    unknown = sorted(set(names) - set(SERVICES))
    if unknown:
        raise typer.BadParameter(f"no service is named {', '.join(unknown)}; there are {', '.join(SERVICES)}")
    if sql:
        for name in names:
            typer.echo(migration_sql(name, f"{database_prefix}_{name}"))
        return
    admin_url, urls, nats_url = _urls(database_prefix)
    asyncio.run(_migrate(admin_url, {name: urls[name] for name in names}))
    if services:
        return
    if nats_url:
        for each in asyncio.run(reconcile_streams(nats_url)):
            typer.echo(f"stream {each.stream}: {each}")
    else:
        typer.echo(
            "streams: not looked at, since NATS_URL is not set; a service makes those that are not there"
        )


def _urls(database_prefix: str) -> tuple[str, dict[str, str], str]:
    """The administrator's URL, each service's and NATS's: of DATABASE_URL and NATS_URL, or of the platform that runs here."""
    state = StateDirectory.default()
    admin_url = os.environ.get("DATABASE_URL")
    if admin_url:
        state.ensure()
        urls = runtime_urls(state.credentials(), admin_url, database_prefix, os.environ)
        return admin_url, urls, os.environ.get("NATS_URL", "")
    running = state.running()
    if running is None:
        raise LauncherError(
            "set DATABASE_URL to an administrator's postgresql://user:password@host:port/postgres; "
            "`coalition up` migrates the PostgreSQL that it starts by itself"
        )
    urls = {name: running.environment[f"COALITION_{name.upper()}_DATABASE_URL"] for name in SERVICES}
    return running.environment["DATABASE_URL"], urls, running.environment["NATS_URL"]


async def _migrate(admin_url: str, urls: dict[str, str]) -> None:
    for service, url in urls.items():
        await migrate_service(admin_url, url, service)
        state = await migration_state(admin_url, url, service)
        typer.echo(f"{service}: {', '.join(sorted(state.current)) or 'no migrations yet'}")
