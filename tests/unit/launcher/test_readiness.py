"""Whether a process is ready, where its files of TLS are no use for a moment."""

from __future__ import annotations

import socket
from pathlib import Path

from services.launcher.processes import PROCESSES, Readiness
from services.launcher.service_process import ServiceProcess


def test_files_of_tls_that_are_being_renewed_end_no_supervision(tmp_path: Path) -> None:
    spec = next(each for each in PROCESSES if each.readiness is Readiness.GRPC)
    half_written = tmp_path / "authority.pem"
    half_written.write_text("-----BEGIN CERTIFICATE-----")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        process = ServiceProcess(
            spec,
            port=listening.getsockname()[1],
            environment={"COALITION_TLS_AUTHORITY": str(half_written)},
            log_path=tmp_path / "log",
        )
        # Whatever is raised here would end its supervision for good: it would never be started again.
        assert not process.is_ready()
