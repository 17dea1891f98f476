"""Earns, burns, refunds, transactions and balances."""

from __future__ import annotations

from typing import Any, Final

from services.gateway.answers.moments import first_day, instant, instant_or_none, last_day
from services.gateway.directory.aliases import MemberAliases
from services.gateway.domain.caller import Caller
from services.gateway.domain.movements import (
    Accepted,
    Balance,
    Bonus,
    BurnWorth,
    Expiration,
    Movement,
    MovementType,
    Parked,
    ParkedPoints,
    RefundFigures,
)
from services.gateway.schemas.sales import RefundBody
from services.runtime.errors import Fault
from services.runtime.ids import to_text

RECEIPT_LINE_MAX: Final = 40
HOLD_PREFIX: Final = "hld"
CAMPAIGN_PREFIX: Final = "cmp"
_NOTHING: Final = RefundFigures(0, 0, 0, 0, 0, 0)


class MovementAnswers:
    """Builds the answers that name members, under the aliases of whom they are for."""

    def __init__(self, aliases: MemberAliases) -> None:
        self._aliases = aliases

    def earn(self, caller: Caller, movement: Movement) -> dict[str, Any]:
        """The answer to an earn, of schemas.movements.Earn."""
        expires_on = _expires_on(caller, movement)
        return {
            "object": "earn",
            **self._posted(caller, movement),
            "points": movement.earned,
            "pending": movement.pending,
            "matures_at": instant_or_none(movement.matures_at_us),
            "expires_at": instant_or_none(movement.expires_at_us),
            "purchase": _purchase(movement),
            "balance": movement.balance_in_all,
            "bonus": [_bonus(bonus) for bonus in movement.bonuses],
            "bonus_points": movement.bonus_points,
            "receipt": {
                "earned": movement.earned,
                "bonus": movement.bonus_points,
                "pending": movement.pending,
                "balance": movement.balance_in_all,
                "expires_on": expires_on,
                "lines": [*_earned(caller, movement), _balance_line(movement), *_use_by(expires_on)],
            },
        }

    def parked_earn(self, caller: Caller, movement: Movement) -> dict[str, Any]:
        """The answer to an earn that is parked, of schemas.movements.ParkedEarn."""
        return {
            "object": "earn",
            "status": "parked",
            **self._posted(caller, movement),
            "parked_points": _parked_points(movement),
            "receipt": _parked_receipt(movement, movement, []),
        }

    def parked_purchase(self, caller: Caller, parked: Parked) -> dict[str, Any]:
        """The answer to a purchase whose earn is parked, of schemas.sales.ParkedPurchase."""
        earn = parked.movement
        burn = parked.linked[0] if parked.linked else None
        spent = [f"Points spent: {-burn.points:,}"] if burn else []
        return {
            "object": "purchase",
            "status": "parked",
            **self._posted(caller, earn),
            "balance": (burn or earn).balance,
            "parked_points": _parked_points(earn),
            "burn": self.transaction(caller, burn) if burn else None,
            "receipt": {"burned": -burn.points if burn else 0, **_parked_receipt(earn, burn or earn, spent)},
        }

    def redemption(self, caller: Caller, movement: Movement) -> dict[str, Any]:
        """The answer to a redemption, of schemas.movements.Redemption."""
        burned = -movement.points
        return {
            "object": "redemption",
            **self._posted(caller, movement),
            "points": burned,
            "worth": _worth(caller, movement),
            "receipt": _burned(movement),
        }

    def purchase(self, caller: Caller, accepted: Accepted) -> dict[str, Any]:
        """The answer to a purchase, of schemas.sales.Purchase: its earn, and what was posted with it."""
        earn = accepted.movement
        burn = accepted.linked[0] if accepted.linked else None
        last = burn or earn
        burned = -burn.points if burn else 0
        expires_on = _expires_on(caller, earn)
        spent = [f"Points spent: {burned:,}"] if burn else []
        return {
            "object": "purchase",
            **self._posted(caller, earn),
            "id": _purchase(earn),
            "balance": last.balance_in_all,
            "bonus": [_bonus(bonus) for bonus in earn.bonuses],
            "bonus_points": earn.bonus_points,
            "earn": self.transaction(caller, earn),
            "burn": self.transaction(caller, burn) if burn else None,
            "receipt": {
                "earned": earn.earned,
                "bonus": earn.bonus_points,
                "pending": earn.pending,
                "burned": burned,
                "balance": last.balance_in_all,
                "expires_on": expires_on,
                "lines": [
                    *spent,
                    *_earned(caller, earn),
                    _balance_line(last),
                    *_use_by(expires_on),
                ],
            },
        }

    def refund(self, caller: Caller, accepted: Accepted) -> dict[str, Any]:
        """The answer to a refund with what was taken in exchange, of schemas.sales.Refund.

        Raises Fault where the ledger told no figures.
        """
        movement = accepted.movement
        taken = accepted.linked[0] if accepted.linked else None
        figures = movement.refund
        if figures is None:
            raise Fault
        return {
            "object": "refund",
            **self._posted(caller, movement),
            "original": _original(movement),
            **figures_of(caller, figures),
            "receipt": {
                "returned": figures.returned,
                "clawed_back": figures.clawed_back,
                "owed": figures.owed,
                "balance": movement.balance,
                "lines": _undone(movement, figures),
            },
            "exchange": self._taken(caller, taken) if taken is not None else None,
        }

    def _taken(self, caller: Caller, movement: Movement) -> dict[str, Any]:
        if movement.parked is not None:
            return self.parked_earn(caller, movement)
        return self.earn(caller, movement)

    def reversal(self, caller: Caller, key: str, movement: Movement | None) -> dict[str, Any]:
        """The answer to a reversal, of schemas.sales.Reversal; without a movement there was nothing to reverse."""
        figures = (movement.refund if movement else None) or _NOTHING
        released = -movement.held if movement else 0
        return {
            "object": "reversal",
            "status": "reversed" if movement else "nothing_to_reverse",
            "idempotency_key": key,
            "transaction": self.transaction(caller, movement) if movement else None,
            **figures_of(caller, figures),
            "released": released,
            "balance": movement.balance if movement else None,
            "receipt": {
                "returned": figures.returned,
                "clawed_back": figures.clawed_back,
                "owed": figures.owed,
                "released": released,
                "balance": movement.balance,
                "lines": _undone(movement, figures),
            }
            if movement
            else None,
        }

    def hold(self, caller: Caller, movement: Movement) -> dict[str, Any]:
        """The answer to a hold, of schemas.holds.Hold."""
        return {
            "object": "hold",
            "hold": _hold(movement),
            **self._posted(caller, movement),
            "points": movement.held,
            "worth": _worth(caller, movement),
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
            "worth": _worth(caller, movement),
            "released": -movement.held - burned,
            "receipt": _burned(movement),
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
            "pending": movement.pending,
            "matures_at": instant_or_none(movement.matures_at_us),
            "expires_at": instant_or_none(movement.expires_at_us),
            "hold": _hold(movement),
            "held": movement.held,
            "purchase": _purchase(movement),
            "original": _original(movement),
            "refund": figures_of(caller, movement.refund) if movement.refund else None,
            "bonus": [_bonus(bonus) for bonus in movement.bonuses],
            "campaign": campaign_of(movement.campaign) if movement.campaign else None,
            "parked": _parked(movement.parked) if movement.parked else None,
            "worth": _worth(caller, movement),
        }

    def balance(self, alias: str, balance: Balance) -> dict[str, Any]:
        """A wallet, of schemas.members.Balance."""
        expiry = None
        if balance.next_expiry_at_us:
            expiry = {"points": balance.next_expiry_points, "at": instant(balance.next_expiry_at_us)}
        maturity = None
        if balance.next_maturity_at_us:
            maturity = {"points": balance.next_maturity_points, "at": instant(balance.next_maturity_at_us)}
        return {
            "object": "balance",
            "member": alias,
            "available": balance.available,
            "owed": balance.owed,
            "pending": balance.pending,
            "next_maturity": maturity,
            "next_expiry": expiry,
        }

    def expiration(self, expiration: Expiration) -> dict[str, Any]:
        """Points that expire together, of schemas.members.Expiration."""
        return {
            "object": "expiration",
            "points": expiration.points,
            "expires_at": instant(expiration.expires_at_us),
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


def _parked_points(movement: Movement) -> int:
    return movement.parked.points if movement.parked else 0


def _parked_receipt(earn: Movement, last: Movement, lines: list[str]) -> dict[str, Any]:
    points = _parked_points(earn)
    lines = [*lines, f"Points to be added later: {points:,}", _balance_line(last)]
    return {"parked": points, "balance": last.balance, "lines": lines}


def _parked(parked: ParkedPoints) -> dict[str, Any]:
    return {"points": parked.points, "status": "parked" if parked.is_open else "ended"}


def _worth(caller: Caller, movement: Movement) -> dict[str, Any] | None:
    return worth_of(caller, movement.worth)


def worth_of(caller: Caller, worth: BurnWorth | None) -> dict[str, Any] | None:
    """What points are worth, of schemas.movements.Worth; None where no rule says."""
    if worth is None:
        return None
    currency = caller.programme.currency
    return {"amount": worth.amount_minor, "currency": currency, "treatment": worth.treatment.value}


def _burned(movement: Movement) -> dict[str, Any]:
    burned = -movement.points
    lines = [f"Points spent: {burned:,}", _balance_line(movement)]
    return {"burned": burned, "balance": movement.balance, "lines": lines}


def _undone(movement: Movement, figures: RefundFigures) -> list[str]:
    told = {
        "Points returned": figures.returned,
        "Points taken back": figures.clawed_back,
        "Points owed": figures.owed,
        "Points free again": -movement.held,
    }
    lines = [f"{words}: {points:,}" for words, points in told.items() if points]
    return [*lines, _balance_line(movement)]


def _balance_line(movement: Movement) -> str:
    return f"Balance: {movement.balance_in_all:,} points"


def _earned(caller: Caller, movement: Movement) -> list[str]:
    lines = [f"Points earned: {movement.earned:,}"]
    if movement.bonuses:
        lines.append(f"Bonus points: {movement.bonus_points:,}")
    if movement.matures_at_us:
        lines.append(f"To be spent from {first_day(movement.matures_at_us, caller.programme.zone)} on")
    return lines


def _expires_on(caller: Caller, movement: Movement) -> str | None:
    return last_day(movement.expires_at_us, caller.programme.zone) if movement.expires_at_us else None


def _use_by(expires_on: str | None) -> list[str]:
    return [f"Use these points by {expires_on}"] if expires_on else []


def figures_of(caller: Caller, figures: RefundFigures) -> dict[str, Any]:
    """What a refund came to, of schemas.movements.RefundFigures."""
    return {
        "amount": figures.amount,
        "points_returned": figures.returned,
        "points_clawed_back": figures.clawed_back,
        "points_owed": figures.owed,
        "points_written_off": figures.written_off,
        "money": {"amount": figures.money_minor, "currency": caller.programme.currency},
    }


def _without_reference(posted: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in posted.items() if name != "reference"}


def campaign_of(bonus: Bonus) -> dict[str, Any]:
    """A campaign, of schemas.movements.Campaign."""
    return {"id": to_text(CAMPAIGN_PREFIX, bonus.campaign_id), "version": bonus.version}


def _bonus(bonus: Bonus) -> dict[str, Any]:
    return {"campaign": campaign_of(bonus), "points": bonus.points}


def _hold(movement: Movement) -> str | None:
    """A hold goes by the transaction that opened it."""
    if movement.type is MovementType.HOLD:
        return to_text(HOLD_PREFIX, movement.transaction_id)
    return to_text(HOLD_PREFIX, movement.hold_id) if movement.hold_id else None


def _original(movement: Movement) -> str | None:
    return to_text("txn", movement.original_id) if movement.original_id else None


def _purchase(movement: Movement) -> str | None:
    return to_text("pur", movement.purchase_id) if movement.purchase_id else None


def waiting_refund(body: RefundBody) -> dict[str, Any]:
    """The answer to a refund that waits, of schemas.sales.WaitingRefund."""
    return {
        "object": "refund",
        "status": "waiting",
        "reference": body.reference,
        "original": body.original.reference,
    }
