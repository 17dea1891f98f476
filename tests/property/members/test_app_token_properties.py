"""Tokens of a member's app: what was written reads back, and nothing else reads at all."""

import base64
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.members.domain.authority.tokens import AppToken
from services.members.storage.authority.token_seal import TokenSeal

SEAL = TokenSeal(bytes(range(32)))
LEDGERS = st.integers(1, 32_767)
TOKENS = st.builds(
    AppToken, st.binary(min_size=16, max_size=16), st.uuids(), st.integers(0, 253_402_300_799_000_000)
)
ONE = AppToken(bytes(16), UUID(int=7), 1)


@given(LEDGERS, TOKENS)
def test_a_token_reads_back_as_it_was_written(ledger_id: int, token: AppToken) -> None:
    text = SEAL.write(ledger_id, token)
    assert SEAL.read(ledger_id, text) == token
    assert len(text) == 80
    assert token.member_id.hex not in base64.urlsafe_b64decode(text[4:]).hex()


def test_a_token_with_any_bit_changed_is_none() -> None:
    raw = base64.urlsafe_b64decode(SEAL.write(1, ONE)[4:])
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        assert SEAL.read(1, "apt_" + base64.urlsafe_b64encode(changed).decode()) is None, bit


@given(TOKENS, st.integers(0, 79), st.characters())
def test_a_token_with_any_character_changed_is_none(token: AppToken, place: int, character: str) -> None:
    text = SEAL.write(1, token)
    changed = text[:place] + character + text[place + 1 :]
    assert (SEAL.read(1, changed) == token) == (changed == text)


@given(LEDGERS, LEDGERS, TOKENS)
def test_a_token_is_of_one_programme(written: int, read: int, token: AppToken) -> None:
    assert (SEAL.read(read, SEAL.write(written, token)) is None) == (written != read)


@given(st.text(max_size=120))
def test_whatever_is_typed_is_no_token(text: str) -> None:
    assert SEAL.read(1, text) is None
    assert SEAL.read(1, "apt_" + text) is None


def test_another_installation_reads_none() -> None:
    assert TokenSeal(bytes(32)).read(1, SEAL.write(1, ONE)) is None
