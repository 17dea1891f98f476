"""Nothing half done, nothing switched off, nothing of the machine that it was written on."""

import ast
import re

from tests.architecture.sources import ROOT, files, python_sources

#: Spelled so that this file does not find itself.
NOTES = re.compile(r"\b(TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b")
MACHINE_PATHS = re.compile(r"(?<![\w.$}/-])/(home|root|Users|work|mnt)/[\w.-]+")
SWITCHED_OFF = frozenset({"skip", "skipif", "xfail", "importorskip"})
NOT_TEXT = (".png", ".jpg", ".woff2", ".ico", ".binpb", ".lock")
#: Kept as their makers wrote them.
VENDORED = re.compile(r"(^|/)(vendor|third_party)/")


def test_no_note_says_that_something_is_still_to_be_done():
    found = [place for place, line in _lines() if NOTES.search(line)]
    assert not found, "\n".join(found)


def test_nothing_is_left_unimplemented():
    found = [
        f"{source}:{node.lineno}"
        for source in python_sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name) and node.id == "NotImplementedError"
    ]
    assert not found, "\n".join(found)


def test_no_test_is_skipped_or_expected_to_fail():
    found = [
        f"{source}:{node.lineno} {node.attr}"
        for source in python_sources()
        if source.path.startswith("tests/")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute)
        and node.attr in SWITCHED_OFF
        and isinstance(node.value, ast.Name | ast.Attribute)
        and ast.unparse(node.value) in ("pytest", "pytest.mark")
    ]
    assert not found, "\n".join(found)


def test_no_file_names_a_path_of_somebody_s_machine():
    found = [f"{place}: {line.strip()[:100]}" for place, line in _lines() if MACHINE_PATHS.search(line)]
    assert not found, "\n".join(found)


def _lines() -> list[tuple[str, str]]:
    return [
        (f"{path}:{number}", line)
        for path in files()
        if not path.endswith(NOT_TEXT) and not VENDORED.search(path)
        for number, line in enumerate((ROOT / path).read_text().splitlines(), start=1)
    ]
