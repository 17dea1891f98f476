"""The verifier is one file that a partner reads in a sitting, and needs nothing of ours."""

from __future__ import annotations

import ast
import sys
from typing import Final

from tests.architecture.sources import ROOT

LINES_MAX: Final = 300
_FILE: Final = ROOT / "services/verifier/statement.py"


def test_it_has_less_than_300_lines_of_code() -> None:
    text = _FILE.read_text()
    told: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(node):
            told |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    code = [
        line
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and number not in told and not line.strip().startswith("#")
    ]
    assert len(code) < LINES_MAX


def test_it_imports_the_standard_library_and_cryptography_alone() -> None:
    names = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(_FILE.read_text()))
        for name in (
            [each.name for each in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert names - set(sys.stdlib_module_names) == {"cryptography"}
