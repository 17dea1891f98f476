"""Three nats-servers that keep streams together, each of which may be killed and wiped."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from services.launcher.embedded.nats import USER, EmbeddedNats
from services.launcher.ports import LOOPBACK, free_port
from services.runtime.bus import Bus
from services.runtime.bus_access import BusAccess
from tests.support.own_nats import kill

SERVERS: Final = 3


class ClusterMember(EmbeddedNats):
    """One server of a cluster."""

    def __init__(self, folder: Path, number: int, password: str, route_ports: list[int]) -> None:
        super().__init__(folder, password=password, port=free_port(), folder=f"nats-{number}")
        self.name_in_cluster = f"coalition-{number}"
        self._number, self._route_ports, self._secret = number, route_ports, password

    def wipe(self) -> None:
        """Takes its store away; it is not running."""
        shutil.rmtree(self._folder / "jetstream")

    def _configuration(self) -> str:
        routes = [f"nats-route://{USER}:{self._secret}@{LOOPBACK}:{port}" for port in self._route_ports]
        cluster: dict[str, Any] = {
            "name": "coalition",
            "listen": f"{LOOPBACK}:{self._route_ports[self._number]}",
            "authorization": {"user": USER, "password": self._secret, "timeout": 5},
            "routes": routes,
        }
        alone = super()._configuration().replace('"coalition"\njet', f'"{self.name_in_cluster}"\njet')
        return f"{alone}cluster: {json.dumps(cluster)}\n"


@asynccontextmanager
async def nats_cluster(folder: Path, servers: int = SERVERS) -> AsyncGenerator[list[ClusterMember]]:
    """A running cluster, gone afterwards."""
    password, ports = secrets.token_urlsafe(16), [free_port() for _ in range(servers)]
    members = [ClusterMember(folder, number, password, ports) for number in range(servers)]
    await asyncio.gather(*(asyncio.to_thread(member.start) for member in members))
    try:
        yield members
    finally:
        await asyncio.gather(*(asyncio.to_thread(member.stop) for member in members))


@asynccontextmanager
async def connected_to(members: list[ClusterMember], name: str = "test") -> AsyncGenerator[Bus]:
    """A connection to whichever of them is there, for streams that all of them keep."""
    bus = Bus(BusAccess(tuple(member.url for member in members)), name, len(members))
    await bus.connect()
    try:
        yield bus
    finally:
        await bus.close()


async def crash(member: ClusterMember) -> None:
    """Kills one with SIGKILL, and wipes its store."""
    await asyncio.to_thread(kill, member)
    await asyncio.to_thread(member.wipe)
