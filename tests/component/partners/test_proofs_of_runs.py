"""A statement that covers a run of windows proves each of them, also those in which nothing was stated."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from coalition.partners.v1 import clearing_pb2 as pb

from services.runtime import grpc_client
from services.runtime.principal import Programme
from services.verifier.statement import verify
from tests.component.partners.test_billing import bill, close, lines, statements, week_ends
from tests.component.partners.test_proofs import file_of, key_of
from tests.support.ledger import Burn, Earn, Expiry, Return
from tests.support.partners import STARTS_AT_US, House

JANUARY, FEBRUARY = 6, 10


async def coalition(house: House, last: int = FEBRUARY) -> tuple[Programme, dict[str, UUID]]:
    """Ten stated windows. One partner is billed by the month, pays fees and most of its price at redemption; one by the window."""
    programme = await house.programme()
    monthly = await house.partner(programme, "monthly", None)
    await house.set_rates(
        programme, monthly, 10_503, 8_000, STARTS_AT_US, issue_share_percent=20, transaction_fee_micros=50_000
    )
    weekly = await house.partner(programme, "weekly", 10_333, 8_475)
    await bill(house, programme, monthly, "MONTH", 2_500, 30)
    for number in range(1, last + 1):
        if number in (2, 8):
            first = await house.ledger.post(programme, Earn(monthly, 1_001))
            await house.ledger.post(
                programme,
                Burn(weekly, [(monthly, 600, first)]),
                Burn(monthly, [(monthly, 100, first)]),
                Return(weekly, first + 1, [(monthly, 50, first)]),
                Expiry(monthly, 201, first),
            )
        if number != 4:
            await house.ledger.post(programme, Earn(weekly, 7))
        await week_ends(house, programme, number)
        await close(house, programme)
    return programme, {"monthly": monthly, "weekly": weekly}


async def file_of_month(house: House, programme: Programme, partner_id: UUID, window: int) -> dict[str, Any]:
    return json.loads(await file_of(house, programme, partner_id, window))


async def test_a_month_is_proved_window_by_window_and_continues_the_month_before(house: House) -> None:
    programme, partners = await coalition(house)
    monthly, key = partners["monthly"], (await key_of(house, programme)).verifier_key
    january, february = await statements(house, programme, monthly)
    kept: bytes | None = None
    for statement, first, last in ((january, 1, JANUARY), (february, JANUARY + 1, FEBRUARY)):
        file = await file_of(house, programme, monthly, last)
        told = verify(file, key, kept)
        assert f"windows {first} to {last}" in told[0]
        said = json.loads(file)
        assert [each["record"]["window"] for each in said["windows"]] == list(range(first, last + 1))
        head = said["statement"]
        assert (head["opening_minor"], head["closing_minor"], head["net_minor"]) == (
            statement.opening_minor, statement.closing_minor, statement.net.net_minor,
        )  # fmt: skip
        assert head["objection_until_us"] == statement.objection_until_us
        assert [(line[0], line[3], line[5]) for line in head["lines"]] == lines(statement)[:-2]
        kinds = {entry[2] for each in said["windows"] for entry in each["entries"]}
        assert kinds == {"issued", "charged", "credited", "released", "burned", "fee", "cycle_fee"}
        kept = file
    assert february.opening_minor == january.closing_minor


async def test_a_window_in_which_nothing_was_stated_is_proved_by_the_statement_that_covers_it(
    house: House,
) -> None:
    programme, partners = await coalition(house, JANUARY)
    said = await file_of_month(house, programme, partners["monthly"], JANUARY)
    listed = await statements(house, programme, partners["monthly"])
    assert [each.window.number for each in listed] == [JANUARY]
    # Its entries of the second window stand in that window's own tree, and nowhere else.
    counts = [len(each["entries"]) for each in said["windows"]]
    assert [count > 0 for count in counts] == [False, True, False, False, False, True]
    booked = said["windows"][-1]["entries"]
    assert [entry[:7] for entry in booked] == [[0, 1, "cycle_fee", "", 0, 25_000_000, 25_000_000]]
    # The neighbour's files of these windows rest on the same records.
    for number in range(1, JANUARY + 1):
        other = await file_of_month(house, programme, partners["weekly"], number)
        assert other["windows"][0]["record"] == said["windows"][number - 1]["record"]


async def test_a_charge_names_the_earn_that_was_paid_for_in_part(house: House) -> None:
    programme, partners = await coalition(house, JANUARY)
    said = await file_of_month(house, programme, partners["monthly"], JANUARY)
    entries = [entry for each in said["windows"] for entry in each["entries"]]
    # A fifth of 0.010503 is due at once; what is left once a point is used, or never.
    earned = next(entry for entry in entries if entry[2] == "issued")
    assert (earned[4:6], earned[7:9]) == ([1_001, 2_101], [8_402, 0])
    for kind, points in (("charged", {600, 100}), ("credited", {50}), ("released", {201})):
        found = [entry for entry in entries if entry[2] == kind]
        assert points == {entry[4] for entry in found}
        assert {entry[8] for entry in found} == {earned[0]}
    assert {entry[7] for entry in entries if entry[2] == "released"} == {8_402}


async def test_who_joins_late_or_changes_its_cycle_has_files_without_a_gap(house: House) -> None:
    programme = await house.programme()
    await house.partner(programme, "first")
    await week_ends(house, programme, 1)
    await close(house, programme)
    late = await house.partner(programme, "late")
    await bill(house, programme, late, "MONTH", 100)
    for number in range(2, 10):
        if number == 8:
            await bill(house, programme, late, "WINDOW", 100)
        await house.ledger.post(programme, Earn(late, 10))
        await week_ends(house, programme, number)
        await close(house, programme)
    kept, spans = None, list[tuple[int, int, int]]()
    for statement in await statements(house, programme, late):
        file = await file_of(house, programme, late, statement.window.number)
        assert verify(file, (await key_of(house, programme)).verifier_key, kept)
        head = json.loads(file)["statement"]
        spans.append((head["first_window"], head["last_window"], head["previous_window"]))
        kept = file
    assert spans == [(2, 6, 0), (7, 8, 6), (9, 9, 8)]


async def test_accepting_a_statement_changes_nothing_of_its_file(house: House) -> None:
    programme, partners = await coalition(house, JANUARY)
    monthly = partners["monthly"]
    before = await file_of(house, programme, monthly, JANUARY)
    (january,) = await statements(house, programme, monthly)
    accepted = house.as_partner(programme, monthly, "statements:accept")
    await grpc_client.call(
        house.clearing.AcceptStatement, pb.AcceptStatementRequest(statement_id=january.statement_id), accepted
    )
    assert await file_of(house, programme, monthly, JANUARY) == before


_ANOTHER_ROOT = "window {0}: monthly has {1} entries whose root is"
_ANOTHER_STATEMENT = "window 6: the statement of monthly is not the one that its checkpoint has"
FAULTS = {
    "UPDATE booking SET amount_micros = amount_micros + 10000, price_micros = price_micros + 10000": _ANOTHER_ROOT.format(
        6, 1
    ),
    "UPDATE booking SET number = 2": _ANOTHER_ROOT.format(6, 1),
    "DELETE FROM booking": _ANOTHER_ROOT.format(6, 0),
    "UPDATE rated_entry SET redemption_micros = redemption_micros + 1 WHERE redemption_micros > 0": "window 2: monthly has ",
    "UPDATE rated_entry SET earned_seq = earned_seq - 1 WHERE kind = 'charged'": "window 2: monthly has ",
    "UPDATE statement SET objection_until = objection_until + interval '1 us' WHERE window_number = 6": _ANOTHER_STATEMENT,
    "UPDATE statement SET opening_minor = opening_minor + 1 WHERE window_number = 6": _ANOTHER_STATEMENT,
    "UPDATE statement SET first_window = 2 WHERE window_number = 6 AND first_window = 1": _ANOTHER_STATEMENT,
    "DELETE FROM statement WHERE window_number = 6 AND first_window = 1": _ANOTHER_STATEMENT,
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_checker_names_what_was_changed_behind_a_signature(house: House, fault: str) -> None:
    programme, _ = await coalition(house, JANUARY)
    joined = " AND " if "WHERE" in fault else " WHERE "
    await house.as_superuser(f"{fault}{joined}ledger_id = {programme.ledger_id}")
    found = (await house.findings(programme))[10].breaches
    assert any(each.startswith(FAULTS[fault]) for each in found), found
