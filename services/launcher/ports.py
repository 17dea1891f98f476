"""Free TCP ports on 127.0.0.1."""

import random
import socket
from collections.abc import Collection
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"
LOWEST_PORT: Final = 15_000
ATTEMPTS_MAX: Final = 200
_EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_EPHEMERAL_START_DEFAULT = 32_768


def is_free(port: int) -> bool:
    """Whether a server could listen on the port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: without it, connections that linger in TIME_WAIT make a free port look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def accepts_connections(port: int, timeout_seconds: float = 1.0) -> bool:
    """Whether something listens on the port of 127.0.0.1."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=timeout_seconds):
            return True
    except OSError:
        return False


def free_port(taken: Collection[int] = ()) -> int:
    """A port that is free now and not in `taken`.

    It lies below the range that the kernel hands to outgoing connections: a server that restarts on the
    same port must not find a client's connection sitting there. Raises OSError when none is found.
    """
    highest = _ephemeral_start() - 1
    for _ in range(ATTEMPTS_MAX):
        port = random.randint(LOWEST_PORT, highest)  # noqa: S311 (a port is no secret)
        if port not in taken and is_free(port):
            return port
    raise OSError(f"no free port on {LOOPBACK} between {LOWEST_PORT} and {highest}")


def _ephemeral_start() -> int:
    try:
        start = int(_EPHEMERAL_RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return _EPHEMERAL_START_DEFAULT
    # Some machines hand out nearly every port; then no range is safer than another.
    return start if start > LOWEST_PORT + 1_000 else _EPHEMERAL_START_DEFAULT
