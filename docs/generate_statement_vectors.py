# ruff: noqa: INP001
"""Makes docs/statement-vectors.json of a small coalition: `python docs/generate_statement_vectors.py [--check]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

PAGE: Final = Path(__file__).with_name("statement-vectors.json")
sys.path.insert(0, str(Path(__file__).parents[1]))

from generated_page import keep  # noqa: E402

from services.partners.domain.proof import log  # noqa: E402
from services.partners.domain.proof.leaves import ROW, leaves_of, owner_of  # noqa: E402
from services.partners.domain.proof.sum_tree import label, root_of  # noqa: E402
from tests.support.statement_files import KEY, LEDGER_ID, ROOT_KEY, Coalition, packed, plaza, rerated  # noqa: E402

SLUG: Final = "grocer"


def vectors() -> dict[str, Any]:
    """Leaves and trees of one partner over windows, what is above them, and three whole files."""
    found = plaza()
    last = len(found.windows)
    return {
        "key": KEY,
        "windows": [_window(found, number) for number in range(1, last + 1)],
        "log": [
            {
                "size": size,
                "root": log.root_of(_leaves(found, size)).hex(),
                "checkpoint": found.notes[size - 1],
            }
            for size in range(1, last + 1)
        ],
        "consistency": [
            {
                "from": old,
                "to": new,
                "proof": [each.hex() for each in log.consistency_of(_leaves(found, new), old)],
            }
            for new in range(1, last + 1)
            for old in range(1, new)
        ],
        "files": {f"{slug}-{last}": json.loads(found.file(slug, last)) for slug in (SLUG, "cinema")}
        | {"rerated-2": json.loads(rerated().file("cinema", 2))},
    }


def _leaves(found: Coalition, size: int) -> list[bytes]:
    return [log.leaf_of(record) for record in found.records[:size]]


def _window(found: Coalition, number: int) -> dict[str, Any]:
    partner_id = found.partners[SLUG]
    rows = packed(partner_id, found.entries[number - 1][SLUG])
    owner = owner_of(ROOT_KEY, LEDGER_ID, partner_id, number)
    leaves = leaves_of(rows, owner, 0)
    record = found.records[number - 1]
    return {
        "window": number,
        "partner": SLUG,
        "partner_id": partner_id.hex,
        "secret": owner.secret.hex(),
        "entries": [list(values[1:]) for values in ROW.iter_unpack(rows)],
        "leaves": [label(leaf).hex() for leaf in leaves],
        "root": label(root_of(leaves)).hex(),
        "partners": [label(leaf).hex() for _, leaf in found.trees[number - 1]],
        "record": record.decode(),
        "record_leaf": log.leaf_of(record).hex(),
    }


def page() -> str:
    """The whole file."""
    return json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    raise SystemExit(keep(PAGE.name, page(), sys.argv[1:]))
