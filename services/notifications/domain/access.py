"""Who may see what members were written about, and who may change what is said."""

from __future__ import annotations

from typing import Final

from services.runtime.principal import Principal

_LOOKING: Final = ("service_desk", "auditor", "admin")


def may_look_up(who: Principal) -> None:
    """What a member was written about: staff of the service desk, auditors, admins; services. Raises PermissionDenied."""
    who.require_internal(*_LOOKING)


def may_see(who: Principal) -> None:
    """Texts and figures: all staff, and services. Raises PermissionDenied."""
    who.require_internal()


def may_change(who: Principal) -> None:
    """Texts and switches: staff `admin`, and the host. Raises PermissionDenied."""
    who.require_role("admin")
