"""A process that keeps one PostgreSQL running for a whole test run: `python -m … RUN_DIR CONTROLLER_PID`.

Neither a worker of pytest-xdist may own the server (workers come and go) nor the controller (it does not
know whether any test will want one). The holder writes `postgres.json`, stops the server at SIGTERM or
when the controller is gone, and removes everything it made.
"""

import json
import os
import secrets
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import Final

from services.launcher.credentials import write_private_file
from services.launcher.embedded.location import erase_data
from services.launcher.embedded.postgres import EmbeddedPostgres

CONTROLLER_POLL_SECONDS: Final = 0.25
#: Several checkouts may test at once on a small machine.
SETTINGS: Final = {"shared_buffers": "128MB", "max_wal_size": "1GB"}


def main(run_dir: Path, controller_pid: int) -> None:
    """Start, report, wait, stop."""
    asked_to_stop = threading.Event()

    def stop(_number: int, _frame: object) -> None:
        asked_to_stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    write_private_file(run_dir / "holder.pid", str(os.getpid()))
    server = EmbeddedPostgres(run_dir, admin_password=secrets.token_urlsafe(16), settings=SETTINGS)
    try:
        server.start()
        write_private_file(run_dir / "postgres.json", json.dumps({"url": server.url, "pid": server.pid}))
        while not asked_to_stop.wait(CONTROLLER_POLL_SECONDS):
            if not Path(f"/proc/{controller_pid}").exists() or not server.is_alive():
                break
    finally:
        server.stop()
        erase_data(run_dir)
        if not Path(f"/proc/{controller_pid}").exists():
            shutil.rmtree(run_dir, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
