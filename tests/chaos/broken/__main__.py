"""The points service with a bug: `python -m tests.chaos.broken NAME`, in place of `coalition run points`."""

from __future__ import annotations

import importlib
import sys

from services.launcher.processes import process_named, run_process
from tests.chaos.broken import BROKEN


def main(name: str) -> None:
    """Breaks it, then serves as ever."""
    importlib.import_module(f"tests.chaos.broken.{BROKEN[name]}").break_it()
    run_process(process_named("points"))


if __name__ == "__main__":
    main(sys.argv[1])
