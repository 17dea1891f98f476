"""Two partners dispute a line, over HTTP; the operator decides at its command line; the next run holds what comes of it.

Before and after each step every account of the clearing house is explained. docs/settlement.md says what is collected.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from services.launcher.platform import Platform
from services.operations import proofs
from tests.support.operators_mall import Mall, body_of, operators_mall
from tests.support.settled_mall import SettledMall, dues, settled_mall
from tests.support.standing_walk import post

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.long]

# Micros a point, issued and reimbursed: 1,000.00 for 100,000 points.
PRICES: Final[Mapping[str, tuple[int, int]]] = dict.fromkeys(("payer", "holder", "shop"), (10_000, 8_000))
NO_UUID: Final = "01kkwz7r3se8tb0d2f4h6k8m0p"


async def test_what_two_partners_dispute_is_decided_given_back_and_settled_to_the_cent(
    platform: Platform, tmp_path: Path
) -> None:
    async with (
        operators_mall(platform, PRICES, per_minor=1, currency="EUR") as mall,
        settled_mall(mall, tmp_path) as desk,
    ):
        member = (await mall.posted("payer", "/v1/members", {}))["cards"][0]
        await _sold(desk, 1, member, points=100_000)
        first = await _disputed(mall, "payer", 10_000, "pay_first")
        second = await _disputed(mall, "holder", 20_000, "withheld")
        # With its tax at 20 %.
        assert (first["withheld_amount"], second["withheld_amount"]) == (0, 24_000)
        assert (await desk.accounts())["disputed", "holder"] == 24_000

        run = await desk.settled("the first week")
        assert dues(run) == {"payer": 120_000, "holder": 120_000 - 24_000, "shop": 0}
        await desk.paid(run)
        assert (await desk.accounts())["disputed", "holder"] == 24_000

        await _decided(mall, first, second)
        # Of the holder's claim 50.00 were accepted: they are withheld until the credit note for them is there.
        assert (await desk.accounts())["disputed", "holder"] == 6_000

        await _sold(desk, 2, member, points=10_000)
        await _given_back(mall)
        run = await desk.settled("the second week")
        assert dues(run) == {
            "payer": 12_000 - 7_200,
            "holder": 12_000 + (24_000 - 6_000) - 6_000 + 6_000,
            "shop": 0,
        }
        _credited(run)
        await desk.paid(run)
        # Paid are both weeks less what was given back: 1,000.00 and 100.00, less 60.00 and 50.00, each with 20 % tax.
        held = await desk.accounts()
        assert held["bank", ""] == (110_000 - 6_000 + 110_000 - 5_000) * 12 // 10
        assert {slug for account, slug in held if account in ("partner", "disputed")} == set()
        found = await proofs.prove_clearing(mall.session, mall.programme)
        assert {proof.name: proof.breaches for proof in found if proof.breaches} == {}
        await _unknown_to_others(mall, second, run)


async def _sold(desk: SettledMall, week: int, card: str, points: int) -> None:
    """A sale at either partner in a week (a point a cent), which is stated then."""
    for slug in ("payer", "holder"):
        await desk.mall.posted(slug, "/v1/earns", body_of(card, amount=points, currency="EUR"))
    await desk.close(week)


async def _statement(mall: Mall, slug: str) -> dict[str, Any]:
    """A partner's newest statement, with its lines."""
    own = mall.tills[slug]
    newest = (await own.get("/v1/statements")).json()["data"][0]
    return (await own.get(f"/v1/statements/{newest['id']}")).json()


async def _disputed(mall: Mall, slug: str, claimed: int, mode: str) -> dict[str, Any]:
    """Disputes what was issued; asked again, the same dispute is answered, and another one of the line is not taken."""
    found = await _statement(mall, slug)
    line = next(place for place, each in enumerate(found["lines"], 1) if each["type"] == "issued")
    body = {
        "statement": found["id"],
        "line": line,
        "claimed_amount": claimed,
        "ground": "twice",
        "mode": mode,
        "text": "These receipts are there twice.",
        "references": ["R-17"],
    }
    opened = await mall.posted(slug, "/v1/disputes", body)
    assert (await mall.posted(slug, "/v1/disputes", body)) == opened
    again = await post(mall.tills[slug], "/v1/disputes", {**body, "claimed_amount": claimed - 1})
    assert again.json()["code"] == "line_disputed"
    return opened


