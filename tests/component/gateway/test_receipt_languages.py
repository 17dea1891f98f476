"""What a till prints and shows is in the member's language."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.support.gateway import House, open_house
from tests.support.gateway_bodies import earn, new_card, redemption

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncGenerator[House]:
    async with open_house() as opened:
        yield opened


def _member(house: House, language: str) -> str:
    card = new_card()
    house.members.members[house.members.enrolled(card)].personal.language = language
    return card


async def test_receipts_and_refusals_are_in_the_language_that_the_look_up_tells_of(house: House) -> None:
    card = _member(house, "de")
    sold = await house.post("/v1/earns", earn(card, amount=259_900, lines=[], tenders=[]))
    assert sold.status_code == 201, sold.text
    assert sold.json()["receipt"]["lines"] == [
        "Gesammelte Punkte: 2.599",
        "Guthaben: 2.599 Punkte",
        "Punkte einlösen bis 31.03.2028",
    ]
    assert sold.json()["receipt"]["expires_on"] == "2028-03-31"
    looked_up = len(house.members.lookups)
    short = await house.post("/v1/redemptions", redemption(card, points=10_000))
    assert (short.status_code, short.json()["receipt_text"]) == (409, "Nicht genug Punkte: 2.599 da")
    spent = await house.post("/v1/redemptions", redemption(card, points=1_500))
    assert spent.json()["receipt"]["lines"] == ["Eingelöste Punkte: 1.500", "Guthaben: 1.099 Punkte"]
    # Nobody was asked for the language.
    assert len(house.members.lookups) == looked_up
    # The next one at the same till has said none.
    other = await house.post("/v1/earns", earn(_member(house, "")))
    assert other.json()["receipt"]["lines"][0] == "Points earned: 25"
    unknown = await house.post("/v1/redemptions", redemption(new_card(), points=1))
    assert unknown.json()["receipt_text"] == "Card is not registered"


async def test_a_member_named_by_id_is_written_to_as_when_its_card_was_shown(house: House) -> None:
    card = _member(house, "fr")
    first = await house.post("/v1/earns", earn(card))
    by_id = await house.post("/v1/earns", earn(card, member={"id": first.json()["member"]}))
    assert by_id.json()["receipt"]["lines"][:2] == ["Points gagnés : 25", "Solde : 50 points"]


async def test_who_shows_nothing_but_the_app_is_written_to_in_its_language(house: House) -> None:
    member = (await house.post("/v1/earns", earn(_member(house, "")))).json()["member"]
    token = (await house.post(f"/v1/members/{member}/app-tokens", None)).json()["token"]
    # Since then it has said one.
    house.authority.languages[house.authority.tokens[token]] = "nl"
    by_app = await house.post("/v1/earns", earn("", member={"app_token": token}))
    assert by_app.json()["receipt"]["lines"][0] == "Punten gespaard: 25"
    by_id = await house.post("/v1/earns", earn("", member={"id": member}))
    assert by_id.json()["receipt"]["lines"][0] == "Punten gespaard: 25"


async def test_where_a_member_says_none_the_programme_s_language_is_spoken(house: House) -> None:
    # Last in the module: the programme is named by chance, so it is set when the house stands.
    house.gateway.settings.receipt_languages[house.programme.slug] = "it"
    sold = await house.post("/v1/earns", earn(_member(house, "")))
    assert sold.json()["receipt"]["lines"][0] == "Punti guadagnati: 25"
    unknown = await house.post("/v1/redemptions", redemption(new_card(), points=1))
    assert unknown.json()["receipt_text"] == "La carta non è registrata"
    german = await house.post("/v1/earns", earn(_member(house, "de")))
    assert german.json()["receipt"]["lines"][0] == "Gesammelte Punkte: 25"
