"""Every statement comes with a file that verifies offline, and what was signed is what the rated entries make."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

import pytest
from coalition.partners.v1 import clearing_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from services.runtime.principal import Programme
from services.verifier.statement import Refused, verify
from tests.support.ledger import Burn, ClawBack, Earn, Expiry, Return
from tests.support.partners import DAY_US, STARTS_AT_US, House

MONDAY_US = STARTS_AT_US + DAY_US
WEEK_US = 7 * DAY_US


async def coalition(house: House) -> tuple[Programme, dict[str, UUID]]:
    """Three stated windows, the last of them without a posting, of two partners that trade and one that does not."""
    programme = await house.programme()
    partners = {
        "grocer": await house.partner(programme, "grocer", 10_333, 8_000),
        "fuel": await house.partner(programme, "fuel", 11_050, 8_475),
        "museum": await house.partner(programme, "museum"),
    }
    grocer, fuel = partners["grocer"], partners["fuel"]
    await house.ledger.post(
        programme, Earn(grocer, 100), Earn(fuel, 50), Burn(fuel, [(grocer, 30), (fuel, 20)])
    )
    await house.ledger.post(programme, Earn(grocer, 7), Expiry(grocer, 3))
    await house.ledger.move_clock(programme, MONDAY_US)
    await house.ledger.post(
        programme,
        ClawBack(grocer, 1, 40),
        Return(fuel, 3, [(grocer, 10)]),
        Earn(fuel, 11),
        Burn(grocer, [(fuel, 5)]),
    )
    await house.ledger.move_clock(programme, MONDAY_US + 2 * WEEK_US)
    await house.rate_now(programme)
    assert len(await house.close(programme)) == 3
    return programme, partners


async def file_of(
    house: House, programme: Programme, partner_id: UUID, window: int, who: bytes = b""
) -> bytes:
    """The file of a partner's statement, as itself unless somebody else asks."""
    statement = await house.statement(programme, partner_id, window)
    request = pb.GetStatementFileRequest(statement_id=statement.statement_id)
    caller = who or house.as_partner(programme, partner_id)
    pieces = [
        piece.content async for piece in grpc_client.stream(house.clearing.GetStatementFile, request, caller)
    ]
    return b"".join(pieces)


async def key_of(house: House, programme: Programme) -> pb.GetProofKeyResponse:
    return await house.ask(house.clearing.GetProofKey, pb.GetProofKeyRequest(), programme)


async def test_every_statement_of_every_partner_verifies_and_continues_the_one_before(house: House) -> None:
    programme, partners = await coalition(house)
    key = await key_of(house, programme)
    kept: bytes | None = None
    for partner_id in partners.values():
        kept = None
        for window in (1, 2, 3):
            file = await file_of(house, programme, partner_id, window)
            assert verify(file, key.verifier_key, kept)
            statement, said = (
                await house.statement(programme, partner_id, window),
                json.loads(file)["statement"],
            )
            assert (said["net_minor"], said["carry_in_micros"], said["carry_out_micros"]) == (
                statement.net.net_minor, statement.net.carry_in_micros, statement.net.carry_out_micros,
            )  # fmt: skip
            assert [line[5] for line in said["lines"]] == [
                line.amount_micros for line in statement.lines if line.point_type
            ]
            kept = file
    assert key.origin == f"coalition/{programme.slug}"
    assert key.checkpoint == json.loads(kept or b"")["checkpoint"]


async def test_a_record_names_the_batch_that_reached_the_windows_end(house: House) -> None:
    programme, partners = await coalition(house)
    records = [
        json.loads(await file_of(house, programme, partners["grocer"], window))["windows"][0]["record"]
        for window in (1, 2, 3)
    ]
    hashes = [sha256(f"{programme.slug} {batch}".encode()).hexdigest() for batch in (2, 3, 3)]
    assert [(each["batch_no"], each["batch_hash"]) for each in records] == list(
        zip((2, 3, 3), hashes, strict=True)
    )
    assert [(each["first_seq"], each["last_seq"]) for each in records] == [(1, 5), (6, 9), (10, 9)]
    # Entries, points issued and burned, micros owed and received; the expiry is nobody's.
    assert records[0]["totals"] == [5, 157, 50, 107 * 10_333 + 50 * 11_050, 50 * 8_475]


