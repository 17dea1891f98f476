"""The catalogue of events as it was made from the protos."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, cast

from services.operations.documents import Document
from services.runtime.errors import NotFound


@cache
def catalogue() -> dict[str, Document]:
    """Every type of event by its name: what it is told for, its subject, its fields and an example."""
    text = files(__package__ or "services.operations.events").joinpath("catalogue.json").read_text()
    return {each["type"]: each for each in cast("list[dict[str, Any]]", json.loads(text))}


def described(type_: str) -> Document:
    """One type. Raises NotFound with those that are like it."""
    found = catalogue().get(type_)
    if found is None:
        like = [
            name for name in catalogue() if type_ and (type_ in name or name.startswith(type_.split(".")[0]))
        ]
        told = f"; there are {', '.join(like)}" if like else "; leave it out to see all"
        raise NotFound(f"no event is of type {type_!r}{told}")
    return found
