"""Bugs that the points service is given on purpose, to see that a run finds them."""

from __future__ import annotations

from typing import Final

#: Name of the bug, and the module beside this one that makes it.
BROKEN: Final = {
    "capture-without-hold-check": "captures",
    "reply-before-commit": "replies",
    "unpark-forgets": "forgets",
    "unpark-twice": "unparks",
}
