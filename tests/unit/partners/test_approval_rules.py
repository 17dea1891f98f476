"""Drafts, credit limits, tokens and roles without a database."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.partners.commands.credit_limits import CREDIT_LIMIT
from services.partners.commands.draft_kinds import DraftKinds
from services.partners.domain.credit_limits import CreditLimit, OnLimit
from services.partners.domain.drafts import Draft, DraftState, Person
from services.partners.domain.staff import StaffToken, read_role_changes
from services.partners.domain.text import read_why
from services.runtime.errors import Fault, InvalidRequest

LIMIT = CreditLimit(UUID(int=7), 500_000, 0, OnLimit.REFUSE, 80)
DRAFT = Draft(
    1, UUID(int=3), "credit_limit", LIMIT.body(), b"", Person(UUID(int=1), "Ada"), 1_000, "as agreed"
).sealed()


def test_a_limit_is_what_its_body_says() -> None:
    for limit in (LIMIT, replace(LIMIT, limit_minor=None, on_limit=OnLimit.PARK, warning_percent=1)):
        assert CreditLimit.parse(limit.body()) == limit
    assert LIMIT.body() == (
        b'{"limit_minor":500000,"on_limit":"refuse","partner_id":"ptr_00000000000000000000000007",'
        b'"prefunded_minor":0,"warning_percent":80}'
    )


@pytest.mark.parametrize(
    "change",
    [
        {"limit_minor": 1.5},
        {"limit_minor": True},
        {"limit_minor": "1"},
        {"limit_minor": -1},
        {"on_limit": "shrug"},
        {"partner_id": "mem_00000000000000000000000007"},
        {"warning_percent": 0},
        {"more": 1},
    ],
)
def test_a_body_that_is_not_a_limits_own_is_not_read(change: dict[str, Any]) -> None:
    body = json.dumps({**LIMIT.document(), **change}, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(Fault):
        CreditLimit.parse(body)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", LIMIT.body() + b" ", LIMIT.body()[:-1]])
def test_a_body_in_another_form_is_not_read(body: bytes) -> None:
    with pytest.raises(Fault):
        CreditLimit.parse(body)


@pytest.mark.parametrize(
    "change",
    [
        {"ledger_id": 2},
        {"draft_id": UUID(int=4)},
        {"kind": "contract"},
        {"body": b"{}"},
        {"made_by": Person(UUID(int=2), "Ada")},
        {"made_at_us": 1_001},
        {"why": "as agree"},
    ],
)
def test_the_hash_of_a_draft_is_over_all_that_it_says(change: dict[str, Any]) -> None:
    assert replace(DRAFT, **change).due_sha256() != DRAFT.sha256
    assert replace(DRAFT, sha256=b"", decision=None).due_sha256() == DRAFT.sha256


def test_a_draft_is_open_for_as_long_as_it_may_be_and_no_longer() -> None:
    assert DRAFT.state(1_010, 10) is DraftState.OPEN
    assert DRAFT.state(1_011, 10) is DraftState.EXPIRED


def test_a_token_opens_until_it_ends_or_is_revoked() -> None:
    token = StaffToken(UUID(int=1), UUID(int=2), "x", "st_x", 5, 10, 0)
    assert [token.live(now_us) for now_us in (9, 10)] == [True, False]
    assert not replace(token, revoked_at_us=7).live(9)
    assert replace(token, expires_at_us=0).live(2**62)


def test_roles_change_where_they_are_not_so_already() -> None:
    changes = read_role_changes(["checker", "admin"], ["maker", "pricing"])
    assert changes.of({"admin", "maker"}) == {"checker": True, "maker": False}
    assert changes.of(()) == {"admin": True, "checker": True}


@pytest.mark.parametrize("text", ["x" * 501, "a\nb", "a\x00b"])
def test_a_reason_is_one_line_of_up_to_500_characters(text: str) -> None:
    with pytest.raises(InvalidRequest):
        read_why(text, needed=False)
    assert read_why(" x ") == "x"
    assert read_why(" ", needed=False) == ""


def test_a_kind_is_registered_once_and_an_unknown_one_is_a_fault() -> None:
    kinds = DraftKinds([CREDIT_LIMIT])
    assert kinds.named("credit_limit") is CREDIT_LIMIT
    with pytest.raises(Fault):
        kinds.named("contract")
    with pytest.raises(ValueError, match="twice"):
        DraftKinds([CREDIT_LIMIT, CREDIT_LIMIT])
