"""Earns, redemptions, transactions and balances."""

from __future__ import annotations

from typing import Any, Final

from services.gateway.answers.moments import instant, instant_or_none, last_day
from services.gateway.directory.aliases import MemberAliases
from services.gateway.domain.caller import Caller
from services.gateway.domain.movements import Balance, Movement, MovementType
from services.runtime.ids import to_text

RECEIPT_LINE_MAX: Final = 40
HOLD_PREFIX: Final = "hld"


class MovementAnswers:
    """Builds the answers that name members, under the aliases of whom they are for."""

    def __init__(self, aliases: MemberAliases) -> None:
        self._aliases = aliases

    def earn(self, caller: Caller, movement: Movement) -> dict[str, Any]:
        """The answer to an earn, of schemas.movements.Earn."""
        expires_on = (
            last_day(movement.expires_at_us, caller.programme.zone) if movement.expires_at_us else None
        )
        lines = [f"Points earned: {movement.points:,}", f"Balance: {movement.balance:,} points"]
        if expires_on:
            lines.append(f"Use these points by {expires_on}")
        return {
            "object": "earn",
            **self._posted(caller, movement),
            "points": movement.points,
            "expires_at": instant_or_none(movement.expires_at_us),
            "purchase": _purchase(movement),
            "receipt": {
                "earned": movement.points,
                "balance": movement.balance,
                "expires_on": expires_on,
                "lines": lines,
            },
        }

    def redemption(self, caller: Caller, movement: Movement) -> dict[str, Any]:
        """The answer to a redemption, of schemas.movements.Redemption."""
        burned = -movement.points
        return {
            "object": "redemption",
            **self._posted(caller, movement),
            "points": burned,
            "receipt": _burned(burned, movement.balance),
        }

    def hold(self, caller: Caller, movement: Movement) -> dict[str, Any]:
        """The answer to a hold, of schemas.holds.Hold."""
        return {
            "object": "hold",
            "hold": _hold(movement),
            **self._posted(caller, movement),
            "points": movement.held,
            "expires_at": instant(movement.expires_at_us),
        }

    def capture(self, caller: Caller, movement: Movement) -> dict[str, Any]:
        """The answer to a capture, of schemas.holds.Capture."""
        burned = -movement.points
        return {
            "object": "capture",
            "hold": _hold(movement),
            **_without_reference(self._posted(caller, movement)),
            "points": burned,
            "released": -movement.held - burned,
            "receipt": _burned(burned, movement.balance),
        }

    def void(self, caller: Caller, movement: Movement) -> dict[str, Any]:
        """The answer to a void, of schemas.holds.Void."""
        return {
            "object": "void",
            "hold": _hold(movement),
            **_without_reference(self._posted(caller, movement)),
            "released": -movement.held,
        }

    def transaction(self, caller: Caller, movement: Movement) -> dict[str, Any]:
        """A movement in the shape that all types share, of schemas.movements.Transaction."""
        return {
            "object": "transaction",
            "type": movement.type.value,
            **self._posted(caller, movement),
            "points": movement.points,
            "expires_at": instant_or_none(movement.expires_at_us),
            "hold": _hold(movement),
            "held": movement.held,
            "purchase": _purchase(movement),
        }

    def balance(self, alias: str, balance: Balance) -> dict[str, Any]:
        """A wallet, of schemas.members.Balance."""
        expiry = None
        if balance.next_expiry_at_us:
            expiry = {"points": balance.next_expiry_points, "at": instant(balance.next_expiry_at_us)}
        return {
            "object": "balance",
            "member": alias,
            "available": balance.available,
            "next_expiry": expiry,
        }

    def _posted(self, caller: Caller, movement: Movement) -> dict[str, Any]:
        return {
            "id": to_text("txn", movement.transaction_id),
            "member": self._aliases.alias(caller.partner.partner_id, movement.member_id),
            "reference": movement.reference or None,
            "balance": movement.balance,
            "occurred_at": instant(movement.occurred_at_us),
            "recorded_at": instant(movement.recorded_at_us),
        }


def _burned(burned: int, balance: int) -> dict[str, Any]:
    lines = [f"Points spent: {burned:,}", f"Balance: {balance:,} points"]
    return {"burned": burned, "balance": balance, "lines": lines}


def _without_reference(posted: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in posted.items() if name != "reference"}


def _hold(movement: Movement) -> str | None:
    """A hold goes by the transaction that opened it."""
    if movement.type is MovementType.HOLD:
        return to_text(HOLD_PREFIX, movement.transaction_id)
    return to_text(HOLD_PREFIX, movement.hold_id) if movement.hold_id else None


def _purchase(movement: Movement) -> str | None:
    return to_text("pur", movement.purchase_id) if movement.purchase_id else None
