"""Where a partner stands: what can be said of it, and what may follow on what."""

from __future__ import annotations

from itertools import product
from typing import Any
from uuid import UUID

import pytest

from services.partners.domain.drafts import body_of
from services.partners.domain.standing.terms import (
    StandingTerms,
    StandingVersion,
    check_follows,
    parse_standing,
    standing_document,
    standing_now,
)
from services.runtime.errors import Fault, InvalidRequest
from services.runtime.partner_standing import PartnerStanding, StandingKind

PARTNER = UUID(int=7)
ACTIVE, SUSPENDED, EXITING, EXITED = StandingKind
DAY = 86_400_000_000


def terms(kind: StandingKind, day: int, *ends: int, **said: Any) -> StandingTerms:
    reason = said.pop("reason", "unpaid" if kind is SUSPENDED else "")
    return StandingTerms(PARTNER, PartnerStanding(kind, day * DAY, *(each * DAY for each in ends)), reason)


def books(*made: StandingTerms) -> list[StandingVersion]:
    return [StandingVersion(each, number) for number, each in enumerate(made, 1)]


STEPS = {
    ACTIVE: terms(ACTIVE, 10),
    SUSPENDED: terms(SUSPENDED, 10),
    EXITING: terms(EXITING, 10, 11, 12),
    EXITED: terms(EXITED, 12),
}
FOLLOWS = {
    (ACTIVE, ACTIVE), (ACTIVE, SUSPENDED), (ACTIVE, EXITING), (SUSPENDED, ACTIVE), (SUSPENDED, SUSPENDED), (SUSPENDED, EXITING),
    (EXITING, ACTIVE), (EXITING, EXITING), (EXITING, EXITED),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), list(product(StandingKind, StandingKind)))
def test_only_these_steps_can_be_taken(old: StandingKind, new: StandingKind) -> None:
    before = books(terms(EXITING, 1, 2, 3), terms(EXITED, 9)) if old is EXITED else books(STEPS[old])
    wanted = terms(new, 13, 14, 15) if new is EXITING else terms(new, 13)
    if (old, new) in FOLLOWS:
        check_follows(before, wanted, 20 * DAY)
    else:
        with pytest.raises(InvalidRequest, match=f"the partner is {old} then"):
            check_follows(before, wanted, 20 * DAY)


def test_a_partner_has_left_once_its_return_window_is_over_and_not_before() -> None:
    leaving = books(terms(EXITING, 1, 5, 9))
    check_follows(leaving, terms(EXITED, 9), 0)
    with pytest.raises(InvalidRequest, match="return window"):
        check_follows(leaving, terms(EXITED, 8), 0)


def test_an_exit_that_is_planned_can_be_called_off_and_one_that_is_done_cannot() -> None:
    leaving = books(terms(EXITING, 1, 5, 9), terms(EXITED, 9))
    check_follows(leaving, terms(ACTIVE, 4), 3 * DAY)
    with pytest.raises(InvalidRequest, match="the partner is exited then"):
        check_follows(leaving, terms(ACTIVE, 4), 9 * DAY)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (terms(SUSPENDED, -1), "valid_from_us"),
        (terms(EXITING, 3, 2, 4), "run_off_until_us"),
        (terms(EXITING, 1, 5, 4), "run_off_until_us"),
        (terms(EXITING, 1), "run_off_until_us"),
        (terms(ACTIVE, 1, 0, 4), "run_off_until_us"),
        (terms(EXITED, 1, 10**9), "run_off_until_us"),
        (terms(SUSPENDED, 1, reason=""), "reason"),
        (terms(SUSPENDED, 1, reason=" unpaid"), "reason"),
        (terms(SUSPENDED, 1, reason="a\nb"), "reason"),
        (terms(SUSPENDED, 1, reason="x" * 501), "reason"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field_that_is_wrong(wrong: StandingTerms, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        wrong.checked()
    assert caught.value.metadata["field"] == f"standing.{field}"


@pytest.mark.parametrize("kind", StandingKind)
def test_a_draft_says_all_of_a_standing_and_is_read_back_as_it_was(kind: StandingKind) -> None:
    written = body_of(standing_document(STEPS[kind]))
    assert parse_standing(written) == STEPS[kind]
    with pytest.raises(Fault):
        parse_standing(written.replace(kind.value.encode(), b"retired"))


def test_what_is_refused_now_follows_from_the_version_in_force() -> None:
    versions = books(terms(SUSPENDED, 10), terms(ACTIVE, 20))
    assert [standing_now(versions, day * DAY).standing.kind for day in (9, 10, 20)] == [
        ACTIVE, SUSPENDED, ACTIVE,
    ]  # fmt: skip
    assert not standing_now(versions, 20 * DAY).refused
    assert standing_now(versions, 10 * DAY).refused
