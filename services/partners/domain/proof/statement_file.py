"""The file with which a partner verifies its statement: one JSON document, written from its beginning to its end.

docs/statements.md has the format, services/verifier/statement.py reads it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.partners.domain.proof.record import FORMAT, StatementHead
from services.partners.domain.proof.sum_tree import Node


@dataclass(frozen=True, slots=True)
class Opening:
    """What stands before the windows. `previous`: the checkpoint of the statement before; empty: this is the first."""

    head: StatementHead
    verifier_key: str
    checkpoint: str
    previous: str
    consistency: Sequence[bytes]

    def written(self) -> str:
        """The document up to its list of windows."""
        facts = {
            "format": FORMAT,
            "statement": self.head.document(),
            "key": self.verifier_key,
            "checkpoint": self.checkpoint,
            "previous": self.previous,
            "consistency": [each.hex() for each in self.consistency],
        }
        return f'{_members(facts)},\n"windows":['


@dataclass(frozen=True, slots=True)
class ProvedWindow:
    """What a window has beside the partner's entries. `record`: as the log has it; `place`: in the tree of partners."""

    record: str
    inclusion: Sequence[bytes]
    secret: bytes
    place: int
    path: Sequence[Node]

    def written(self) -> str:
        """The window up to its list of entries."""
        facts = {
            "record": json.loads(self.record),
            "inclusion": [each.hex() for each in self.inclusion],
            "secret": self.secret.hex(),
            "place": self.place,
            "path": [[node[0].hex(), *node[1:]] for node in self.path],
        }
        return f'{_members(facts)},\n"entries":['


def entries_written(rows: Sequence[str], first: bool) -> str:
    """More entries of the window; `first`: none were written before them."""
    return ("\n" if first else ",\n") + ",\n".join(rows)


WINDOW_END = "]}"
BETWEEN_WINDOWS = ",\n"
END = "]}\n"


def _members(facts: dict[str, Any]) -> str:
    members = (
        f"{json.dumps(name)}:{json.dumps(value, separators=(',', ':'))}" for name, value in facts.items()
    )
    return "{" + ",\n".join(members)
