"""How a command finds the platform: what runs from the state directory here, or what the environment names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from services.launcher.environment import PRIVATE_KEY
from services.launcher.errors import LauncherError
from services.launcher.state import STATE_DIR_VARIABLE, StateDirectory

_NEEDED: Final = ("COALITION_PARTNERS_TARGET", "COALITION_POINTS_TARGET", PRIVATE_KEY)


def platform_environment() -> Mapping[str, str]:
    """Targets and the command line's signing key. Raises LauncherError where neither place has them."""
    running = StateDirectory.default().running()
    if running is not None:
        return running.environment
    if all(os.environ.get(name) for name in _NEEDED):
        return os.environ
    raise LauncherError(
        f"no platform found: start one here with `coalition up`, name its {STATE_DIR_VARIABLE}, or set "
        f"{', '.join(_NEEDED)}"
    )
