"""Names, secrets and permissions of the registry."""

from __future__ import annotations

import re
from hashlib import sha256
from uuid import UUID

import pytest
from coalition.type.v1.reason_pb2 import Reason

from services.partners.domain.credentials import (
    SCOPES,
    new_api_secret,
    new_staff_secret,
    read_roles,
    read_scopes,
)
from services.partners.domain.partner import NewStore, read_partner_slug, read_stores
from services.partners.domain.permissions import partner_addressed, require_role, require_service
from services.partners.domain.programme import NewProgramme
from services.runtime.errors import InvalidRequest, NotFound, PermissionDenied
from services.runtime.expiry_policy import DEFAULT_POLICY
from services.runtime.principal import Kind, Principal

PARTNER, OTHER = UUID(int=1), UUID(int=2)


def somebody(kind: Kind, issuer: str = "cli", *grants: str) -> Principal:
    partner = PARTNER if kind is Kind.PARTNER else None
    return Principal(kind, issuer, "x", partner, frozenset(grants), None, 2**62)


@pytest.mark.parametrize("slug", ["ab", "a-1", "fresh-market", "a" * 32])
def test_a_slug_is_short_lower_case_and_starts_with_a_letter(slug: str) -> None:
    assert read_partner_slug(slug) == slug


@pytest.mark.parametrize(
    "slug", ["", "a", "1a", "-a", "Ab", "a_b", "a" * 33, "a b", "ä1", "ab\n", "operator"]
)
def test_other_slugs_are_refused_and_the_operators_name_is_taken(slug: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_partner_slug(slug)
    assert refused.value.metadata["field"] == "slug"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"zone": ""}, "zone"),
        ({"currency": "JPY"}, "currency"),
        ({"currency": "KWD"}, "currency"),
        ({"currency": "eur"}, "currency"),
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"slug": "X"}, "slug"),
        ({"starts_at_us": -1}, "starts_at_us"),
    ],
)
def test_a_programme_with_a_field_out_of_range_is_refused_by_name(
    change: dict[str, str | int], field: str
) -> None:
    facts = {"slug": "demo", "name": "Demo", "zone": "Europe/Berlin", "currency": "EUR", "starts_at_us": 0}
    with pytest.raises(InvalidRequest) as refused:
        NewProgramme.read(**{**facts, **change}, is_test=True, expiry=DEFAULT_POLICY)  # pyright: ignore[reportArgumentType]
    assert refused.value.metadata["field"] == field


def test_a_currency_without_two_decimals_has_a_reason_of_its_own() -> None:
    with pytest.raises(InvalidRequest) as refused:
        NewProgramme.read("demo", "Demo", "Asia/Tokyo", "JPY", True, 0, DEFAULT_POLICY)
    assert refused.value.reason == Reason.REASON_CURRENCY_UNSUPPORTED


@pytest.mark.parametrize(
    ("is_test", "scopes", "prefix"),
    [
        (True, (), "sk_test_"),
        (False, (), "sk_live_"),
        (False, SCOPES, "sk_live_"),
        (True, ("points:read", "members:read"), "rk_test_"),
        (False, SCOPES[1:], "rk_live_"),
    ],
)
def test_an_api_secret_says_its_mode_and_whether_it_may_less_and_holds_more_chance_than_anybody_can_guess(
    is_test: bool, scopes: tuple[str, ...], prefix: str
) -> None:
    secrets = {new_api_secret(is_test, read_scopes(scopes)).text for _ in range(200)}
    assert len(secrets) == 200
    assert all(re.fullmatch(prefix + "[0-9A-Za-z]{40}", secret) for secret in secrets)


def test_a_secret_is_kept_as_its_hash_and_recognised_by_its_first_twelve_characters() -> None:
    secret = new_api_secret(True, read_scopes([]))
    assert secret.digest == sha256(secret.text.encode()).digest()
    assert secret.hint == secret.text[:12]
    assert re.fullmatch("st_[0-9A-Za-z]{40}", new_staff_secret().text)


def test_scopes_come_in_their_order_and_the_usual_ones_where_none_is_asked_for() -> None:
    assert read_scopes([]) == tuple(scope for scope in SCOPES if scope != "members:app")
    assert read_scopes(["members:app"]) == ("members:app",)
    assert read_scopes(["points:read", "members:read", "points:read"]) == ("members:read", "points:read")
    with pytest.raises(InvalidRequest, match="points:steal"):
        read_scopes(["points:steal"])


def test_a_person_needs_at_least_one_known_role() -> None:
    assert read_roles(["maker", "admin"]) == ("admin", "maker")
    for wrong in ([], ["boss"]):
        with pytest.raises(InvalidRequest):
            read_roles(wrong)


def test_stores_are_checked_one_by_one_and_a_store_without_a_name_is_called_by_its_code() -> None:
    assert read_stores([NewStore(" 7 ", "")]) == (NewStore("7", "7"),)
    with pytest.raises(InvalidRequest) as refused:
        read_stores([NewStore("1", "One"), NewStore("x" * 65, "Two")])
    assert refused.value.metadata["field"] == "stores[1].code"
    for count in (0, 1_001):
        with pytest.raises(InvalidRequest):
            read_stores([NewStore(str(number), "") for number in range(count)])


def test_the_hosts_command_line_may_what_any_role_may_and_no_other_service_may() -> None:
    require_role(somebody(Kind.SERVICE, "cli"), "admin")
    require_role(somebody(Kind.STAFF, "cli", "maker"), "maker", "admin")
    for other in (
        somebody(Kind.STAFF, "cli", "auditor"),
        somebody(Kind.SERVICE, "gateway"),
        somebody(Kind.PARTNER, "gateway", "admin"),
    ):
        with pytest.raises(PermissionDenied):
            require_role(other, "maker", "admin")


def test_only_the_named_service_may_ask_for_a_secrets_owner() -> None:
    require_service(somebody(Kind.SERVICE, "gateway"), "gateway")
    for other in (somebody(Kind.SERVICE, "points"), somebody(Kind.STAFF), somebody(Kind.PARTNER, "gateway")):
        with pytest.raises(PermissionDenied):
            require_service(other, "gateway")


def test_a_partner_is_about_itself_and_finds_no_other() -> None:
    partner, staff = somebody(Kind.PARTNER, "gateway"), somebody(Kind.STAFF)
    assert partner_addressed(partner, None) == PARTNER
    assert partner_addressed(partner, PARTNER) == PARTNER
    assert partner_addressed(staff, OTHER) == OTHER
    for who, asked in ((partner, OTHER), (staff, None)):
        with pytest.raises(NotFound):
            partner_addressed(who, asked)
