"""API keys are asked for once, believed for a while, and never mixed up."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import pytest
import time_machine

from services.gateway.auth.keys import ApiKeys
from services.gateway.domain.caller import KeyFacts, Partner
from services.runtime.errors import Unauthenticated, Unavailable
from services.runtime.ids import new_id
from services.runtime.principal import LIFE_SECONDS, Kind, Programme, Signer, Verifier
from tests.support.keys import key_text

_PROGRAMME = Programme(1, "plaza", "Europe/Sofia", "EUR", is_test=True)
_GOOD = "sk_test_" + "a" * 40
_SIGNER = Signer("gateway", bytes(32))


def _facts(**changes: Any) -> KeyFacts:
    facts = KeyFacts(
        new_id(),
        "tills",
        "sk_test_aaaa",
        frozenset({"points:earn"}),
        Partner(new_id(), "grocer", "G"),
        _PROGRAMME,
    )
    return replace(facts, **changes)


@dataclass
class _Partners:
    known: dict[bytes, KeyFacts] = field(default_factory=dict[bytes, KeyFacts])
    asked: int = 0
    down: bool = False

    async def key_facts(self, secret_sha256: bytes) -> KeyFacts | None:
        self.asked += 1
        await asyncio.sleep(0)
        if self.down:
            raise Unavailable("down")
        return self.known.get(secret_sha256)


def _keys(partners: Any, **changes: Any) -> ApiKeys:
    limits: dict[str, Any] = {
        "fresh_seconds": 30.0, "refused_seconds": 30.0, "grace_seconds": 30.0, "entries_max": 100, **changes,
    }  # fmt: skip
    return ApiKeys(partners, _SIGNER, **limits)


def _bearer(secret: str = _GOOD) -> bytes:
    return f"Bearer {secret}".encode()


def _partners() -> _Partners:
    return _Partners({sha256(_GOOD.encode()).digest(): _facts()})


async def test_a_good_key_is_asked_for_once_and_signed_for() -> None:
    partners = _partners()
    keys = _keys(partners)
    callers = [await keys.authenticate(_bearer()) for _ in range(5)]
    assert partners.asked == 1
    assert len({caller.token for caller in callers}) == 1
    principal = Verifier(f"gateway:{key_text(_SIGNER.public_key)}").verify(callers[0].token)
    assert principal.kind is Kind.PARTNER
    assert principal.partner_id == callers[0].partner.partner_id
    assert principal.grants == {"points:earn"}
    assert principal.programme == _PROGRAMME
    assert principal.actor.startswith("key_")


async def test_callers_that_come_at_once_share_one_question() -> None:
    partners = _partners()
    keys = _keys(partners)
    await asyncio.gather(*(keys.authenticate(_bearer()) for _ in range(50)))
    assert partners.asked == 1


async def test_one_caller_that_goes_away_does_not_take_the_others_answer_with_it() -> None:
    keys = _keys(_partners())
    first = asyncio.create_task(keys.authenticate(_bearer()))
    second = asyncio.create_task(keys.authenticate(_bearer()))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).partner.slug == "grocer"


async def test_a_bad_key_is_remembered_as_bad() -> None:
    partners = _partners()
    keys = _keys(partners)
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            await keys.authenticate(_bearer("sk_test_" + "b" * 40))
    assert partners.asked == 1


async def test_a_key_that_may_little_is_a_key() -> None:
    secret = "rk_live_" + "c" * 40
    facts = _facts()
    partners = _Partners({sha256(secret.encode()).digest(): facts})
    assert (await _keys(partners).authenticate(_bearer(secret))).key == facts


@pytest.mark.parametrize(
    "header",
    [
        b"", b"Bearer", b"Bearer ", b"Basic abc", b"bearer", b"sk_test_" + b"a" * 40, b"Bearer sk_test_short",
        b"Bearer sk_prod_" + b"a" * 40, b"Bearer sk_test_" + b"a" * 500, b"Bearer sk_test_" + b"\xff" * 40,
        b"Bearer " + _GOOD.encode() + b" x",
    ],
)  # fmt: skip
async def test_what_cannot_be_a_key_is_refused_without_a_question(header: bytes) -> None:
    partners = _partners()
    with pytest.raises(Unauthenticated):
        await _keys(partners).authenticate(header)
    assert partners.asked == 0


async def test_a_revoked_key_stops_when_its_time_is_over() -> None:
    partners = _partners()
    keys = _keys(partners, fresh_seconds=0.0)
    await keys.authenticate(_bearer())
    partners.known.clear()
    with pytest.raises(Unauthenticated):
        await keys.authenticate(_bearer())


async def test_a_rolled_key_ends_when_its_time_is_over_though_it_is_remembered() -> None:
    partners, now = _partners(), 1_800_000_000
    digest = sha256(_GOOD.encode()).digest()
    partners.known[digest] = replace(partners.known[digest], ends_at_us=(now + 60) * 1_000_000)
    keys = _keys(partners, fresh_seconds=3_600.0)
    with time_machine.travel(now, tick=False) as traveller:
        await keys.authenticate(_bearer())
        traveller.shift(59)
        assert (await keys.by_digest(digest)).partner.slug == "grocer"
        traveller.shift(1)
        for _ in range(3):
            with pytest.raises(Unauthenticated):
                await keys.authenticate(_bearer())
        assert partners.asked == 1


async def test_a_key_that_has_ended_gets_no_grace() -> None:
    partners, now = _partners(), 1_800_000_000
    digest = sha256(_GOOD.encode()).digest()
    partners.known[digest] = replace(partners.known[digest], ends_at_us=(now + 5) * 1_000_000)
    keys = _keys(partners, fresh_seconds=0.0)
    with time_machine.travel(now, tick=False) as traveller:
        await keys.authenticate(_bearer())
        partners.down = True
        await keys.authenticate(_bearer())
        traveller.shift(6)
        with pytest.raises(Unauthenticated):
            await keys.authenticate(_bearer())


async def test_a_key_whose_scopes_changed_gets_another_principal() -> None:
    partners = _partners()
    keys = _keys(partners, fresh_seconds=0.0)
    before = await keys.authenticate(_bearer())
    same = await keys.authenticate(_bearer())
    assert same.token == before.token
    digest = sha256(_GOOD.encode()).digest()
    partners.known[digest] = replace(partners.known[digest], scopes=frozenset({"points:read"}))
    assert (await keys.authenticate(_bearer())).token != before.token


@pytest.mark.parametrize("known_to_partners", [True, False])
async def test_a_token_is_signed_anew_where_the_wall_clock_was_stepped_past_its_end(
    known_to_partners: bool,
) -> None:
    partners = _partners()
    keys = _keys(partners, fresh_seconds=30.0 if known_to_partners else 0.0)
    verifier = Verifier(f"gateway:{key_text(_SIGNER.public_key)}")
    with time_machine.travel(1_800_000_000) as traveller:
        await keys.authenticate(_bearer())
        partners.down = not known_to_partners
        for seconds in (LIFE_SECONDS + 1, -900):
            traveller.shift(seconds)
            token = (await keys.authenticate(_bearer())).token
            assert verifier.verify(token).kind is Kind.PARTNER


async def test_a_known_key_outlives_a_restart_of_the_service_that_knows_keys() -> None:
    partners = _partners()
    keys = _keys(partners, fresh_seconds=0.0)
    await keys.authenticate(_bearer())
    partners.down = True
    assert (await keys.authenticate(_bearer())).partner.slug == "grocer"


async def test_an_unknown_key_waits_for_the_service_that_knows_keys() -> None:
    partners = _partners()
    partners.down = True
    with pytest.raises(Unavailable):
        await _keys(partners).authenticate(_bearer())


async def test_grace_ends() -> None:
    partners = _partners()
    keys = _keys(partners, fresh_seconds=0.0, grace_seconds=0.0)
    await keys.authenticate(_bearer())
    partners.down = True
    with pytest.raises(Unavailable):
        await keys.authenticate(_bearer())


async def test_no_more_keys_are_remembered_than_the_limit() -> None:
    partners = _Partners()
    secrets = [f"sk_test_{number:040d}" for number in range(5)]
    partners.known = {sha256(secret.encode()).digest(): _facts() for secret in secrets}
    keys = _keys(partners, entries_max=2)
    for secret in secrets:
        await keys.authenticate(_bearer(secret))
    await keys.authenticate(_bearer(secrets[-1]))
    assert partners.asked == 5
    await keys.authenticate(_bearer(secrets[0]))
    assert partners.asked == 6
