from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

import pytest
import time_machine
from coalition.type.v1 import principal_pb2 as pb
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from services.runtime.clock import MICROS_PER_SECOND, wall_now_us
from services.runtime.errors import PermissionDenied, Unauthenticated
from services.runtime.ids import new_id
from services.runtime.principal import (
    EXPIRED_AT,
    LIFE_SECONDS,
    Kind,
    Principal,
    Programme,
    Signer,
    Verifier,
    acting,
    current,
    programme_from,
    programme_message,
)
from services.runtime.secrets import MalformedKey

KEYS = {issuer: secrets.token_bytes(32) for issuer in ("gateway", "cli", "members", "points", "partners")}
SIGNERS = {issuer: Signer(issuer, key) for issuer, key in KEYS.items()}
PUBLIC = ", ".join(
    f"{issuer}:{urlsafe_b64encode(signer.public_key).decode()}" for issuer, signer in SIGNERS.items()
)
PROGRAMME = Programme(7, "demo", "Europe/Berlin", "EUR", is_test=True)
PARTNER = new_id()


def _partner(programme: Programme | None = PROGRAMME, life_seconds: int = LIFE_SECONDS) -> bytes:
    return SIGNERS["gateway"].sign(
        Kind.PARTNER, "key_1", programme, PARTNER, ["points:earn", "members:read"], life_seconds
    )


def _signed(message: pb.Principal, issuer: str = "gateway") -> bytes:
    body = message.SerializeToString()
    return body + Ed25519PrivateKey.from_private_bytes(KEYS[issuer]).sign(body)


def test_a_principal_is_read_as_it_was_signed() -> None:
    principal = Verifier(PUBLIC).verify(_partner())
    assert principal == Principal(
        Kind.PARTNER, "gateway", "key_1", PARTNER, frozenset({"points:earn", "members:read"}), PROGRAMME,
        principal.expires_at_us,
    )  # fmt: skip
    assert 0 < principal.expires_at_us - wall_now_us() <= LIFE_SECONDS * MICROS_PER_SECOND


@pytest.mark.parametrize("issuer", KEYS)
@pytest.mark.parametrize("kind", list(Kind))
def test_an_issuer_speaks_only_for_the_kinds_that_it_authenticates(issuer: str, kind: Kind) -> None:
    may = {"gateway": {Kind.PARTNER, Kind.SERVICE}, "cli": {Kind.STAFF, Kind.SERVICE}}
    partner = PARTNER if kind is Kind.PARTNER else None
    token = SIGNERS[issuer].sign(kind, "somebody", PROGRAMME, partner)
    if kind in may.get(issuer, {Kind.SERVICE}):
        assert Verifier(PUBLIC).verify(token).issuer == issuer
    else:
        with pytest.raises(Unauthenticated):
            Verifier(PUBLIC).verify(token)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_token_with_any_bit_changed_is_refused(data: st.DataObject) -> None:
    token = _partner()
    place, bit = data.draw(st.integers(0, len(token) - 1)), data.draw(st.integers(0, 7))
    forged = bytearray(token)
    forged[place] ^= 1 << bit
    with pytest.raises(Unauthenticated):
        Verifier(PUBLIC).verify(bytes(forged))


@given(st.binary(max_size=300))
def test_noise_is_refused(token: bytes) -> None:
    with pytest.raises(Unauthenticated):
        Verifier(PUBLIC).verify(token)


def _flawed() -> Iterable[tuple[str, bytes]]:
    expires = wall_now_us() + 60 * MICROS_PER_SECOND
    yield (
        "another issuer's name",
        _signed(pb.Principal(kind=pb.PRINCIPAL_KIND_STAFF, issuer="cli", actor="x", expires_at_us=expires)),
    )
    yield "no kind", _signed(pb.Principal(issuer="gateway", actor="x", expires_at_us=expires))
    yield (
        "a kind to come",
        _signed(
            pb.Principal.FromString(
                b"\x08\x09" + pb.Principal(issuer="gateway", expires_at_us=expires).SerializeToString()
            )
        ),
    )
    yield (
        "a partner without an id",
        _signed(pb.Principal(kind=pb.PRINCIPAL_KIND_PARTNER, issuer="gateway", expires_at_us=expires)),
    )
    yield "a partner with half an id", _signed(
        pb.Principal(
            kind=pb.PRINCIPAL_KIND_PARTNER, issuer="gateway", partner_id=PARTNER.bytes[:8], expires_at_us=expires
        )
    )  # fmt: skip
    yield "a service with a partner's id", _signed(
        pb.Principal(
            kind=pb.PRINCIPAL_KIND_SERVICE, issuer="gateway", partner_id=PARTNER.bytes, expires_at_us=expires
        )
    )  # fmt: skip
    yield "no end", _signed(pb.Principal(kind=pb.PRINCIPAL_KIND_SERVICE, issuer="gateway", actor="gateway"))
    yield (
        "too long",
        _signed(
            pb.Principal(
                kind=pb.PRINCIPAL_KIND_SERVICE, issuer="gateway", actor="x" * 5_000, expires_at_us=expires
            )
        ),
    )
    yield "a signature alone", _partner()[-64:]


