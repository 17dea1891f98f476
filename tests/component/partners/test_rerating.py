"""Re-rating: what was rated before a price was known, looked at first, approved by another, booked entry by entry."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from coalition.partners.v1 import approvals_pb2, clearing_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime.errors import CoalitionError
from services.runtime.principal import Programme
from services.verifier.statement import verify
from tests.component.partners.test_floors import limited, set_floors, standing
from tests.component.partners.test_legal_entities import assign, entity, stores
from tests.component.partners.test_proofs import file_of, key_of
from tests.support.ledger import Burn, ClawBack, Earn, Expiry, Return
from tests.support.partners import DAY_US, STARTS_AT_US, House
from tests.support.partners_office import Office

MONDAY_US = STARTS_AT_US + DAY_US
WEEK_US = 7 * DAY_US
APPROVED = approvals_pb2.DRAFT_STATE_APPROVED


async def close(house: House, programme: Programme, number: int) -> None:
    """Ends a window, and makes sure that all invariants hold."""
    await house.ledger.move_clock(programme, MONDAY_US + (number - 1) * WEEK_US)
    await house.rate_now(programme)
    await house.close(programme)
    await proved(house, programme)


async def proved(house: House, programme: Programme) -> None:
    findings = await house.findings(programme)
    assert [breach for each in findings.values() for breach in each.breaches] == []


async def mall(office: Office) -> tuple[Programme, UUID, UUID]:
    """Two partners and a stated window; the grocer pays 60 % of its price when points are used. All of it is of seq 1 to 5."""
    house = office.house
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", None)
    fuel = await house.partner(programme, "fuel", 11_000, 8_000)
    await house.set_rates(
        programme, grocer, 10_000, 8_000, STARTS_AT_US, issue_share_percent=40, transaction_fee_micros=50_000
    )
    earned = await house.ledger.post(programme, Earn(grocer, 1_000))
    burned = await house.ledger.post(programme, Burn(fuel, [(grocer, 300, earned)]))
    await house.ledger.post(
        programme,
        Return(fuel, burned, [(grocer, 100, earned)]),
        ClawBack(grocer, earned, 50, [(grocer, 50, earned)]),
        Expiry(grocer, 150, earned),
    )
    await close(house, programme, 1)
    return programme, grocer, fuel


async def lines(
    house: House, programme: Programme, partner_id: UUID, window: int
) -> dict[str, tuple[int, int, int, int]]:
    """Lines of a statement by kind: entries, points, price, amount."""
    found = await house.statement(programme, partner_id, window)
    assert found.window.number == window
    assert sum(line.amount_micros for line in found.lines) == found.net.net_minor * 10_000
    return {
        clearing_pb2.StatementLineKind.Name(line.kind).removeprefix("STATEMENT_LINE_KIND_").lower(): (
            line.count, line.points, line.price_micros, line.amount_micros,
        )
        for line in found.lines
    }  # fmt: skip


async def books(house: House, programme: Programme) -> list[Any]:
    """All that stated windows came to."""
    return [
        await house.fetch(f"SELECT * FROM {table} WHERE ledger_id = $1 ORDER BY 1, 2, 3", programme.ledger_id)
        for table in ("rated_entry", "net", "statement", "statement_line", "checkpoint", "partner_tree")
    ]


async def test_a_price_that_was_agreed_late_is_looked_at_approved_and_booked_entry_by_entry(
    office: Office,
) -> None:
    house = office.house
    programme, grocer, fuel = await mall(office)
    before = await books(house, programme)
    dearer = await house.set_rates(
        programme, grocer, 12_000, 8_000, STARTS_AT_US, issue_share_percent=50, transaction_fee_micros=70_000
    )
    seen = await office.preview(programme, grocer, dearer.version)
    assert (seen.as_of_seq, seen.scope.from_us, seen.scope.to_us) == (5, STARTS_AT_US, 0)
    told = [
        (each.kind, each.old_micros, each.new_micros, each.effect.points, each.effect.micros)
        for each in seen.differences
    ]
    assert told == [
        ("issued", 4_000, 6_000, 1_000, 2_000_000),
        ("reversed", 4_000, 6_000, 50, -100_000),
        # What points cost once they are used stays at 6,000 micros.
        ("fee", 50_000, 70_000, 0, 20_000),
    ]
    assert {each.window for each in seen.differences} == {1}
    assert (seen.effect.entries, seen.effect.points, seen.effect.micros) == (3, 1_050, 1_920_000)
    assert await books(house, programme) == before
    maker, checker = await office.person("pricing"), await office.person("checker")
    draft = await office.draft_rerate(maker, programme, grocer, dearer.version)
    assert json.loads(draft.body)["effect"] == {"entries": 3, "micros": 1_920_000, "points": 1_050}
    assert await office.refused_approval(maker.on(programme), draft) == Reason.REASON_OWN_DRAFT
    assert (await office.approve(checker.on(programme), draft)).state == APPROVED
    (made,) = await office.rerates_of(programme, grocer)
    assert (made.number, made.window, made.known_from_seq, made.draft_id) == (1, 2, 6, draft.draft_id)
    # Later entries are at the price that their originals have now: 100 points of a refund at 6,000.
    await house.ledger.post(programme, ClawBack(grocer, 1, 100, [(grocer, 100, 1)]))
    await close(house, programme, 2)
    # What was stated stays as it was, to the byte.
    for rows, was in zip(await books(house, programme), before, strict=True):
        assert all(row in rows for row in was)
    found = await lines(house, programme, grocer, 2)
    assert found["issued_difference"] == (1, 1_000, 2_000, 2_000_000)
    assert found["reversed_difference"] == (1, 50, 2_000, -100_000)
    assert found["fee_difference"] == (1, 0, 20_000, 20_000)
    assert found["reversed"] == (1, 100, 6_000, -600_000)
    key = (await key_of(house, programme)).verifier_key
    kept: bytes | None = None
    for number in (1, 2):
        content = await file_of(house, programme, grocer, number)
        assert verify(content, key, kept)
        kept = content
    entries = json.loads(kept or b"")["windows"][0]["entries"]
    assert [entry[:9] for entry in entries if entry[2].endswith("_difference")] == [
        [1, 1, "issued_difference", "base", 1_000, 2_000, 2_000_000, 0, 1],
        [1, 2, "fee_difference", "", 0, 20_000, 20_000, 0, 1],
        [4, 1, "reversed_difference", "base", 50, 2_000, -100_000, 0, 1],
    ]
    assert verify(await file_of(house, programme, fuel, 2), key)
    rows = [row for row in await office.audit_rows(programme) if row.what == "rates.rerated"]
    assert [(row.by_name, json.loads(row.after)["window"]) for row in rows] == [(checker.name, 2)]


async def test_what_is_given_back_after_a_re_rate_sums_to_nothing_with_it(office: Office) -> None:
    house = office.house
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", None)
    await house.set_rates(programme, grocer, 10_003, 8_001, STARTS_AT_US, issue_share_percent=30)
    earned = await house.ledger.post(programme, Earn(grocer, 777))
    burned = await house.ledger.post(programme, Burn(grocer, [(grocer, 500, earned)]))
    await close(house, programme, 1)
    await house.set_rates(programme, grocer, 9_001, 8_807, STARTS_AT_US, issue_share_percent=65)
    await office.rerate(programme, grocer, 2)
    await house.ledger.post(
        programme,
        Return(grocer, burned, [(grocer, 500, earned)]),
        ClawBack(grocer, earned, 777, [(grocer, 777, earned)]),
    )
    await close(house, programme, 2)
    nets = [await house.nets(programme, number) for number in (1, 2)]
    assert sum(net["grocer"].exact_micros for net in nets) == 0
    # Back to the first price, by a version that says the same: what it had made is undone.
    first = (10_003, 8_001, STARTS_AT_US)
    await house.set_rates(programme, grocer, *first, issue_share_percent=30)
    await office.rerate(programme, grocer, 3)
    await close(house, programme, 3)
    assert (await house.nets(programme, 3))["grocer"].exact_micros == 0
    booked = await house.fetch(
        "SELECT sum(amount_micros) AS micros FROM booking WHERE ledger_id = $1", programme.ledger_id
    )
    rated = await house.fetch(
        "SELECT sum(amount_micros) AS micros FROM rated_entry WHERE ledger_id = $1", programme.ledger_id
    )
    assert booked[0]["micros"] + rated[0]["micros"] == 0


async def test_what_was_re_rated_since_makes_a_proposal_stale_and_twice_is_once(office: Office) -> None:
    house = office.house
    programme, grocer, _ = await mall(office)
    maker, checkers = await office.person("pricing"), [await office.person("checker") for _ in range(3)]
    await house.set_rates(programme, grocer, 12_000, 8_000, STARTS_AT_US, issue_share_percent=40)
    await house.set_rates(programme, grocer, 13_000, 8_000, STARTS_AT_US, issue_share_percent=40)
    drafts = [await office.draft_rerate(maker, programme, grocer, version) for version in (2, 2, 3)]
    outcomes = await asyncio.gather(
        *(
            office.approve(checker.on(programme), draft)
            for checker, draft in zip(checkers, drafts, strict=True)
        ),
        return_exceptions=True,
    )
    refused = [each.reason for each in outcomes if isinstance(each, CoalitionError)]
    assert refused == [Reason.REASON_RERATE_STALE] * 2
    assert len(await office.rerates_of(programme, grocer)) == 1
    await close(house, programme, 2)
    last = (await office.rerates_of(programme, grocer))[-1].scope.version
    if last == 2:
        await office.rerate(programme, grocer, 3)
    with pytest.raises(CoalitionError) as caught:
        await office.draft_rerate(maker, programme, grocer, 3)
    assert (caught.value.reason, "no entry would differ" in str(caught.value)) == (
        Reason.REASON_INVALID_REQUEST,
        True,
    )
    await close(house, programme, 3)


async def test_two_parts_of_till_time_do_not_get_in_each_others_way(office: Office) -> None:
    house = office.house
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    for day in range(4):
        await house.ledger.post(programme, Earn(grocer, 100 + day, STARTS_AT_US + day * 1_000))
    await house.rate_now(programme)
    await house.set_rates(programme, grocer, 9_000, 8_000, STARTS_AT_US)
    maker, checker = await office.person("pricing"), await office.person("checker")
    early = await office.draft_rerate(maker, programme, grocer, 2, to_us=STARTS_AT_US + 2_000)
    late = await office.draft_rerate(maker, programme, grocer, 2, from_us=STARTS_AT_US + 2_000)
    await asyncio.gather(*(office.approve(checker.on(programme), each) for each in (early, late)))
    await close(house, programme, 1)
    found = await lines(house, programme, grocer, 1)
    assert found["issued_difference"] == (4, 406, -1_000, -406_000)


async def test_entries_that_derive_from_it_between_proposal_and_approval_are_re_rated_with_it(
    office: Office,
) -> None:
    house = office.house
    programme, grocer, _ = await mall(office)
    await house.set_rates(programme, grocer, 12_000, 8_000, STARTS_AT_US, issue_share_percent=40)
    maker, checker = await office.person("pricing"), await office.person("checker")
    draft = await office.draft_rerate(maker, programme, grocer, 2)
    await house.ledger.post(programme, ClawBack(grocer, 1, 100, [(grocer, 100, 1)]))
    await house.rate_now(programme)
    await office.approve(checker.on(programme), draft)
    await close(house, programme, 2)
    found = await lines(house, programme, grocer, 2)
    assert found["reversed_difference"] == (2, 150, 800, -120_000)


async def test_while_rating_and_a_closing_window_go_on_everything_is_rated_once_and_booked_once(
    office: Office,
) -> None:
    house = office.house
    programme, grocer, fuel = await mall(office)
    await house.set_rates(programme, grocer, 12_000, 8_500, STARTS_AT_US, issue_share_percent=40)
    maker, checker = await office.person("pricing"), await office.person("checker")
    draft = await office.draft_rerate(maker, programme, grocer, 2)
    for _ in range(300):
        await house.ledger.post(programme, Earn(grocer, 10), Burn(fuel, [(grocer, 1, 1)]))
    await house.ledger.move_clock(programme, MONDAY_US + WEEK_US)
    await asyncio.gather(
        house.rate_now(programme),
        house.close(programme),
        house.close(programme),
        office.approve(checker.on(programme), draft),
    )
    await close(house, programme, 3)
    (made,) = await office.rerates_of(programme, grocer)
    rows = await house.fetch(
        "SELECT price_micros, min(seq) AS first, max(seq) AS last FROM rated_entry "
        "WHERE ledger_id = $1 AND kind = 'charged' AND earned_seq = 1 AND seq > 5 GROUP BY 1",
        programme.ledger_id,
    )
    prices = {row["price_micros"]: (row["first"], row["last"]) for row in rows}
    # At 6,000 before it is known, at 7,200 from then on; the difference of the others is booked.
    assert prices.keys() <= {6_000, 7_200}
    assert prices.get(6_000, (0, 0))[1] < made.known_from_seq <= prices.get(7_200, (10**9, 0))[0]
    owed = await house.fetch(
        "SELECT sum(amount_micros) AS micros FROM ("
        "SELECT amount_micros FROM rated_entry WHERE ledger_id = $1 AND kind IN ('charged', 'credited') AND earned_seq = 1 "
        "UNION ALL SELECT amount_micros FROM booking WHERE ledger_id = $1 AND kind IN ('charged_difference', 'credited_difference')"
        ") AS owed",
        programme.ledger_id,
    )
    assert owed[0]["micros"] == (300 - 100 + 300) * 7_200


async def test_the_gate_counts_differences_as_soon_as_they_are_approved(office: Office) -> None:
    house = office.house
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", None)
    await house.set_rates(programme, grocer, 10_000, 8_000, STARTS_AT_US, issue_share_percent=40)
    await limited(office, programme, grocer, 10_000)
    earned = await house.ledger.post(programme, Earn(grocer, 1_000))
    await house.ledger.post(programme, Burn(grocer, [(grocer, 200, earned)]))
    await set_floors(house, programme)
    found = await standing(office, programme)
    assert (found.owed_micros, found.potential_micros) == (4_000_000 + 1_200_000, 4_800_000)
    await house.set_rates(programme, grocer, 12_000, 9_000, STARTS_AT_US, issue_share_percent=50)
    await office.rerate(programme, grocer, 2)
    await set_floors(house, programme)
    found = await standing(office, programme)
    assert (found.owed_micros, found.potential_micros) == (6_000_000 + 1_200_000, 4_800_000)
    await set_floors(house, programme)
    assert await standing(office, programme) == found
    # What it is owed more for points burned counts with the window's statement.
    assert found.reimbursed_micros == 0
    await close(house, programme, 1)
    await set_floors(house, programme)
    assert (await standing(office, programme)).reimbursed_micros == 200 * 9_000
    # Counted again from nothing, it is the same.
    before = await standing(office, programme)
    await house.as_superuser(f"DELETE FROM credit_standing WHERE ledger_id = {programme.ledger_id}")
    await set_floors(house, programme)
    again = await standing(office, programme)
    assert (again.owed_micros, again.potential_micros, again.reimbursed_micros) == (
        before.owed_micros,
        before.potential_micros,
        before.reimbursed_micros,
    )


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("UPDATE booking SET of_line = 9 WHERE {} AND kind = 'fee_difference'", "line 9 is not what its entry makes"),
        ("DELETE FROM booking WHERE {} AND kind = 'issued_difference'", "issued_difference of seq 1, line 1 is missing"),
        ("DELETE FROM booking WHERE {}", "nothing is booked of it"),
        ("UPDATE rated_entry SET points = points + 1, amount_micros = amount_micros + price_micros WHERE {} AND seq = 1 AND line = 1",
         "is not what its entry makes"),
    ],
)  # fmt: skip
async def test_a_difference_that_was_lost_or_changed_is_found(office: Office, fault: str, said: str) -> None:
    house = office.house
    programme, grocer, _ = await mall(office)
    await house.set_rates(programme, grocer, 12_000, 8_000, STARTS_AT_US, issue_share_percent=40)
    await office.rerate(programme, grocer, 2)
    await close(house, programme, 2)
    await house.as_superuser(fault.format(f"ledger_id = {programme.ledger_id}"))
    breaches = [breach for each in (await house.findings(programme)).values() for breach in each.breaches]
    assert any(said in breach for breach in breaches), breaches


async def test_what_no_book_can_hold_is_refused_before_it_is_proposed(office: Office) -> None:
    house = office.house
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", 1_000_000, 8_000)
    await house.ledger.post(programme, Earn(grocer, 10_000_000_000))
    await house.rate_now(programme)
    for number, price in ((2, 950_000_000), (3, 922_400_000)):
        await house.set_rates(programme, grocer, price, 8_000, STARTS_AT_US)
        with pytest.raises(CoalitionError) as refused:
            await office.preview(programme, grocer, number)
        assert refused.value.reason == Reason.REASON_INVALID_REQUEST
        assert refused.value.metadata["field"] == "scope.version"


async def test_a_difference_is_of_the_company_whose_entry_it_is_of(office: Office) -> None:
    house = office.house
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer")
    second = await entity(house, programme, grocer, "Grocer South")
    (south,) = await stores(house, programme, grocer, "S1")
    await assign(house, programme, grocer, second, "S1")
    await house.ledger.post(programme, Earn(grocer, 100), Earn(grocer, 200, store=south))
    await house.rate_now(programme)
    await house.set_rates(programme, grocer, 9_000, 8_000, STARTS_AT_US, transaction_fee_micros=5)
    await office.rerate(programme, grocer, 2)
    # Whoever has the store since, it stays with the entry.
    await assign(house, programme, grocer, 1, "S1", from_us=STARTS_AT_US + 1)
    await close(house, programme, 1)
    found = await house.statement(programme, grocer, 1)
    booked = [
        (line.legal_entity, line.points, line.amount_micros)
        for line in found.lines
        if line.kind
        in (
            clearing_pb2.STATEMENT_LINE_KIND_ISSUED_DIFFERENCE,
            clearing_pb2.STATEMENT_LINE_KIND_FEE_DIFFERENCE,
        )
    ]
    assert booked == [(1, 100, -100_000), (2, 200, -200_000), (1, 0, 5), (2, 0, 5)]
    key = (await key_of(house, programme)).verifier_key
    assert verify(await file_of(house, programme, grocer, 1), key)
