"""Of an account number a partner's key reads the end."""

import pytest

from services.gateway.domain.payment_terms import masked


@pytest.mark.parametrize(
    ("iban", "told"),
    [("DE89370400440532013000", "*" * 18 + "3000"), ("3000", "3000"), ("", "")],
)
def test_the_last_four_characters_are_told(iban: str, told: str):
    assert masked(iban) == told
