"""The repository's own files, for tests that read code instead of running it."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
#: Folders with Python that people write; proto/gen and clients/python/coalition_client are made by the generate.py beside them.
HAND_WRITTEN: Final = (
    "services/", "tests/", "docs/", "deploy/", "proto/generate.py", "clients/python/generate.py", "clients/python/examples/",
)  # fmt: skip
#: Services with a database; each is a bounded context of its own.
SERVICES: Final = ("members", "points", "partners", "insights", "notifications", "gateway")


@dataclass(frozen=True)
class Source:
    """A Python file. `path` is relative to the root and written with slashes."""

    path: str
    text: str

    @property
    def module(self) -> str:
        """Dotted name of the module."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return _parsed(self.text)

    @property
    def room(self) -> tuple[str, str]:
        """Service and room, such as ("points", "domain"); a service's own modules are rooms of their name.

        ("", "") outside of services/.
        """
        parts = self.path.removesuffix(".py").split("/")
        return (parts[1], parts[2]) if parts[0] == "services" and len(parts) > 2 else ("", "")

    def __str__(self) -> str:
        return self.path


@lru_cache(maxsize=2_048)
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


@lru_cache(maxsize=1)
def files() -> tuple[str, ...]:
    """All files that are, or are about to be, under version control and that exist."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return tuple(sorted(path for path in set(listed) if (ROOT / path).is_file()))


@lru_cache(maxsize=1)
def python_sources() -> tuple[Source, ...]:
    """Every Python file that people write."""
    return tuple(
        Source(path, (ROOT / path).read_text())
        for path in files()
        if path.endswith(".py") and path.startswith(HAND_WRITTEN)
    )


def sources_in(*rooms: str, services: tuple[str, ...] = SERVICES) -> Iterator[Source]:
    """The Python files of some rooms of some services."""
    for source in python_sources():
        service, room = source.room
        if service in services and room in rooms:
            yield source


def imported_names(source: Source) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that a file imports; of a `from` import with the name taken."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"
