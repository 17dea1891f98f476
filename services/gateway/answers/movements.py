"""Earns, burns, refunds, transactions and balances."""

from __future__ import annotations

from typing import Any, Final

from services.gateway.answers.moments import first_day, instant, instant_or_none, last_day
from services.gateway.answers.receipts.wording import Line, Wording, wording_of
from services.gateway.directory.aliases import MemberAliases
from services.gateway.directory.languages import Languages
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
    """Builds the answers that name members, under the aliases of whom they are for; receipts in the members' languages."""

    def __init__(self, aliases: MemberAliases, languages: Languages) -> None:
        self._aliases, self._languages = aliases, languages

    def _wording(self, caller: Caller, movement: Movement) -> Wording:
        return wording_of(self._languages.of(caller.programme, movement.member_id))

    def earn(self, caller: Caller, movement: Movement) -> dict[str, Any]:
        """The answer to an earn, of schemas.movements.Earn."""
        expires_on, say = _expires_on(caller, movement), self._wording(caller, movement)
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
                "lines": [
                    *_earned(say, caller, movement),
                    _balance_line(say, movement),
                    *_use_by(say, expires_on),
                ],
            },
        }

    def parked_earn(self, caller: Caller, movement: Movement) -> dict[str, Any]:
        """The answer to an earn that is parked, of schemas.movements.ParkedEarn."""
        return {
            "object": "earn",
            "status": "parked",
            **self._posted(caller, movement),
            "parked_points": _parked_points(movement),
            "receipt": _parked_receipt(self._wording(caller, movement), movement, movement, None),
        }

    def parked_purchase(self, caller: Caller, parked: Parked) -> dict[str, Any]:
        """The answer to a purchase whose earn is parked, of schemas.sales.ParkedPurchase."""
        earn = parked.movement
        burn = parked.linked[0] if parked.linked else None
        receipt = _parked_receipt(self._wording(caller, earn), earn, burn or earn, burn)
        return {
            "object": "purchase",
            "status": "parked",
            **self._posted(caller, earn),
            "balance": (burn or earn).balance,
            "parked_points": _parked_points(earn),
            "burn": self.transaction(caller, burn) if burn else None,
            "receipt": {"burned": -burn.points if burn else 0, **receipt},
        }

    def redemption(self, caller: Caller, movement: Movement) -> dict[str, Any]:
        """The answer to a redemption, of schemas.movements.Redemption."""
        burned = -movement.points
        return {
            "object": "redemption",
            **self._posted(caller, movement),
            "points": burned,
            "worth": _worth(caller, movement),
            "receipt": _burned(self._wording(caller, movement), movement),
        }

    def purchase(self, caller: Caller, accepted: Accepted) -> dict[str, Any]:
        """The answer to a purchase, of schemas.sales.Purchase: its earn, and what was posted with it."""
        earn = accepted.movement
        burn = accepted.linked[0] if accepted.linked else None
        last = burn or earn
        burned = -burn.points if burn else 0
        expires_on, say = _expires_on(caller, earn), self._wording(caller, earn)
        spent = [say.points(say.lines.spent, burned)] if burn else []
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
                    *_earned(say, caller, earn),
                    _balance_line(say, last),
                    *_use_by(say, expires_on),
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
                "lines": _undone(self._wording(caller, movement), movement, figures),
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
                "lines": _undone(self._wording(caller, movement), movement, figures),
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
            "receipt": _burned(self._wording(caller, movement), movement),
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
            "metadata": dict(movement.metadata),
        }


def _parked_points(movement: Movement) -> int:
    return movement.parked.points if movement.parked else 0


def _parked_receipt(say: Wording, earn: Movement, last: Movement, burn: Movement | None) -> dict[str, Any]:
    points = _parked_points(earn)
    spent = [say.points(say.lines.spent, -burn.points)] if burn else []
    lines = [*spent, say.points(say.lines.later, points), _balance_line(say, last)]
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


def _burned(say: Wording, movement: Movement) -> dict[str, Any]:
    burned = -movement.points
    lines = [say.points(say.lines.spent, burned), _balance_line(say, movement)]
    return {"burned": burned, "balance": movement.balance, "lines": lines}


def _undone(say: Wording, movement: Movement, figures: RefundFigures) -> list[str]:
    told: tuple[tuple[Line, int], ...] = (
        (say.lines.returned, figures.returned),
        (say.lines.taken_back, figures.clawed_back),
        (say.lines.owed, figures.owed),
        (say.lines.freed, -movement.held),
    )
    return [*(say.points(line, points) for line, points in told if points), _balance_line(say, movement)]


def _balance_line(say: Wording, movement: Movement) -> str:
    return say.points(say.lines.balance, movement.balance_in_all)


def _earned(say: Wording, caller: Caller, movement: Movement) -> list[str]:
    lines = [say.points(say.lines.earned, movement.earned)]
    if movement.bonuses:
        lines.append(say.points(say.lines.bonus, movement.bonus_points))
    if movement.matures_at_us:
        lines.append(say.day(say.lines.spend_from, first_day(movement.matures_at_us, caller.programme.zone)))
    return lines


def _expires_on(caller: Caller, movement: Movement) -> str | None:
    return last_day(movement.expires_at_us, caller.programme.zone) if movement.expires_at_us else None


def _use_by(say: Wording, expires_on: str | None) -> list[str]:
    return [say.day(say.lines.use_by, expires_on)] if expires_on else []


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