async def test_a_file_made_again_has_the_same_bytes(house: House) -> None:
    programme, partners = await coalition(house)
    assert await file_of(house, programme, partners["fuel"], 2) == await file_of(
        house, programme, partners["fuel"], 2
    )


async def test_a_partner_gets_its_own_file_and_nobody_elses(house: House) -> None:
    programme, partners = await coalition(house)
    other = house.as_partner(programme, partners["fuel"])
    with pytest.raises(CoalitionError) as refused:
        await file_of(house, programme, partners["grocer"], 1, other)
    assert refused.value.reason == Reason.REASON_NOT_FOUND
    unscoped = house.as_partner(programme, partners["grocer"], "points:earn")
    with pytest.raises(CoalitionError) as refused:
        await file_of(house, programme, partners["grocer"], 1, unscoped)
    assert refused.value.reason == Reason.REASON_PERMISSION_DENIED
    with pytest.raises(CoalitionError) as refused:
        await grpc_client.call(house.clearing.GetProofKey, pb.GetProofKeyRequest(), unscoped)
    assert refused.value.reason == Reason.REASON_PERMISSION_DENIED
    assert (await grpc_client.call(house.clearing.GetProofKey, pb.GetProofKeyRequest(), other)).verifier_key
    assert await file_of(
        house, programme, partners["grocer"], 1, house.as_staff("auditor", programme=programme)
    )


async def test_a_file_tells_no_member_and_no_other_partners_name(house: House) -> None:
    programme, partners = await coalition(house)
    file = (await file_of(house, programme, partners["grocer"], 1)).decode()
    assert partners["fuel"].hex not in file
    assert str(partners["fuel"]) not in file
    assert "fuel" not in file


FAULTS = {
    "UPDATE rated_entry SET points = points + 1, amount_micros = amount_micros + price_micros "
    "WHERE ledger_id = {0} AND seq = 1 AND line = 1": "window 1: grocer has 2 entries whose root is",
    "UPDATE rated_entry SET issuer_id = partner_id WHERE ledger_id = {0}": "",
    "DELETE FROM rated_entry WHERE ledger_id = {0} AND seq = 4": "window 1: grocer has 1 entries whose root is",
    "UPDATE rated_entry SET point_type = 'other' WHERE ledger_id = {0} AND seq = 1": "window 1: line 1 of seq 1 has a type",
    "UPDATE partner_tree SET points_issued = points_issued + 1 WHERE ledger_id = {0} AND window_number = 2 "
    "AND entries = 2": "window 2: fuel has 2 entries whose root is",
    "UPDATE partner_tree SET leaf_hash = sha256('x') WHERE ledger_id = {0} AND window_number = 1 "
    "AND entries = 0": "window 1: the leaf of museum in the tree of partners is another",
    "UPDATE checkpoint SET record = replace(record, '\"last_seq\":5', '\"last_seq\":4'), leaf_hash = sha256('\\x00'::bytea "
    "|| convert_to(replace(record, '\"last_seq\":5', '\"last_seq\":4'), 'UTF8')) WHERE ledger_id = {0} AND window_number = 1": (
        "window 1: its record is not what its trees and its range make"
    ),
    "UPDATE checkpoint SET note = replace(note, E'\\n3\\n', E'\\n4\\n') WHERE ledger_id = {0}": (
        "window 3: its checkpoint is not the signed root of the log up to it"
    ),
    "DELETE FROM checkpoint WHERE ledger_id = {0} AND window_number = 3": "window 3 is stated and has no checkpoint",
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_the_checker_names_what_was_not_signed(house: House, fault: str) -> None:
    programme, _ = await coalition(house)
    assert await _named(house, programme) == []
    await house.as_superuser(fault.format(programme.ledger_id))
    found = await _named(house, programme)
    assert any(each.startswith(FAULTS[fault]) for each in found) if FAULTS[fault] else found == [], found


async def _named(house: House, programme: Programme) -> Sequence[str]:
    return (await house.findings(programme))[10].breaches


async def test_an_entry_that_was_changed_after_it_was_signed_is_named_by_its_own_file(house: House) -> None:
    programme, partners = await coalition(house)
    await house.as_superuser(
        "UPDATE rated_entry SET points = 8, amount_micros = 8 * price_micros "
        f"WHERE ledger_id = {programme.ledger_id} AND seq = 4"
    )
    with pytest.raises(Refused, match=r"^statement, line 1: "):
        verify(await file_of(house, programme, partners["grocer"], 1))
