"""What `coalition doctor` says of connections: whether each is encrypted, and when the certificate that is shown ends."""

import socket
import ssl
import struct
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import Final
from urllib.parse import urlsplit

import grpc
from grpc_health.v1 import health_pb2

from services.launcher.environment import GRPC_SERVICES
from services.launcher.findings import Finding, Verdict
from services.launcher.ports import LOOPBACK
from services.runtime.certificates import RENEW_BEFORE, Misconfigured, days_left, end_of
from services.runtime.tls import CERTIFICATE, Tls, handshake_refusal, tls_in

PLAIN: Final = "not encrypted"
TIMEOUT_SECONDS: Final = 5.0
#: PostgreSQL's SSLRequest: eight bytes, this code. The server answers S where it goes on with TLS.
_SSL_REQUEST: Final = struct.pack("!ii", 8, 80_877_103)
_LINE_BYTES_MAX: Final = 32 * 1024


class Greets(Enum):
    """What is said before TLS begins."""

    NOTHING = "gRPC"
    NATS = "a line of the server"
    POSTGRES = "a request for TLS"


def grpc_connections(environment: Mapping[str, str]) -> Iterator[Finding]:
    """One for the own certificate, if any, and one for each service whose address is known."""
    try:
        tls = tls_in(environment)
        pair = tls.pair() if tls else None
    except Misconfigured as error:
        yield Finding("gRPC", Verdict.MISSING, str(error), "correct the setting")
        return
    if pair is not None:
        yield _certificate("certificate of gRPC", f"{environment[CERTIFICATE]}", pair.ends_at)
    for service in GRPC_SERVICES:
        target = environment.get(f"COALITION_{service.upper()}_TARGET")
        if target:
            yield _service(f"gRPC of {service}", target, tls)


def with_certificate(subject: str, found: str, shown: bytes | None) -> Finding:
    """What is found of an encrypted connection, with the end of the certificate that the server shows."""
    if shown is None:
        return Finding(subject, Verdict.OK, f"{found}, TLS")
    return _certificate(subject, f"{found}, TLS", end_of(shown))


def served_certificate(host: str, port: int, greets: Greets, tls: Tls | None = None) -> bytes | None:
    """The certificate that a server shows, as DER; None where it shows none. Looked at only: nothing is said over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if greets is Greets.NOTHING:
        context.set_alpn_protocols(["h2"])
    if tls is not None and tls.certificate is not None and tls.key is not None:
        context.load_cert_chain(tls.certificate, tls.key)
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT_SECONDS) as plain:
            if not _begins(plain, greets):
                return None
            with context.wrap_socket(plain, server_hostname=host) as wrapped:
                return wrapped.getpeercert(binary_form=True)
    except OSError:
        return None


def _begins(connection: socket.socket, greets: Greets) -> bool:
    if greets is Greets.POSTGRES:
        connection.sendall(_SSL_REQUEST)
        return connection.recv(1) == b"S"
    received = b""
    while greets is Greets.NATS and b"\r\n" not in received:
        part = connection.recv(4096)
        received += part
        if not part or len(received) > _LINE_BYTES_MAX:
            return False
    return True


def _service(subject: str, target: str, tls: Tls | None) -> Finding:
    """Asks its health service as any client would: what is wrong with certificates shows in that."""
    try:
        status = _health(target, tls)
    except grpc.RpcError as error:
        details = error.details() if isinstance(error, grpc.Call) else ""
        why = handshake_refusal(details or "")
        if why:
            return Finding(subject, Verdict.MISSING, f"{target}: {why}", "correct the settings of TLS")
        return Finding(
            subject, Verdict.WARNING, f"{target} cannot be reached", "start it, or check its target"
        )
    found = f"{target}, {health_pb2.HealthCheckResponse.ServingStatus.Name(status).lower().replace('_', ' ')}"
    if tls is None:
        return Finding(subject, Verdict.OK, f"{found}, {PLAIN}")
    parts = urlsplit(f"//{target}")
    return with_certificate(
        subject, found, served_certificate(parts.hostname or LOOPBACK, parts.port or 0, Greets.NOTHING, tls)
    )


def _health(target: str, tls: Tls | None) -> int:
    opened = (
        grpc.secure_channel(target, tls.channel_credentials(), options=tls.channel_options())
        if tls
        else grpc.insecure_channel(target)
    )
    with opened as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        return int(check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_SECONDS).status)


def _certificate(subject: str, found: str, ends_at: datetime) -> Finding:
    left, day = days_left(ends_at), f"{ends_at:%Y-%m-%d}"
    if left < 0:
        return Finding(subject, Verdict.MISSING, f"{found}, certificate ended on {day}", "renew it")
    told = f"{found}, certificate until {day}"
    if left < RENEW_BEFORE.days:
        return Finding(subject, Verdict.WARNING, told, f"renew it: {left} days are left")
    return Finding(subject, Verdict.OK, told)
