"""`coalition up`: the whole platform on this machine."""

import asyncio
import logging
import signal
from typing import Annotated, Final

import typer

from services.launcher.embedded.nats import SYNC_INTERVAL_SECONDS_DEFAULT, SyncInterval
from services.launcher.platform import Platform

app = typer.Typer()

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@app.command()
def up(
    port_offset: Annotated[
        int, typer.Option(min=0, max=10_000, help="Added to the services' default ports.")
    ] = 0,
    free_ports: Annotated[
        bool, typer.Option("--free-ports", help="Any free ports, printed and in run.json.")
    ] = False,
    nats_sync: Annotated[
        str,
        typer.Option(
            help="How often NATS flushes to disk: seconds, or `always` before each acknowledgement."
        ),
    ] = str(SYNC_INTERVAL_SECONDS_DEFAULT),
) -> None:
    """Start servers, migrate, start services; restart what dies; stop all at Ctrl-C."""
    if nats_sync != "always" and not (nats_sync.isdecimal() and int(nats_sync) > 0):
        raise typer.BadParameter("a number of seconds above 0, or always", param_hint="--nats-sync")
    sync_interval: SyncInterval = "always" if nats_sync == "always" else int(nats_sync)
    asyncio.run(
        serve(Platform(free_ports=free_ports, port_offset=port_offset, nats_sync_interval=sync_interval))
    )


async def serve(platform: Platform) -> None:
    """Run the platform until SIGINT, SIGTERM or SIGHUP. Raises LauncherError when it cannot be started."""
    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, asked_to_stop.set)
    started = asyncio.create_task(_start(platform))
    stop = asyncio.create_task(asked_to_stop.wait())
    try:
        await asyncio.wait((started, stop), return_when=asyncio.FIRST_COMPLETED)
        if started.done():
            await started
            await stop
        else:
            started.cancel()
            await asyncio.gather(started, return_exceptions=True)
        typer.echo("stopping …")
    finally:
        # A second Ctrl-C ends us at once; the kernel then ends the children.
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)
        stop.cancel()
        await platform.stop()


async def _start(platform: Platform) -> None:
    platform.state.ensure()
    # Restarts are worth finding later, when the terminal is gone.
    log_file = logging.FileHandler(platform.state.logs_dir / "supervisor.log")
    log_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger("coalition.launcher").addHandler(log_file)
    await platform.start()
    await platform.wait_ready()
    typer.echo(
        f"ready: {platform.gateway_url}  (state and logs: {platform.state.path}; Ctrl-C stops everything)"
    )
