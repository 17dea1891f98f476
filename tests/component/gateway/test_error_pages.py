"""The `type` of a problem leads to a page, whatever the reason is."""

from __future__ import annotations

import html
import json

import pytest
from coalition.type.v1.reason_pb2 import Reason

from services.gateway.answers.problems import problem
from services.gateway.apidocs.errors import BY_CODE, EXPLAINED
from services.runtime.errors import CoalitionError
from tests.support.gateway import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_type_of_every_problem_leads_to_a_page_that_says_all_of_it(house: House) -> None:
    assert set(BY_CODE.values()) == set(Reason.values())
    for code, reason in BY_CODE.items():
        told = problem(
            CoalitionError(reason, "so it is"), origin=house.base_url, instance="/v1/x", request_id="r"
        )
        page = await house.client.get(told["type"])
        assert page.status_code == 200, code
        assert page.headers["content-type"].startswith("text/html")
        for title in ("What happened", "What to do", "Send it again?", "Example"):
            assert f"<h2>{title}</h2>" in page.text, (code, title)
        example = json.loads(html.unescape(page.text.split("<pre>")[1].split("</pre>")[0]))
        assert (example["code"], example["retryable"]) == (code, told["retryable"])
        again = page.text.split("Send it again?")[1].split("<h2>")[0]
        assert ("Yes: the same request" in again) == told["retryable"]
        assert ("<h2>At the till</h2>" in page.text) == ("receipt_text" in told)
        for figure in EXPLAINED[reason].figures:
            assert f"<code>{figure}</code>" in page.text


async def test_a_real_problem_names_its_page_by_the_host_that_was_asked(house: House) -> None:
    told = (await house.client.get("/v1/me")).json()
    assert told["type"] == f"{house.base_url}/errors/unauthenticated"
    assert "API key" in (await house.client.get(told["type"])).text
    shown = (await house.client.get("/errors/insufficient_points")).text
    assert "Nicht genug Punkte: 120 da" in shown
    assert "Not enough points: 120 there" in shown
