# ruff: noqa: INP001
"""Keeps the shape of the OpenAPI document: `python docs/generate_openapi.py [--check | --date YYYY-MM-DD]`.

Without --date the newest dated version is brought up to date, unless the change breaks what partners built on it.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from services.gateway.apidocs.changes import breaking_changes, shape_of
from services.runtime import logging
from tests.support.gateway import open_house

FOLDER: Final = Path(__file__).with_name("openapi")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


async def _shape() -> dict[str, Any]:
    async with open_house() as house:
        return shape_of((await house.client.get("/openapi.json")).json())


def main(arguments: list[str]) -> int:
    """Exit status: 0 all is well, 1 the document is not what is kept, or breaks it, 2 the arguments make no sense."""
    logging.configure("gateway", "ERROR")
    newest = max(FOLDER.glob("*.json"))
    date = arguments[1] if arguments[:1] == ["--date"] and len(arguments) == 2 else newest.stem
    if (
        not _DATE.fullmatch(date)
        or date < newest.stem
        or arguments not in ([], ["--check"], ["--date", date])
    ):
        sys.stderr.write(f"{__doc__}A new date comes after {newest.stem}.\n")
        return 2
    shape, kept = asyncio.run(_shape()), json.loads(newest.read_text())
    if arguments == ["--check"]:
        if shape != kept:
            sys.stderr.write(
                f"docs/openapi/{newest.name} is not what the code says: run the script that makes it\n"
            )
        return int(shape != kept)
    broken = breaking_changes(kept, shape)
    # A version may still change until its date has come: nobody can have built on it.
    if broken and date == newest.stem and date <= f"{datetime.now(UTC):%Y-%m-%d}":
        sys.stderr.write(
            "\n".join([*broken, "This breaks clients: it needs a new version, --date YYYY-MM-DD.\n"])
        )
        return 1
    sys.stderr.write("".join(f"breaks: {each}\n" for each in broken))
    text = json.dumps(shape, indent=1, sort_keys=True, ensure_ascii=False)
    (FOLDER / f"{date}.json").write_text(text + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
