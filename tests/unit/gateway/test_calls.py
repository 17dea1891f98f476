"""What the gateway makes of a neighbour that takes no principal of its."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from services.gateway.clients.calls import ask
from services.runtime.errors import Fault, Unavailable
from services.runtime.ids import new_id
from services.runtime.principal import LIFE_SECONDS, Kind, Programme, Signer, Verifier
from tests.support.keys import key_text

_PROGRAMME = Programme(1, "plaza", "Europe/Sofia", "EUR", is_test=True)
_SIGNER = Signer("gateway", bytes(32))


def _neighbour(token: bytes) -> Any:
    """A call that looks at a principal, as a service does."""
    verifier = Verifier(f"gateway:{key_text(_SIGNER.public_key)}")

    async def verify(_: Any, **__: Any) -> str:
        verifier.verify(token)
        return "done"

    return verify


def _token() -> bytes:
    return _SIGNER.sign(Kind.PARTNER, "key_1", _PROGRAMME, new_id())


async def test_a_neighbour_that_takes_no_principal_of_ours_is_a_fault_of_the_installation() -> None:
    assert await ask(_neighbour(_token()), None, _token()) == "done"
    with pytest.raises(Fault):
        await ask(_neighbour(_token()[:-1]), None, _token())


async def test_a_principal_that_has_come_to_its_end_on_the_way_is_a_reason_to_ask_again() -> None:
    with time_machine.travel(1_800_000_000) as traveller:
        token = _token()
        traveller.shift(LIFE_SECONDS + 1)
        with pytest.raises(Unavailable):
            await ask(_neighbour(token), None, token)