@pytest.mark.parametrize(("flaw", "token"), list(_flawed()), ids=[flaw for flaw, _ in _flawed()])
def test_a_principal_with_a_flaw_is_refused_without_saying_which(flaw: str, token: bytes) -> None:
    with pytest.raises(Unauthenticated) as caught:
        Verifier(PUBLIC).verify(token)
    assert caught.value.metadata == {}
    assert flaw not in caught.value.message


def test_a_principal_ends_when_its_time_is_up_though_it_was_seen_before() -> None:
    with time_machine.travel(1_800_000_000, tick=False) as traveller:
        verifier, token = Verifier(PUBLIC), _partner(life_seconds=10)
        assert verifier.verify(token) is verifier.verify(token)
        traveller.shift(9.999)
        verifier.verify(token)
        traveller.shift(0.001)
        for _ in range(2):
            with pytest.raises(Unauthenticated) as caught:
                verifier.verify(token)
            # It was good once: whoever sent it may tell that from a flaw.
            assert caught.value.metadata == {EXPIRED_AT: str(1_800_000_010 * MICROS_PER_SECOND)}


def test_a_flawed_token_is_not_believed_because_a_good_one_was_seen() -> None:
    verifier, token = Verifier(PUBLIC), _partner()
    verifier.verify(token)
    with pytest.raises(Unauthenticated):
        verifier.verify(token[:-1] + bytes([token[-1] ^ 1]))


def test_the_cache_is_bounded_and_what_fell_out_is_verified_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.runtime.principal._CACHE_MAX", 3)
    verifier = Verifier(PUBLIC)
    tokens = [SIGNERS["gateway"].sign(Kind.SERVICE, f"gateway{number}", None) for number in range(5)]
    first = [verifier.verify(token) for token in tokens]
    again = [verifier.verify(token) for token in reversed(tokens)][::-1]
    assert again == first
    assert [one is other for one, other in zip(first, again, strict=True)] == [False, False, True, True, True]


def test_an_issuer_that_is_not_listed_is_nobody() -> None:
    verifier = Verifier(",".join(PUBLIC.split(", ")[1:]))
    with pytest.raises(Unauthenticated):
        verifier.verify(_partner())


@pytest.mark.parametrize("text", ["gateway:short", "gateway", f"gateway:{'!' * 43}"])
def test_a_malformed_public_key_is_named_at_the_start(text: str) -> None:
    with pytest.raises(MalformedKey) as caught:
        Verifier(text)
    assert "gateway" in str(caught.value)


def test_no_public_keys_at_all_let_nobody_in() -> None:
    with pytest.raises(Unauthenticated):
        Verifier("").verify(_partner())


def test_a_services_own_principal_is_renewed_at_half_of_its_life() -> None:
    with time_machine.travel(1_800_000_000, tick=False) as traveller:
        signer = Signer("points", KEYS["points"])
        token = signer.own(PROGRAMME)
        traveller.shift(LIFE_SECONDS / 2 - 1)
        assert signer.own(PROGRAMME) == token
        traveller.shift(1)
        renewed = signer.own(PROGRAMME)
        assert renewed != token
        principal = Verifier(PUBLIC).verify(renewed)
        assert (principal.kind, principal.actor, principal.programme) == (Kind.SERVICE, "points", PROGRAMME)
        assert signer.own(None) != renewed


def test_what_a_principal_may_do_follows_from_its_kind_and_grants() -> None:
    partner = Verifier(PUBLIC).verify(_partner())
    staff = replace(partner, kind=Kind.STAFF, partner_id=None, grants=frozenset({"maker"}))
    own = replace(staff, kind=Kind.SERVICE, grants=frozenset[str]())
    assert partner.as_partner() == PARTNER
    partner.require("points:earn")
    own.require("points:earn")
    staff.require_internal("maker", "admin")
    staff.require_internal()
    own.require_internal("admin")
    for denied in (
        lambda: partner.require("points:redeem"),
        lambda: partner.require_internal(),
        lambda: staff.require_internal("admin"),
        lambda: staff.require("points:earn"),
        staff.as_partner,
        own.as_partner,
        replace(partner, programme=None).in_programme,
    ):
        with pytest.raises(PermissionDenied):
            denied()


def test_a_staff_principal_carries_the_token_that_was_shown() -> None:
    token_id = new_id()
    token = SIGNERS["cli"].sign(Kind.STAFF, "stf_1", PROGRAMME, token_id=token_id)
    assert Verifier(PUBLIC).verify(token).token_id == token_id
    assert Verifier(PUBLIC).verify(_partner()).token_id is None


def test_outside_of_a_call_nobody_acts() -> None:
    with pytest.raises(Unauthenticated):
        acting()
    token = current.set(Verifier(PUBLIC).verify(_partner()))
    assert acting().partner_id == PARTNER
    current.reset(token)


@pytest.mark.parametrize("is_test", [True, False])
def test_a_programme_is_the_same_after_the_wire(is_test: bool) -> None:
    programme = replace(PROGRAMME, is_test=is_test)
    assert programme_from(programme_message(programme)) == programme


def test_the_partner_is_a_uuid() -> None:
    assert isinstance(Verifier(PUBLIC).verify(_partner()).partner_id, UUID)
