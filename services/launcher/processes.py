"""Which processes make the platform, and how each is known to be ready."""

import asyncio
import gc
import importlib
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final, cast

from services.launcher.errors import LauncherError

#: Services with a database of their own, which share their name.
SERVICES: Final = ("members", "points", "partners", "insights", "notifications", "gateway")
SERVICES_DIR: Final = Path(__file__).resolve().parent.parent


class Readiness(Enum):
    """What a process does once it is ready."""

    GRPC = "answers the gRPC health check on its port"
    HTTP = "answers HTTP on its port, with any status"
    ALIVE = "is still alive after a moment"


@dataclass(frozen=True)
class ProcessSpec:
    """One kind of process. `entry` is `module:function` of an async function that serves until SIGTERM.

    `service` owns it and decides its settings; `after` names the processes that are ready before it starts.
    `command` replaces `coalition run NAME`, for tests.
    """

    name: str
    service: str
    entry: str
    readiness: Readiness
    after: tuple[str, ...] = ()
    command: tuple[str, ...] = ()

    def command_line(self) -> tuple[str, ...]:
        """Program and arguments, the program's path absolute."""
        return self.command or (sys.executable, "-m", "services.launcher", "run", self.name)


PROCESSES: Final = (
    ProcessSpec("members", "members", "services.members.service:serve", Readiness.GRPC),
    ProcessSpec("points", "points", "services.points.service:serve", Readiness.GRPC),
    ProcessSpec("partners", "partners", "services.partners.service:serve", Readiness.GRPC),
    ProcessSpec(
        "points-relay", "points", "services.points.service:serve_relay", Readiness.ALIVE, ("points",)
    ),
    ProcessSpec(
        "insights",
        "insights",
        "services.insights.service:serve",
        Readiness.GRPC,
        ("members", "points", "partners"),
    ),
    ProcessSpec(
        "gateway",
        "gateway",
        "services.gateway.service:serve",
        Readiness.HTTP,
        ("members", "points", "partners"),
    ),
    ProcessSpec("notifications", "notifications", "services.notifications.service:serve", Readiness.GRPC),
)


def process_named(name: str) -> ProcessSpec:
    """Look it up. Raises LauncherError with the names there are."""
    for spec in PROCESSES:
        if spec.name == name:
            return spec
    raise LauncherError(
        f"no process is named {name!r}; there are {', '.join(spec.name for spec in PROCESSES)}"
    )


def run_process(spec: ProcessSpec) -> None:
    """Import the process's code and serve on uvloop until SIGTERM or SIGINT. Raises what serving raises."""
    import uvloop

    module_name, _, attribute = spec.entry.partition(":")
    # What is imported stays: looking for garbage in it would take a seventh of the start.
    gc.disable()
    module = importlib.import_module(module_name)
    gc.enable()
    serve = cast("Callable[[], Awaitable[None]]", getattr(module, attribute))

    async def main() -> None:
        await serve()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
