"""The docs stay true: pages made from code are what the code says, links lead somewhere, commands exist."""

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import PurePosixPath
from typing import Final

import pytest
import typer

from services.launcher.cli import COMMANDS, build
from tests.architecture.sources import ROOT, files, python_sources

GENERATORS: Final = tuple(path for path in files() if re.fullmatch(r"docs/generate_\w+\.py", path))
PAGES: Final = tuple(path for path in files() if path.endswith(".md"))
LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE: Final = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
MAKE_TARGET: Final = re.compile(r"\bmake ([a-z-]+)")
COALITION_COMMAND: Final = re.compile(r"(?<![\w./-])coalition ((?:[a-z-]+ ?)+)")


@pytest.mark.parametrize("script", GENERATORS)
def test_a_generated_page_is_what_the_code_says(script: str):
    checked = subprocess.run(
        [sys.executable, script, "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_a_heading_that_exist(page: str):
    broken = [link for link in LINK.findall((ROOT / page).read_text()) if not _leads_somewhere(page, link)]
    assert broken == []


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_and_command_that_is_named_exists(page: str):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    code = "\n".join(CODE.findall((ROOT / page).read_text()))
    unknown = {f"make {target}" for target in MAKE_TARGET.findall(code) if target not in targets}
    unknown |= {f"coalition {words}" for words in COALITION_COMMAND.findall(code) if not _is_command(words)}
    assert sorted(unknown) == []


def test_the_index_names_every_page_of_docs():
    index = (ROOT / "docs/README.md").read_text()
    pages = [path for path in PAGES if re.fullmatch(r"docs/[a-z-]+\.md", path)]
    assert [path for path in pages if f"]({PurePosixPath(path).name})" not in index] == []


def test_the_telemetry_page_lists_every_instrument():
    made = {
        str(call.args[0].value)
        for source in python_sources()
        if source.path.startswith("services/")
        for call in ast.walk(source.tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr.startswith("create_")
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }
    listed = re.findall(
        r"^\| `(coalition\.[a-z_.]+)` \|", (ROOT / "docs/telemetry.md").read_text(), re.MULTILINE
    )
    assert sorted(listed) == sorted(made)


def _leads_somewhere(page: str, link: str) -> bool:
    if re.match(r"[a-z]+:", link):
        return True
    path, _, anchor = link.partition("#")
    target = (ROOT / page).parent / path if path else ROOT / page
    if not target.exists() or not anchor:
        return target.exists()
    headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
    return anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _is_command(words: str) -> bool:
    """Whether words after `coalition` start with a command, and a group's with one of its own."""
    first, *others = words.split()
    entry = next((each for each in COMMANDS if each.name == first), None)
    if entry is None or importlib.util.find_spec(entry.path) is None:
        return False
    command = typer.main.get_command(build([first])).commands[first]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]
    own: set[str] = set(getattr(command, "commands", {}))  # pyright: ignore[reportUnknownArgumentType]
    return not own or not others or others[0] in own
