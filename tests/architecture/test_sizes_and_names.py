"""What a reader can hold in mind: short functions, short modules, names that say something."""

import ast
import re
from pathlib import PurePosixPath

from tests.architecture.sources import HAND_WRITTEN, files, python_sources

FUNCTION_LINES_MAX = 70
MODULE_LINES_MAX = 400
#: Names that say where something was put, not what it is.
SAYING_NOTHING = re.compile(r"(^|_)(utils?|utilities|helpers?|managers?|base|common|misc)(_|$)")


def test_no_function_is_longer_than_70_lines():
    too_long = [
        f"{source}:{node.lineno} {node.name} has {(node.end_lineno or 0) - node.lineno} lines"
        for source in python_sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno > FUNCTION_LINES_MAX
    ]
    assert not too_long, "\n".join(too_long)


def test_no_module_is_longer_than_400_lines():
    too_long = [
        f"{source} has {source.text.count(chr(10))} lines"
        for source in python_sources()
        if source.text.count("\n") > MODULE_LINES_MAX
    ]
    assert not too_long, "\n".join(too_long)


def test_no_module_or_folder_has_a_name_that_says_nothing():
    empty = [
        path
        for path in files()
        if path.startswith(HAND_WRITTEN)
        and any(SAYING_NOTHING.search(part) for part in PurePosixPath(path).with_suffix("").parts)
    ]
    assert not empty, "\n".join(empty)
