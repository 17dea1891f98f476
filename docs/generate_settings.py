# ruff: noqa: INP001
"""Makes docs/settings.md from the settings classes: `python docs/generate_settings.py [--check]`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

from generated_page import cell, keep
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from services.gateway.settings import Settings as GatewaySettings
from services.insights.settings import Settings as InsightsSettings
from services.launcher.environment import CONTRACT
from services.members.settings import Settings as MembersSettings
from services.notifications.settings import Settings as NotificationsSettings
from services.partners.settings import Settings as PartnersSettings
from services.points.settings import Settings as PointsSettings
from services.runtime.settings import PlatformSettings

CLASSES: Final[Mapping[str, type[BaseSettings]]] = {
    "Every process": PlatformSettings,
    "members": MembersSettings,
    "points (and points-relay)": PointsSettings,
    "partners": PartnersSettings,
    "insights": InsightsSettings,
    "gateway": GatewaySettings,
    "notifications": NotificationsSettings,
}
_HEAD: Final = """# Settings

Made from the code by `docs/generate_settings.py`; do not edit.

A process reads its settings from the environment and from nothing else. A value that is missing or out of its
range stops the process at its start, and the message names the setting and never a secret. Unknown variables are
ignored. `coalition up` gives every process what it needs; elsewhere (containers, systemd) you do.

Seconds and days are wall-clock time. A secret's default is never shown here, and none has a useful one.
"""
_OTHERS: Final = ("DATABASE_URL", "COALITION_STATE_DIR")
_OTHER_MEANINGS: Final = {
    "DATABASE_URL": CONTRACT["DATABASE_URL"],
    "COALITION_STATE_DIR": "where `coalition up` keeps data, logs and secrets; `.coalition` in the current folder "
    "by default",
}
_BOUNDS: Final = (("ge", "≥ {}"), ("gt", "> {}"), ("le", "≤ {}"), ("lt", "< {}"), ("pattern", "matches `{}`"))


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for title, settings in CLASSES.items():
        parts.append(f"\n## {title}\n\n| variable | default | range | what it is |\n|---|---|---|---|\n")
        parts.extend(_row(name, field) for name, field in variables(settings))
    parts.append("\n## Read by the command line alone\n\n| variable | what it is |\n|---|---|\n")
    parts.extend(f"| `{name}` | {cell(_OTHER_MEANINGS[name])} |\n" for name in _OTHERS)
    return "".join(parts)


def variables(settings: type[BaseSettings]) -> Iterator[tuple[str, FieldInfo]]:
    """Environment variables of a class with their fields, in the order of the code."""
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in settings.model_fields.items():
        yield str(field.validation_alias or f"{prefix}{name.upper()}"), field


def _row(name: str, field: FieldInfo) -> str:
    bounds = [
        words.format(value)
        for attribute, words in _BOUNDS
        for constraint in field.metadata
        if (value := getattr(constraint, attribute, None)) is not None
    ]
    return f"| `{name}` | {_default(field.default)} | {cell(', '.join(bounds))} | {cell(field.description or '')} |\n"


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "**needed**"
    if isinstance(value, SecretStr):
        return "empty"
    if value in ("", ()):
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    return f"`{value}`"


if __name__ == "__main__":
    raise SystemExit(keep("settings.md", page(), sys.argv[1:]))
