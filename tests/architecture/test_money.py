"""Money and points are whole numbers: nothing that could make a float of them stands where they are decided."""

import ast

from tests.architecture.sources import Source, sources_in

ROOMS = ("domain", "storage")


def test_no_float_is_made_or_taken_in_domains_and_storage():
    found = [f"{source}:{line} {what}" for source in sources_in(*ROOMS) for line, what in _floats(source)]
    assert not found, "\n".join(found)


def _floats(source: Source) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found.append((node.lineno, f"the number {node.value}"))
        elif isinstance(node, ast.Name) and node.id == "float":
            found.append((node.lineno, "the type float"))
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            found.append((node.lineno, "a division that makes a float"))
    return found
