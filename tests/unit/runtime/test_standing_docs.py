"""The table in the partners' guide is the one that the code goes by."""

from __future__ import annotations

import re
from pathlib import Path

from services.runtime.partner_standing import TABLE, StandingKind

GUIDE = Path(__file__).parents[3] / "docs/partners.md"


def test_the_guide_shows_the_table_that_is_enforced() -> None:
    section = GUIDE.read_text().partition("## When you are suspended or leave")[2].partition("\n## ")[0]
    head = re.search(r"^\| operation \| (.+) \|$", section, re.MULTILINE)
    assert head is not None
    assert head[1].split(" | ") == [f"`{kind}`" for kind in StandingKind]
    shown = re.findall(r"^\| `([a-z_]+)`: [^|]+ \| (.+) \|$", section, re.MULTILINE)
    assert [(operation, words.split(" | ")) for operation, words in shown] == [
        (operation.value, [until.value for until in row.values()]) for operation, row in TABLE.items()
    ]