async def _decided(mall: Mall, first: Mapping[str, Any], second: Mapping[str, Any]) -> None:
    """The first is accepted in part after evidence, the second rejected, escalated, and decided by another person."""
    disputes, number = ("settle", "disputes"), str(first["number"])
    asked = await mall.told(*disputes, "evidence", number, "--ask", "--text", "Which receipts?", by="maker")
    assert (asked["state"], asked["evidence_until"] is None) == ("evidence", False)
    early = await mall.refusal(*disputes, "reject", number, "--text", "no", by="maker")
    assert "evidence" in early
    path = f"/v1/disputes/{first['id']}"
    evidence = {"text": "These six.", "references": ["seq 1", "R-17"]}
    given = await post(mall.tills["payer"], f"{path}/evidence", evidence)
    assert (given.status_code, given.json()["events"][-1]["references"]) == (200, ["seq 1", "R-17"])
    accepting = ("accept", number, "--amount", "60.00", "--text", "six of ten")
    assert (await mall.told(*disputes, *accepting, by="maker"))["state"] == "accepted"
    read = (await mall.tills["payer"].get(path)).json()
    assert (read["state"], read["accepted_amount"]) == ("accepted", 6_000)
    assert [each["type"] for each in read["events"]] == ["opened", "asked", "evidence", "accepted"]
    assert [each["by"] for each in read["events"]] == ["you", "operator", "you", "operator"]

    number, path = str(second["number"]), f"/v1/disputes/{second['id']}"
    await mall.told(*disputes, "reject", number, "--text", "the receipts are of two stores", by="maker")
    escalated = await post(mall.tills["holder"], f"{path}/escalate", {"text": "They are not."})
    assert (escalated.status_code, escalated.json()["state"]) == (200, "escalated")
    deciding = ("accept", number, "--amount", "50.00", "--text", "five are of one")
    # A maker decides once; what was escalated takes another person, with the role of a checker.
    refused = await mall.refusal(*disputes, *deciding, by="maker")
    assert "checker" in refused
    done = await mall.told(*disputes, *deciding, by="checker")
    assert (done["state"], done["accepted_minor"]) == ("closed", 5_000)
    shown = await mall.told(*disputes, "show", number)
    assert [each["kind"] for each in shown["events"]] == [
        "opened", "rejected", "escalated", "accepted", "closed",
    ]  # fmt: skip
    assert shown["events"][1]["by"] != shown["events"][3]["by"]


async def _given_back(mall: Mall) -> None:
    """The statement after holds a line of its own of what was accepted, and nothing else has changed."""
    for slug, amount in (("payer", 6_000), ("holder", 5_000)):
        found = await _statement(mall, slug)
        lines = {each["type"]: each["amount_micros"] for each in found["lines"]}
        assert lines["adjustment_points"] == -amount * 10_000
        assert found["net"]["amount"] == 10_000 - amount


def _credited(run: Mapping[str, Any]) -> None:
    """Each has its invoice and a credit note over what was given back, with tax."""
    made = {(each["partner"], each["type"]): each["due_minor"] for each in run["documents"]}
    assert made == {
        ("payer", 380): 12_000, ("payer", 381): -7_200,
        ("holder", 380): 12_000, ("holder", 381): -6_000,
    }  # fmt: skip


async def _unknown_to_others(mall: Mall, dispute: Mapping[str, Any], run: Mapping[str, Any]) -> None:
    """Whatever another partner has is answered as what nobody has, word for word, on every route that names it."""
    number = next(each["number"] for each in run["documents"] if each["partner"] == "holder")
    statement = dispute["statement"]
    nobody = {
        dispute["id"]: f"dsp_{NO_UUID}", statement: f"stm_{NO_UUID}", number: f"{number[:-6]}999999",
    }  # fmt: skip
    text = {"text": "mine"}
    claim = {
        "statement": statement, "line": 1, "claimed_amount": 1, "ground": "other", "mode": "pay_first", **text,
    }  # fmt: skip
    asked: list[tuple[str, str, Mapping[str, Any] | None]] = [
        ("GET", f"/v1/disputes/{dispute['id']}", None),
        ("POST", f"/v1/disputes/{dispute['id']}/evidence", text),
        ("POST", f"/v1/disputes/{dispute['id']}/escalate", text),
        ("POST", "/v1/disputes", claim),
        ("GET", f"/v1/statements/{statement}", None),
        ("GET", f"/v1/statements/{statement}/file", None),
        ("POST", f"/v1/statements/{statement}/accept", {}),
        *(("GET", f"/v1/documents/{number}?format={each}", None) for each in ("json", "csv", "pdf", "xml")),
        ("GET", f"/v1/disputes?starting_after={dispute['id']}", None),
        ("GET", f"/v1/statements?starting_after={statement}", None),
        ("GET", f"/v1/documents?starting_after={number}", None),
    ]
    told = (await mall.tills["payer"].get("/openapi.json")).json()["paths"]
    named = {
        (method.upper(), path)
        for path, of_path in told.items()
        for method in of_path
        if {"{statement_id}", "{dispute_id}", "{number}"}.intersection(path.split("/"))
    }
    templates = {dispute["id"]: "{dispute_id}", statement: "{statement_id}", number: "{number}"}
    walked = {
        (method, "/".join(templates.get(part, part) for part in path.partition("?")[0].split("/")))
        for method, path, _ in asked
    }
    assert named == {each for each in walked if "{" in each[1]}
    for method, path, body in asked:
        answers = [
            await _asked(mall, "payer", method, path, body, nobody if unknown else {})
            for unknown in (False, True)
        ]
        assert answers[0] == answers[1], (method, path)
        assert answers[0][0] in (400, 404), (method, path, answers[0])
    for path in ("/v1/disputes", "/v1/statements", "/v1/documents"):
        page = (await mall.tills["payer"].get(path)).text
        assert all(each not in page for each in (dispute["id"], statement, number))


async def _asked(
    mall: Mall, slug: str, method: str, path: str, body: Mapping[str, Any] | None, instead: Mapping[str, str]
) -> tuple[int, str, str]:
    """Status, code and sentence that a partner is answered, with other ids in place of those in the request."""
    said = dict(body or {})
    for theirs, other in instead.items():
        path = path.replace(theirs, other)
        said = {name: other if value == theirs else value for name, value in said.items()}
    headers = {"Idempotency-Key": str(uuid4())} if method == "POST" else {}
    answer = await mall.tills[slug].request(
        method, path, json=said if method == "POST" else None, headers=headers
    )
    problem = answer.json()
    return answer.status_code, problem.get("code", ""), problem.get("detail", "")
