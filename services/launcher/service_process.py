"""One service's process, as the supervisor handles it."""

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import grpc
from grpc_health.v1 import health_pb2

from services.launcher.child import ChildProcess, ChildUnit
from services.launcher.errors import ProcessFailed
from services.launcher.ports import LOOPBACK, accepts_connections, is_free
from services.launcher.processes import ProcessSpec, Readiness
from services.runtime.certificates import Misconfigured
from services.runtime.tls import Tls, tls_in

PROBE_TIMEOUT_SECONDS: Final = 1.0
ALIVE_AFTER_SECONDS: Final = 0.5
#: gRPC answers that only a running server gives: it has no health service, or guards it.
SERVER_IS_UP: Final = frozenset(
    {
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
    }
)


class ServiceProcess(ChildUnit):
    """Starts, probes and stops the process of a spec; a Unit of the supervisor."""

    ready_timeout_seconds: float = 60.0

    def __init__(
        self, spec: ProcessSpec, *, port: int, environment: Mapping[str, str], log_path: Path
    ) -> None:
        """`port` is the one the process is told to listen on (unused where it does not listen)."""
        super().__init__(log_path)
        self._spec = spec
        self._port = port
        self._environment = environment
        self._launched_at = 0.0

    @property
    def name(self) -> str:
        """The spec's name."""
        return self._spec.name

    def prepare(self) -> None:
        """Make sure that nobody else answers on its port. Raises ProcessFailed."""
        if self._spec.readiness is not Readiness.ALIVE and not is_free(self._port):
            raise ProcessFailed(
                f"port {self._port} of {LOOPBACK} is in use by another program (`ss -ltnp` tells which): stop it, "
                "or use `coalition up --port-offset N` or --free-ports"
            )

    def launch(self) -> None:
        """Fork it. Raises OSError."""
        self._launched_at = time.monotonic()
        self._child = ChildProcess(
            self._spec.command_line(), log_path=self._log_path, environment=self._environment
        )

    def is_ready(self) -> bool:
        """Probe it once; blocks for 1 s at most."""
        if self._spec.readiness is Readiness.ALIVE:
            return time.monotonic() - self._launched_at >= ALIVE_AFTER_SECONDS
        if not accepts_connections(self._port, PROBE_TIMEOUT_SECONDS):
            return False
        if self._spec.readiness is not Readiness.GRPC:
            return answers_http(self._port)
        try:
            return grpc_is_serving(self._port, self._environment)
        except Misconfigured:
            # Its files may be renewed just now: a certificate before its key. What does not fit for long, it says by itself.
            return False


def grpc_is_serving(port: int, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the server's overall health is SERVING, or the server is up and does not tell.

    `environment` is that of the process which serves: it says whether it does so over TLS. Raises Misconfigured.
    """
    with _channel_to_own(port, tls_in(environment)) as channel:
        # By name: the generated stub of the health package carries no types.
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            reply = check(health_pb2.HealthCheckRequest(), timeout=PROBE_TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            return isinstance(error, grpc.Call) and error.code() in SERVER_IS_UP
        return reply.status == health_pb2.HealthCheckResponse.SERVING


def _channel_to_own(port: int, tls: Tls | None) -> grpc.Channel:
    if tls is None:
        return grpc.insecure_channel(f"{LOOPBACK}:{port}")
    own = tls.to_own_server()
    return grpc.secure_channel(f"{LOOPBACK}:{port}", own.channel_credentials(), options=own.channel_options())


def answers_http(port: int) -> bool:
    """Whether `GET /v1/ping` gets an HTTP response, whatever its status."""
    request = f"GET /v1/ping HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((LOOPBACK, port), timeout=PROBE_TIMEOUT_SECONDS) as connection:
            connection.sendall(request.encode())
            return connection.recv(16).startswith(b"HTTP/1.")
    except OSError:
        return False
