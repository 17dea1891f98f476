"""Codes that are sent to members: how long they are good, and how many are sent or tried before none is for a while."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.runtime.clock import MICROS_PER_SECOND

CODE_DIGITS: Final = 6
_CODE: Final = re.compile(rf"[0-9]{{{CODE_DIGITS}}}", re.ASCII)
#: How far back a partner's codes count.
HOUR_US: Final = 3_600 * MICROS_PER_SECOND
#: How far back a member's codes and wrong tries count.
DAY_US: Final = 24 * HOUR_US


def looks_like_code(text: str) -> bool:
    """Whether a text can be a code."""
    return _CODE.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class CodeRule:
    """What an installation decides. A code is good for `life_seconds`, and ends after `tries_max` wrong tries.

    Of a member at most so many are sent: for a partner in an hour and in 24 hours, for all of them in an hour; and for a partner
    `partner_all_hour_max` in an hour, whoever the members are. So many wrong tries in 24 hours, at a partner or at all of them, and none
    is sent or looked at there until they are older.
    """

    life_seconds: int
    tries_max: int
    partner_hour_max: int
    partner_day_max: int
    member_hour_max: int
    partner_all_hour_max: int
    wrong_partner_max: int
    wrong_everywhere_max: int


@dataclass(frozen=True, slots=True)
class SentCode:
    """A code of a member: for which partner, sent when (wall-clock microseconds), and how many wrong tries it had."""

    partner_id: UUID
    sent_at_us: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Code:
    """A code as it is kept, which is without what it says. `used_key`: hash of the key that it was used under, None: it was not used.

    Times are wall-clock microseconds.
    """

    code_id: UUID
    ledger_id: int
    member_id: UUID
    partner_id: UUID
    expires_at_us: int
    wrong: int = 0
    used_key: bytes | None = None

    def is_open(self, now_us: int, rule: CodeRule) -> bool:
        """Whether it can be used, where it is the newest of its member and partner."""
        return self.used_key is None and now_us < self.expires_at_us and self.wrong < rule.tries_max


def sends_again_from_us(sent: Sequence[SentCode], partner_id: UUID, now_us: int, rule: CodeRule) -> int:
    """When another code may be sent for a partner; not after `now_us`: now. `sent`: those of the member in 24 hours, the oldest first."""
    here = [each.sent_at_us for each in sent if each.partner_id == partner_id]
    everywhere = [each.sent_at_us for each in sent]
    return max(
        _below_from_us(((at_us, 1) for at_us in here), rule.partner_hour_max, HOUR_US, now_us),
        _below_from_us(((at_us, 1) for at_us in here), rule.partner_day_max, DAY_US, now_us),
        _below_from_us(((at_us, 1) for at_us in everywhere), rule.member_hour_max, HOUR_US, now_us),
        looks_again_from_us(sent, partner_id, now_us, rule),
    )


def looks_again_from_us(sent: Sequence[SentCode], partner_id: UUID, now_us: int, rule: CodeRule) -> int:
    """When a code is looked at again at a partner, after too many wrong ones; as sends_again_from_us."""
    here = ((each.sent_at_us, each.wrong) for each in sent if each.partner_id == partner_id)
    everywhere = ((each.sent_at_us, each.wrong) for each in sent)
    return max(
        _below_from_us(here, rule.wrong_partner_max, DAY_US, now_us),
        _below_from_us(everywhere, rule.wrong_everywhere_max, DAY_US, now_us),
    )


def _below_from_us(counted: Iterable[tuple[int, int]], most: int, span_us: int, now_us: int) -> int:
    """When what is counted of the last span is less than `most` again; 0: it is."""
    recent = [(at_us, count) for at_us, count in counted if at_us > now_us - span_us]
    left, from_us = sum(count for _, count in recent), 0
    for at_us, count in recent:
        if left < most:
            break
        left, from_us = left - count, at_us + span_us
    return from_us
