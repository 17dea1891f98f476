"""A card is one instrument, however a till read it."""

from __future__ import annotations

import pytest

from services.gateway.directory.authority import Instruments
from services.gateway.schemas.naming import MemberReference
from services.runtime.principal import Programme

PROGRAMME = Programme(7, "mall", "Europe/Berlin", "EUR", is_test=True)
CARD = "6035550000000018"


@pytest.mark.parametrize(
    "text",
    [
        "6035 5500-0000 0018",
        f";{CARD}=99121010000000000?",
        f";{CARD}=00000000000000001?4",
        f"%B{CARD}^DOE/JANE^99121010000?",
        "%b6035 5500 0000 0018^X-Y^1?",
    ],
)
def test_typed_spelled_and_swiped_it_has_the_same_name(text: str) -> None:
    instruments = Instruments(b"secret" * 8)
    assert instruments.of(PROGRAMME, MemberReference(card=text)) == instruments.of(
        PROGRAMME, MemberReference(card=CARD)
    )


def test_another_card_and_another_programme_have_other_names() -> None:
    instruments = Instruments(b"secret" * 8)
    of = instruments.of(PROGRAMME, MemberReference(card=CARD))
    other = Programme(8, "other", "Europe/Berlin", "EUR", is_test=True)
    assert len({of, instruments.of(other, MemberReference(card=CARD))}) == 2
    assert of != instruments.of(PROGRAMME, MemberReference(card="6035550000000026"))
    assert instruments.of(PROGRAMME, MemberReference(id="mem_x")) == b""
