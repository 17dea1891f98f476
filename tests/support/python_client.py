"""The Python client as a merchant gets it: a wheel, used by another process."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
CLIENT: Final = ROOT / "clients/python"


def installed_wheel(into: Path) -> Path:
    """A folder with what is in the wheel, which is built from what is committed."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(into)]
    subprocess.run(command, cwd=CLIENT, check=True, capture_output=True)
    (wheel,) = into.glob("coalition_client-*.whl")
    installed = into / "installed"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(installed)
    return installed


async def run_with(installed: Path, program: Path, environment: Mapping[str, str]) -> str:
    """What a program prints that has the client from its wheel and from nowhere else; AssertionError where it fails."""
    usual = {name: text for name, text in os.environ.items() if "proxy" not in name.lower()}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(program),
        env={**usual, **environment, "PYTHONPATH": str(installed)},
        cwd=installed.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()
