"""What the operator does to wallets, by its own command line over every process; and what it costs whom."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from services.launcher.platform import Platform
from services.operations import ledger
from services.runtime.clock import to_micros
from tests.support.operators_mall import PRICES, STARTS_AT, WEEK, Mall, body_of, burn_of, operators_mall

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mall(platform: Platform) -> AsyncGenerator[Mall]:
    async with operators_mall(platform) as mall:
        yield mall


async def test_a_large_adjustment_takes_two_people_and_a_small_one_takes_one(mall: Mall) -> None:
    card, member = await mall.member()
    words = ("points", "adjust", card, "--reason", "correction", "--note", "as agreed")
    answer = await mall.told(*words, "--points", "500", "--key", "small", by="maker")
    assert (answer["transaction"]["points"], answer["transaction"]["member"]) == (500, member)
    again = await mall.told(*words, "--points", "500", "--key", "small", by="maker")
    assert again["transaction"] == {**answer["transaction"], "replayed": True}
    taken = await mall.told("points", "adjust", member, "--reason", "fraud", "--points", "-400", by="maker")
    assert taken["transaction"]["balance"] == 101
    assert "INSUFFICIENT_POINTS" in await mall.refusal(*words, "--points", "-1000", by="maker")

    assert (await mall.told("points", "adjustment-limit", "--points", "600", by="admin"))[
        "adjustment_points"
    ] == 600
    proposal = (await mall.told(*words, "--points", "601", by="maker"))["proposal"]
    assert (proposal["state"], proposal["note"], proposal["member"]) == ("open", "as agreed", member)
    approve = ("points", "approve", proposal["id"], "--content")
    assert "PERMISSION_DENIED" in await mall.refusal(*approve, proposal["content"], by="maker")
    assert "content_hash" in await mall.refusal(*approve, "00", by="checker")
    (listed,) = await mall.told("points", "proposals", "--open", by="checker")
    assert listed == proposal
    approved = await mall.told(*approve, listed["content"], by="checker")
    assert (approved["points"], approved["balance"]) == (601, 702)
    other = (await mall.told(*words, "--points", "700", by="maker"))["proposal"]
    assert (await mall.told("points", "reject", other["id"], by="checker"))["state"] == "rejected"
    # The host's own command line is one person too: what it has proposed it does not approve.
    own = (await mall.told(*words, "--points", "800"))["proposal"]
    assert "OWN_PROPOSAL" in await mall.refusal("points", "approve", own["id"], "--content", own["content"])
    code, out, _ = await mall.run("points", "proposals", by="maker")
    assert code == 0
    assert re.search(r"posted .* 601 │ correction │ as agreed", out)


async def test_opening_balances_come_from_a_file_that_can_be_mended_and_given_again(
    mall: Mall, tmp_path: Path
) -> None:
    card, member = await mall.member()
    file = tmp_path / "balances.csv"
    head = "member,points,earned_at,expires_at,issuer,reference\n"
    good = [f"{card},100,2023-11-05,,grocer,L1", f"{member},50,2023-06-01T12:00,2025-01-01,,L2"]
    bad = [
        f"{member},fifty,2023-06-01,,,L3", "mem_1,5,2023-06-01,,,L4", "4000000000000000,5,2023-06-01,,,L5",
        f"{member},5,2020-06-01,,,L6", f"{member},5,2023-06-01,,nobody,L7", f"{member},6,2023-06-01,,,L1",
        f"{member},5,tomorrow,,,L8", f"{member},5,2023-06-01,,,",
    ]  # fmt: skip
    file.write_text(head + "\n".join(good + bad) + "\n")
    checked = await mall.told("points", "import", str(file), "--dry-run", by="admin", fails=True)
    assert (checked["lines"], checked["posted"], checked["points"]) == (10, 0, 100 + 50 + 5 * 4 + 6)
    assert [problem["number"] for problem in checked["problems"]] == [4, 5, 6, 8, 9, 10, 11]
    report = await mall.told("points", "import", str(file), by="admin", fails=True)
    assert (report["posted"], report["posted_points"], report["there"]) == (2, 150, 0)
    assert report["points_by_issuer"] == {"grocer": 100, "operator": 50}
    why = {problem["number"]: problem["message"] for problem in report["problems"]}
    assert sorted(why) == [4, 5, 6, 7, 8, 9, 10, 11]
    assert "expired" in why[7]
    assert "same reference" in why[9]

    file.write_text(head + "\n".join([*good, f"{member},50,2023-06-01,,,L3"]) + "\n")
    mended = await mall.told("points", "import", str(file), by="admin")
    assert (mended["posted"], mended["there"], mended["there_points"]) == (1, 2, 150)
    code, out, _ = await mall.run("points", "import", str(file), by="admin")
    assert code == 0
    assert re.search(r"there before\s+│\s+3 │\s+200", out)
    denied = await mall.told("points", "import", str(file), by="maker", fails=True)
    assert (denied["posted"], denied["there"], len(denied["problems"])) == (0, 0, 3)


async def test_a_wallet_is_merged_into_another_and_the_till_says_so(mall: Mall) -> None:
    (old_card, old), (new_card, new) = await mall.member(), await mall.member()
    sold = await mall.posted("grocer", "/v1/earns", body_of(old_card, amount=5_000, currency="USD"))
    merged = await mall.told("points", "merge", old_card, "--into", new, "--yes", by="maker")
    assert (merged["type"], merged["member"], merged["points"]) == ("merge", old, -51)
    answer = await mall.tills["grocer"].post(
        "/v1/earns",
        json=body_of(old_card, amount=100, currency="USD"),
        headers={"Idempotency-Key": str(uuid4())},
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "member_merged")
    assert old not in answer.text
    assert new not in answer.text
    refunded = await mall.posted(
        "grocer", "/v1/refunds",
        {key: value for key, value in body_of(new_card, original={"transaction": sold["id"]}, amount=1_000, currency="USD").items() if key != "member"},
    )  # fmt: skip
    assert (refunded["points_clawed_back"], refunded["balance"]) == (10, 42)
    assert "MEMBER_MERGED" in await mall.refusal("points", "merge", new, "--into", old, "--yes", by="maker")


async def test_limits_of_transfers_are_pricings(mall: Mall) -> None:
    words = ("points", "transfer-limits")
    assert (await mall.told(*words, by="pricing"))["transfer_points"] == 0
    assert "PERMISSION_DENIED" in await mall.refusal(*words, "--points", "5", "--a-day", "9", by="maker")
    limits = await mall.told(*words, "--points", "500", "--a-day", "900", by="pricing")
    assert (limits["transfer_points"], limits["transfer_points_a_day"]) == (500, 900)


async def test_what_the_operator_gave_away_it_pays_for_once_it_is_burned(mall: Mall) -> None:
    card, _ = await mall.member()
    await mall.told("points", "adjust", card, "--points", "99", "--reason", "goodwill", by="maker")
    await mall.posted("grocer", "/v1/earns", body_of(card, amount=1_000, currency="USD"))
    burned = await mall.posted("fuel", "/v1/redemptions", burn_of(card, points=100))
    assert burned["balance"] == 10
    end = STARTS_AT + WEEK
    await ledger.move_clock(mall.session, mall.programme, to_micros(end + timedelta(minutes=1)))
    await mall.told("settle", "close", "--until", f"{end:%Y-%m-%d}")
    matrix = (await mall.told("settle", "matrix"))["cells"]
    # The grocer's are older, so they go first.
    assert [(cell["issuer"], cell["redeemer"], cell["points"], cell["micros"]) for cell in matrix] == [
        ("grocer", "fuel", 10, 10 * PRICES["fuel"][1]), ("operator", "fuel", 90, 90 * PRICES["fuel"][1]),
    ]  # fmt: skip
    nets = {net["party"]: net for net in await mall.told("settle", "nets")}
    # 60 points issued by the grocer, 10 of them taken back; 100 burned at the fuel station; the rest is the operator's.
    grocer, fuel = 50 * PRICES["grocer"][0], -100 * PRICES["fuel"][1]
    assert {party: net["exact_micros"] for party, net in nets.items()} == {
        "grocer": grocer, "fuel": fuel, "operator": -grocer - fuel,
    }  # fmt: skip
    assert sum(net["net_minor"] for net in nets.values()) == 0
    statement = await mall.told("settle", "statement", "--partner", "fuel", "--window", "1")
    assert [(line["kind"], line["points"]) for line in statement["lines"] if line["points"]] == [
        ("burned", 100)
    ]


async def test_what_is_outstanding_by_cohort_is_what_is_left_in_the_lots_of_the_ledger(mall: Mall) -> None:
    """Adjustments, opening balances, a merge, what members burned: all of it is followed to the earn that it stems from."""
    found = await mall.told("settle", "liability", "show")
    assert [tie for tie in found["ties"] if not tie["holds"]] == []
    connection = await asyncpg.connect(mall.environment["COALITION_POINTS_DATABASE_URL"])
    try:
        left = await connection.fetchval(
            "SELECT sum(remaining) FROM lot WHERE ledger_id = $1",
            mall.programme.ledger_id,
        )
    finally:
        await connection.close()
    assert found["outstanding"] == left
    (opening,) = [cohort for cohort in found["cohorts"] if cohort["opening_balances"]]
    assert opening["issued"] == 200


async def test_the_checkers_of_ledger_and_clearing_find_nothing(mall: Mall) -> None:
    for what in ("ledger", "clearing"):
        proofs = await mall.told("verify", what)
        assert proofs
        assert [proof for proof in proofs if not proof["holds"]] == []


async def test_the_desk_keeps_how_a_member_wants_to_be_written_to(mall: Mall) -> None:
    card, member = await mall.member()
    yes = ("members", "consent", card, "--given", "--wording", "2026-1", "--source", "phone", "--key", "yes")
    given = await mall.told(*yes, by="maker")
    assert (given["given"], given["purpose"], given["replayed"]) == (True, "marketing", False)
    assert await mall.told(*yes, by="maker") == {**given, "replayed": True}
    no = ("members", "consent", member, "--withdrawn", "--source", "phone")
    withdrawn = await mall.told(*no, by="maker")
    await mall.told("members", "contact", card, "push", "--address", "device-1", by="maker")
    await mall.told("members", "contact", card, "chat", "--address", "@ada", by="maker")
    await mall.told("members", "channels", card, "chat", "push", by="maker")
    quiet = ("members", "quiet-hours", card, "--from", "22:00", "--to", "07:30")
    await mall.told(*quiet, "--zone", "Europe/Sofia", by="maker")
    found = await mall.told("members", "preferences", card, by="maker")
    assert [each["address"] for each in found["contacts"]] == ["@ada", "device-1"]
    assert found["quiet_hours"] == {"from": "22:00", "to": "07:30", "zone": "Europe/Sofia"}
    assert [each["receipt"] for each in found["history"]] == [withdrawn["receipt"], given["receipt"]]
    assert [each["given"] for each in found["consents"]] == [False]
    assert (await mall.told("members", "contact", card, "chat", by="maker"))["contacts"] == [
        {"channel": "push", "address": "device-1"}
    ]
    assert (await mall.told("members", "quiet-hours", card, by="maker"))["quiet_hours"] is None

    code, out, _ = await mall.run("members", "preferences", card, "--limit", "1")
    assert code == 0
    assert "device-1" not in out
    assert re.search(r"2 │ marketing │ no .*", out)
    assert "More: --before 2" in out
    assert "PERMISSION_DENIED" in await mall.refusal("members", "preferences", member, by="checker")
    assert "22:30" in await mall.refusal("members", "quiet-hours", card, "--from", "25:00", "--to", "07:00")
    assert await mall.told("members", "readings", "--member", member, by="maker") == []
    assert "rdg" in await mall.refusal("members", "readings", "--before", "nonsense")


async def test_the_desk_says_who_works_for_whom(mall: Mall) -> None:
    card, member = await mall.member()
    first, second, *_ = sorted(each["slug"] for each in await mall.told("partner", "list"))
    of = ("members", "employment")
    assert await mall.told(*of, "list", card, by="maker") == []
    for _ in range(2):
        told = await mall.told(*of, "set", card, "--partner", second, by="maker")
        assert told == [{"member": member, "partner": second}]
    both = await mall.told(*of, "set", member, "--partner", first, by="maker")
    assert [each["partner"] for each in both] == [first, second]
    assert [
        each["partner"] for each in await mall.told(*of, "end", card, "--partner", second, by="maker")
    ] == [first]
    code, out, _ = await mall.run(*of, "list", card)
    assert code == 0
    assert re.search(rf"{member} │ {first}", out)
    assert "PERMISSION_DENIED" in await mall.refusal(*of, "set", card, "--partner", first, by="checker")
    assert "PARTNER_UNKNOWN" in await mall.refusal(*of, "set", card, "--partner", "nobody", by="maker")
    nobody = "mem_01m82nvffxehf91c6q7hjfx8kq"
    assert "MEMBER_UNKNOWN" in await mall.refusal(*of, "list", nobody, by="maker")
    assert "NOT_FOUND" in await mall.refusal(*of, "set", nobody, "--partner", first, by="maker")
    assert "CARD_NUMBER_INVALID" in await mall.refusal(*of, "list", "7700000000018", by="maker")
