"""When the points of a programme expire, as the contract tells it to whoever registers programmes or keeps a ledger."""

from __future__ import annotations

from calendar import monthrange
from enum import StrEnum
from typing import Final, NamedTuple

from coalition.type.v1 import expiry_pb2 as pb

from services.runtime.errors import InvalidRequest

_MONTHS_MAX: Final = 120
_NOTICE_DAYS_MAX: Final = 365
_LEAP_YEAR: Final = 2000


class ExpiryRule(StrEnum):
    """What the time at which points expire follows from."""

    MONTHS_AFTER_EARN = "months_after_earn"
    """The end of the month that lies so many months after the earn's."""
    FIXED_DATE = "fixed_date"
    """The end of the first fixed date that lies so many full months after the earn, or more."""
    ACTIVITY = "activity"
    """For all points of a member: the end of the month that lies so many months after that of the last activity."""


class ExpiryPolicy(NamedTuple):
    """A rule with its months (0, of activity 1, to 120), its fixed date (0 and 0 where it has none), and the days of notice (0: none)."""

    rule: ExpiryRule
    months: int
    month: int
    day: int
    notice_days: int


# Of a programme that is registered without one.
DEFAULT_POLICY: Final = ExpiryPolicy(ExpiryRule.MONTHS_AFTER_EARN, 24, 0, 0, 30)

_RULES: Final = {
    pb.EXPIRY_RULE_MONTHS_AFTER_EARN: ExpiryRule.MONTHS_AFTER_EARN,
    pb.EXPIRY_RULE_FIXED_DATE: ExpiryRule.FIXED_DATE,
    pb.EXPIRY_RULE_ACTIVITY: ExpiryRule.ACTIVITY,
}
_WIRE_RULES: Final = {rule: wire for wire, rule in _RULES.items()}


def policy_message(policy: ExpiryPolicy) -> pb.ExpiryPolicy:
    """The wire form of a policy."""
    return pb.ExpiryPolicy(
        rule=_WIRE_RULES[policy.rule],
        months=policy.months,
        month=policy.month,
        day=policy.day,
        notice_days=policy.notice_days,
    )


def policy_from(message: pb.ExpiryPolicy) -> ExpiryPolicy:
    """Reads the wire form of a policy. Raises InvalidRequest, naming the field."""
    rule = _RULES.get(message.rule)
    if rule is None:
        raise InvalidRequest("rule must be one of the rules that there are", field="rule")
    months_min = 1 if rule is ExpiryRule.ACTIVITY else 0
    if not months_min <= message.months <= _MONTHS_MAX:
        raise InvalidRequest(f"months must be {months_min} to {_MONTHS_MAX}", field="months")
    if not 0 <= message.notice_days <= _NOTICE_DAYS_MAX:
        raise InvalidRequest(f"notice_days must be 0 to {_NOTICE_DAYS_MAX}", field="notice_days")
    if rule is ExpiryRule.FIXED_DATE:
        if not 1 <= message.month <= 12:
            raise InvalidRequest("month must be 1 to 12 for a fixed date", field="month")
        days = monthrange(_LEAP_YEAR, message.month)[1]
        if not 1 <= message.day <= days:
            raise InvalidRequest(f"day must be 1 to {days} in that month", field="day")
    elif message.month or message.day:
        raise InvalidRequest("only a fixed date has a month and a day", field="month")
    return ExpiryPolicy(rule, message.months, message.month, message.day, message.notice_days)
