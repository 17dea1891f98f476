# ruff: noqa: INP001
"""A page of docs/ that is made from code: written, or compared with what stands there."""

from __future__ import annotations

import sys
from pathlib import Path


def keep(name: str, text: str, arguments: list[str]) -> int:
    """Writes the page, or with --check only compares it; answers the exit status."""
    path = Path(__file__).with_name(name)
    stands = path.read_text() if path.exists() else ""
    if arguments == ["--check"]:
        if stands != text:
            sys.stderr.write(f"docs/{name} is not what the code says: run the script that makes it\n")
        return int(stands != text)
    path.write_text(text)
    return 0


def cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")
