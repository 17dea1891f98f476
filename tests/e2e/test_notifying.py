"""Members are written to on every process of the platform: the real members service says how, a mail server counts what comes."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from services.launcher.platform import Platform
from services.launcher.processes import PROCESSES
from services.operations import campaigns
from services.runtime.clock import to_micros
from services.runtime.ids import to_text
from tests.support.command_line import run_command
from tests.support.gateway_mall import OCCURRED_AT, STARTS_AT, Mall, key, posted, running_mall, sale
from tests.support.outboxes import Mailbox, body_of, mailbox, subject_of
from tests.support.platform import platform_folder
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Nobody asks for figures here.
_PROCESSES = [each for each in PROCESSES if each.name != "insights"]
_WELCOME = "Willkommen bei Mall Points"
_BONUS = "Bonuspunkte für Sie"
_CODE_FOR = "Your code for Grocer"


@dataclass
class Post:
    """A mall whose members are written to, and the mail server."""

    mall: Mall
    mail: Mailbox

    async def run(self, *words: str) -> Any:
        """What `coalition WORDS` answers, as JSON."""
        status, out, err = await run_command(
            *words, "-p", self.mall.programme.slug, "--json", environment=self.mall.environment
        )
        assert status == 0, err
        return json.loads(out)

    async def member(self, address: str, language: str) -> str:
        """The card of a new member, enrolled through the public API."""
        personal = {"given_name": "Ada", "email": address, "language": language}
        return (await posted(self.mall.grocer, "/v1/members", {"personal": personal}))["cards"][0]

    def subjects(self, address: str) -> list[str]:
        """The subjects of what came for an address, as people read them."""
        return [subject_of(mail) for mail in self.mail.to(address)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def post() -> AsyncGenerator[Post]:
    with mailbox() as mail:
        settings = {
            "COALITION_NOTIFICATIONS_EMAIL_URL": mail.url,
            "COALITION_NOTIFICATIONS_SEND_EVERY_SECONDS": "0.1",
        }
        async with (
            platform_folder() as folder,
            Platform(folder, free_ports=True, processes=_PROCESSES, extra_environment=settings) as platform,
            running_mall(platform) as mall,
        ):
            yield Post(mall, mail)


async def test_members_are_written_to_once_in_their_language_and_of_offers_only_with_consent(
    post: Post,
) -> None:
    yes, no = (f"{secrets.token_hex(6)}@example.org" for _ in range(2))
    cards = {yes: await post.member(yes, "de-AT"), no: await post.member(no, "de")}
    said = ("--source", "phone")
    for card in cards.values():
        await post.run("members", "consent", card, "--given", "--wording", "v1", *said)
    await post.run("members", "consent", cards[no], "--withdrawn", *said)
    assert (await post.run("notifications", "on", "points_granted"))["changed"]
    await _bonus_of_25(post.mall)
    for card in cards.values():
        earned = await posted(post.mall.fuel, "/v1/earns", sale(card, 1_000))
        assert earned["bonus_points"] == 25

    async def over() -> bool:
        return {each: await _came_to(post, card) for each, card in cards.items()} == {
            yes: [("points_granted", "sent", None), ("welcome", "sent", None)],
            no: [("points_granted", "dropped", "no_consent"), ("welcome", "sent", None)],
        }

    await until(over)
    assert sorted(post.subjects(yes)) == [_BONUS, _WELCOME]
    assert post.subjects(no) == [_WELCOME]
    (bonus,) = (mail for mail in post.mail.to(yes) if subject_of(mail) == _BONUS)
    assert body_of(bonus).startswith("Hallo Ada,\n\nBonuspunkte: 25\nGuthaben: 35\n")
    # Each reading stands there with the notice that it was for, the one that was answered no as well.
    for card, why_not in ((cards[yes], None), (cards[no], "no_consent")):
        readings = await post.run("members", "readings", "--member", card)
        assert sorted((each["purpose"], each["why_not"]) for each in readings) == [
            ("marketing", why_not), ("service", None),
        ]  # fmt: skip
        notices = await post.run("notifications", "deliveries", "--member", readings[0]["member"])
        assert {each["reason"] for each in readings} == {each["notice"] for each in notices}


async def test_a_till_has_a_code_sent_and_the_member_burns_with_it_once(post: Post) -> None:
    address = f"{secrets.token_hex(6)}@example.org"
    card = await post.member(address, "en")
    grocer = post.mall.grocer
    member = (await posted(grocer, "/v1/earns", sale(card, 100_000)))["member"]
    headers, path = key(), f"/v1/members/{member}/one-time-codes"
    asked = [await grocer.post(path, headers=headers) for _ in range(2)]
    assert [each.status_code for each in asked] == [202, 202], asked[0].text
    assert asked[0].json()["id"] == asked[1].json()["id"]

    async def code_came() -> bool:
        return _CODE_FOR in post.subjects(address)

    await until(code_came)
    (mail,) = (each for each in post.mail.to(address) if subject_of(each) == _CODE_FOR)
    code = re.findall(r": ([0-9]{6})\b", body_of(mail))[0]

    async def burn(shown: str) -> tuple[int, str]:
        body = {
            "member": {"id": member},
            "reference": secrets.token_hex(8),
            "occurred_at": OCCURRED_AT,
            "points": 500,
            "authorisation": {"method": "code", "code": shown},
        }
        answer = await grocer.post("/v1/redemptions", json=body, headers=key())
        return answer.status_code, answer.json().get("code", "")

    assert await burn(f"{(int(code) + 1) % 10**6:06}") == (403, "authorisation_invalid")
    assert await burn(code) == (201, "")
    assert await burn(code) == (403, "authorisation_invalid")


async def _bonus_of_25(mall: Mall) -> None:
    wanted = campaigns.Wanted(
        "Thanks", None, 25, None, to_micros(STARTS_AT), partners=(), funders=[f"{campaigns.OPERATOR}=100"]
    )
    standing = await campaigns.set_campaign(mall.session, mall.programme, "", wanted)
    name = to_text(campaigns.CAMPAIGN_PREFIX, UUID(bytes=standing.campaign.campaign_id))
    await campaigns.load_budget(mall.session, mall.programme, secrets.token_hex(8), name, 1_000)


async def _came_to(post: Post, card: str) -> list[tuple[str, str, str | None]]:
    """What a member was written about, by kind: state, and why."""
    readings = await post.run("members", "readings", "--member", card)
    if not readings:
        return []
    notices = await post.run("notifications", "deliveries", "--member", readings[0]["member"])
    return sorted((each["kind"], each["state"], each["why"]) for each in notices)
