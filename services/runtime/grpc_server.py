"""A gRPC server with health, reflection, the boundary, limits and a graceful stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from services.runtime import logging
from services.runtime.boundary import Boundary
from services.runtime.grpc_client import MESSAGE_BYTES_MAX
from services.runtime.principal import Verifier
from services.runtime.tls import Tls

_log = logging.get(__name__)
# Time between "not serving" and the stop, so that clients and balancers hear of it.
_ANNOUNCE_SECONDS: Final = 0.2


class GrpcServer:
    """Serves until stopped, plain without `tls`. `register` adds the servicers to the server it is given."""

    def __init__(
        self,
        address: str,
        verifier: Verifier,
        service_names: Sequence[str],
        register: Callable[[grpc.aio.Server], None],
        tls: Tls | None = None,
    ) -> None:
        self._address, self._tls = address, tls
        self._server = grpc.aio.server(
            interceptors=[Boundary(verifier)],
            options=[
                # Two processes on one port would share its calls by chance.
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
                ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
                ("grpc.keepalive_time_ms", 30_000),
                ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
            ],
            maximum_concurrent_rpcs=2_000,
        )
        self._health: Any = cast("Any", health).aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection([*service_names, reflection.SERVICE_NAME], self._server)
        register(self._server)

    async def start(self) -> int:
        """Listens and reports healthy; answers the port. Raises OSError where it is taken, Misconfigured."""
        credentials = self._tls.server_credentials() if self._tls else None
        try:
            port = (
                self._server.add_secure_port(self._address, credentials)
                if credentials
                else self._server.add_insecure_port(self._address)
            )
        except RuntimeError as error:
            raise OSError(f"cannot listen on {self._address}: {error}") from error
        await self._server.start()
        await self._health.set("", health_pb2.HealthCheckResponse.SERVING)
        _log.info("grpc.serving", address=self._address, port=port, encrypted=credentials is not None)
        return port

    async def stop(self, grace_seconds: float) -> None:
        """Reports not serving, lets calls end, then stops; with no grace at once."""
        await self._health.enter_graceful_shutdown()
        await asyncio.sleep(min(_ANNOUNCE_SECONDS, grace_seconds))
        await self._server.stop(grace_seconds)


def health_stub(channel: grpc.aio.Channel) -> Any:
    """The stub of the standard health service."""
    return health_pb2_grpc.HealthStub(channel)
