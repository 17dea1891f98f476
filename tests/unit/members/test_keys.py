"""Data keys, wrapping keys and look-up hashes."""

import secrets

import pytest

from services.members.domain.identifiers import Identifier, IdentifierKind
from services.members.storage.lookup_hash import LookupHash
from services.members.storage.sealing import KeyRing, Owner, SealBroken, WrappedKey, read_wrapping_keys
from services.runtime.ids import new_id
from services.runtime.secrets import MalformedKey
from tests.support.keys import key_text

SECRET = secrets.token_bytes(32)
OWNER = Owner(1, new_id())


def test_a_sealed_value_opens_with_the_unwrapped_key():
    ring = KeyRing(read_wrapping_keys(SECRET, ""))
    key, wrapped = ring.new_key(OWNER)

    sealed = key.seal("personal.email", "ada@example.com")

    assert wrapped.version == 1
    assert b"ada" not in sealed
    assert ring.unwrap(OWNER, wrapped).open("personal.email", sealed) == "ada@example.com"


def test_the_same_value_seals_differently_each_time():
    key, _ = KeyRing(read_wrapping_keys(SECRET, "")).new_key(OWNER)

    assert key.seal("personal.email", "x") != key.seal("personal.email", "x")


@pytest.mark.parametrize(
    "other", [Owner(2, OWNER.member_id), Owner(1, new_id())], ids=["other programme", "other member"]
)
def test_a_wrapped_key_opens_for_its_member_only(other: Owner):
    ring = KeyRing(read_wrapping_keys(SECRET, ""))
    _, wrapped = ring.new_key(OWNER)

    with pytest.raises(SealBroken):
        ring.unwrap(other, wrapped)


def test_an_altered_or_shortened_value_does_not_open():
    key, _ = KeyRing(read_wrapping_keys(SECRET, "")).new_key(OWNER)
    sealed = key.seal("personal.email", "ada@example.com")

    for place in range(len(sealed)):
        broken = bytearray(sealed)
        broken[place] ^= 1
        with pytest.raises(SealBroken):
            key.open("personal.email", bytes(broken))
    for length in (0, 5, 12, 27, len(sealed) - 1):
        with pytest.raises(SealBroken):
            key.open("personal.email", sealed[:length])


def test_the_newest_wrapping_key_wraps_and_the_older_ones_still_open():
    older = KeyRing(read_wrapping_keys(SECRET, ""))
    _, wrapped_before = older.new_key(OWNER)
    newer = KeyRing(read_wrapping_keys(SECRET, f"3:{key_text()}, 2:{key_text()}"))

    _, wrapped_now = newer.new_key(OWNER)

    assert wrapped_now.version == 3
    newer.unwrap(OWNER, wrapped_before)
    with pytest.raises(SealBroken):
        older.unwrap(OWNER, wrapped_now)
    with pytest.raises(SealBroken):
        newer.unwrap(OWNER, WrappedKey(2, wrapped_now.sealed))


@pytest.mark.parametrize("text", ["1:x", "x:y", "-2:x", "32768:x", "2"])
def test_wrapping_keys_that_cannot_be_read_stop_the_start(text: str):
    with pytest.raises(ValueError, match="wrapping key"):
        read_wrapping_keys(SECRET, text)


def test_a_version_given_twice_stops_the_start():
    with pytest.raises(ValueError, match="twice"):
        read_wrapping_keys(SECRET, f"2:{key_text()},2:{key_text()}")


def test_a_malformed_wrapping_key_is_named_but_not_shown():
    with pytest.raises(MalformedKey) as refused:
        read_wrapping_keys(SECRET, "2:c2hvcnQ")

    assert "wrapping key 2" in str(refused.value)
    assert "c2hvcnQ" not in str(refused.value)


def test_a_look_up_hash_tells_secret_programme_kind_partner_and_value_apart():
    lookup, partner = LookupHash(SECRET), new_id()
    card = Identifier(IdentifierKind.CARD, "4111111111111111")
    number = Identifier(IdentifierKind.PARTNER_CUSTOMER, card.value, partner)
    hashes = [
        lookup.of(1, card),
        lookup.of(2, card),
        lookup.of(1, Identifier(IdentifierKind.CARD, "79927398713")),
        lookup.of(1, number),
        lookup.of(1, Identifier(IdentifierKind.PARTNER_CUSTOMER, card.value, new_id())),
        LookupHash(secrets.token_bytes(32)).of(1, card),
    ]

    assert len(set(hashes)) == len(hashes)
    assert {len(each) for each in hashes} == {32}
    assert lookup.of(1, card) == LookupHash(SECRET).of(1, card)
