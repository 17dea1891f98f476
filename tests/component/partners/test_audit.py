"""The audit log: everything that changes something is in it, whole and in order, and what is wrong in it is named."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from coalition.partners.v1 import approvals_pb2, audit_pb2, clearing_pb2, partners_pb2, staff_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from services.runtime.principal import Programme
from tests.support.ledger import Earn
from tests.support.partners import DAY_US, STARTS_AT_US
from tests.support.partners_office import Office, Person, refusal

HASH_OF = """
sha256(prefixed(int8send(ledger_id)) || prefixed(int8send(number)) || prefixed(micros(at))
    || prefixed(convert_to(by_kind, 'UTF8')) || prefixed(convert_to(by_id, 'UTF8'))
    || prefixed(convert_to(by_name, 'UTF8')) || prefixed(convert_to(what, 'UTF8'))
    || prefixed(convert_to(subject, 'UTF8')) || prefixed(convert_to(before, 'UTF8'))
    || prefixed(convert_to(after, 'UTF8')) || prefixed(convert_to(why, 'UTF8')) || prefixed(previous_hash))
"""
# An edit whose hash was made to fit, and a row more at the end that follows the last one.
REHASHED = (
    "UPDATE audit_row SET after = '{{}}', hash = "
    + HASH_OF.replace("after", "'{{}}'")
    + ("WHERE {chain} AND number = 7")
)
ADDED = """
INSERT INTO audit_row
SELECT ledger_id, 17, at, by_kind, by_id, by_name, what, subject, before, after, why, hash, hash
FROM audit_row WHERE {chain} AND number = 16
"""


async def busy(office: Office) -> tuple[Programme, UUID, Person, Person]:
    """A programme in which every command of the registry has changed something; 15 rows."""
    house = office.house
    programme, partner_id, maker, checker = await office.desk()
    pricing = await office.person("pricing")
    stores = partners_pb2.AddStoresRequest(
        partner_id=partner_id.bytes, stores=[partners_pb2.Store(code="1", name="One")]
    )
    await grpc_client.call(house.registry.AddStores, stores, maker.on(programme))
    await grpc_client.call(house.registry.AddStores, stores, maker.on(programme))
    issuing = partners_pb2.IssueApiKeyRequest(
        partner_id=partner_id.bytes, label="till", scopes=["points:earn"]
    )
    issued = await grpc_client.call(house.registry.IssueApiKey, issuing, maker.on(programme))
    revoking = partners_pb2.RevokeApiKeyRequest(key_id=issued.api_key.key_id)
    for _ in range(2):
        await grpc_client.call(house.registry.RevokeApiKey, revoking, maker.on(programme))
    for issue in (10_000, 10_000, 11_000):
        rates = partners_pb2.RateVersion(
            partner_id=partner_id.bytes, issue_micros=issue, valid_from_us=STARTS_AT_US
        )
        request = partners_pb2.SetRatesRequest(rates=rates)
        await grpc_client.call(house.registry.SetRates, request, pricing.on(programme))
    await house.ledger.post(programme, Earn(partner_id, 5))
    await house.ledger.move_clock(programme, STARTS_AT_US + 2 * DAY_US)
    await house.rate_now(programme)
    await house.close(programme)
    await office.approve(checker.on(programme), await office.draft(maker, programme, partner_id))
    rejected = await office.draft(maker, programme, partner_id)
    rejecting = approvals_pb2.RejectDraftRequest(draft_id=rejected.draft_id, why="too much")
    await grpc_client.call(office.approvals.RejectDraft, rejecting, checker.on(programme))
    withdrawn = await office.draft(maker, programme, partner_id)
    withdrawing = approvals_pb2.WithdrawDraftRequest(draft_id=withdrawn.draft_id)
    await grpc_client.call(office.approvals.WithdrawDraft, withdrawing, maker.on(programme))
    return programme, partner_id, maker, checker


async def test_every_change_of_a_programme_is_there_once_with_who_made_it(office: Office) -> None:
    programme, _, maker, checker = await busy(office)
    rows = await office.audit_rows(programme)
    assert [(row.what, row.by_name or row.by_id) for row in rows][:5] == [
        ("programme.registered", "cli"),
        ("partner.onboarded", "cli"),
        ("stores.added", maker.name),
        ("key.issued", maker.name),
        ("key.revoked", maker.name),
    ]
    assert [row.what for row in rows[5:]] == [
        "rates.set", "rates.set", "window.closed", "windows.stated", "draft.made", "draft.approved", "limit.set",
        "draft.made", "draft.rejected", "draft.made", "draft.withdrawn",
    ]  # fmt: skip
    assert [row.number for row in rows] == list(range(1, 17))
    assert {row.ledger_id for row in rows} == {programme.ledger_id}
    price = rows[6]
    assert (json.loads(price.before)["issue_micros"], json.loads(price.after)["issue_micros"]) == (
        10_000,
        11_000,
    )
    limit = rows[11]
    assert (limit.by_id, limit.before, json.loads(limit.after)["limit_minor"]) == (checker.actor, "", 500_000)
    assert (rows[9].why, rows[13].why) == ("as agreed", "too much")
    assert (await office.audit_check(programme)).holds


async def test_every_change_of_people_is_in_the_log_of_the_host(office: Office) -> None:
    before = len(await office.audit_rows(None))
    admin = await office.person("admin")
    adding = partners_pb2.AddStaffRequest(name=f"Bob of {admin.name}", roles=["maker"])
    added = await grpc_client.call(office.house.registry.AddStaff, adding, admin.on())
    person = await office.signed_in(added.token)
    other = await office.another_token(person)
    for _ in range(2):
        await office.set_roles(person, assign=("checker",), take=("maker",))
        revoking = staff_pb2.RevokeStaffTokenRequest(token_id=other.token_id.bytes)
        await grpc_client.call(office.staff.RevokeStaffToken, revoking, person.on())
    rows = (await office.audit_rows(None))[before:]
    assert [(row.what, row.by_name or row.by_id) for row in rows] == [
        ("staff.added", "cli"),
        ("token.issued", "cli"),
        ("staff.added", admin.name),
        ("token.issued", admin.name),
        ("token.issued", "cli"),
        ("staff.roles_set", "cli"),
        ("token.revoked", person.name),
    ]
    roles = rows[5]
    assert (json.loads(roles.before), json.loads(roles.after)) == (
        {"roles": ["maker"]},
        {"roles": ["checker"]},
    )
    found = await office.audit_check(None)
    assert (found.holds, found.rows, found.head.ledger_id) == (True, before + 7, 0)


async def test_no_secret_is_in_the_log(office: Office) -> None:
    house = office.house
    programme, partner_id, maker, _ = await office.desk()
    other = await office.another_token(maker)
    issuing = partners_pb2.IssueApiKeyRequest(partner_id=partner_id.bytes, label="till")
    issued = await grpc_client.call(house.registry.IssueApiKey, issuing, maker.on(programme))
    rows = [*await office.audit_rows(programme), *await office.audit_rows(None)]
    told = "\n".join(str(row) for row in rows)
    assert issued.api_key.hint in told
    for secret in (maker.secret, other.secret, issued.secret):
        assert secret not in told
        assert secret[13:] not in told


async def test_what_is_refused_leaves_no_row(office: Office) -> None:
    programme, partner_id, maker, _ = await office.desk()
    draft = await office.draft(maker, programme, partner_id)
    before = len(await office.audit_rows(programme))
    again = partners_pb2.OnboardPartnerRequest(slug="grocer", name="Again")
    await refusal(office.house.registry.OnboardPartner, again, maker.on(programme))
    await office.refused_approval(maker.on(programme), draft)
    assert len(await office.audit_rows(programme)) == before


async def test_changes_at_once_stand_one_after_the_other(office: Office) -> None:
    programme, _, maker, _ = await office.desk()
    requests = [partners_pb2.OnboardPartnerRequest(slug=f"p{number}", name="P") for number in range(12)]
    registry = office.house.registry
    await asyncio.gather(
        *(grpc_client.call(registry.OnboardPartner, each, maker.on(programme)) for each in requests)
    )
    found = await office.audit_check(programme)
    assert (found.holds, found.rows, found.head.number) == (True, 14, 14)


async def test_a_window_that_the_job_closes_is_noted_as_the_services_own(office: Office) -> None:
    house = office.house
    programme, _, _, _ = await office.desk()
    await house.ledger.move_clock(programme, STARTS_AT_US + 2 * DAY_US)
    await house.app.close_windows.close(await house.app.programmes.named(programme.slug))
    rows = await office.audit_rows(programme, newest=2)
    assert [(row.what, row.by_kind, row.by_id) for row in rows] == [
        ("window.closed", "service", "partners"),
        ("windows.stated", "service", "partners"),
    ]


async def test_billing_and_its_acceptance_are_noted_with_the_partners_own_key(office: Office) -> None:
    house = office.house
    programme, partner_id, _, _ = await office.desk()
    terms = clearing_pb2.BillingTerms(
        partner_id=partner_id.bytes, cycle=clearing_pb2.BILLING_CYCLE_WINDOW, cycle_fee_minor=500
    )
    for _ in range(2):
        await house.ask(house.clearing.SetBilling, clearing_pb2.SetBillingRequest(terms=terms), programme)
    await house.ledger.move_clock(programme, STARTS_AT_US + 2 * DAY_US)
    await house.close(programme)
    statement = await house.statement(programme, partner_id, 1)
    accepting = clearing_pb2.AcceptStatementRequest(statement_id=statement.statement_id)
    partner = house.as_partner(programme, partner_id, "statements:read", "statements:accept")
    for _ in range(2):
        await grpc_client.call(house.clearing.AcceptStatement, accepting, partner)
    rows = await office.audit_rows(programme, from_number=3)
    assert [(row.what, row.by_kind, row.by_id) for row in rows] == [
        ("billing.set", "service", "cli"),
        ("window.closed", "service", "cli"),
        ("windows.stated", "service", "cli"),
        ("statements.accepted", "partner", "key_test"),
    ]
    assert json.loads(rows[0].after)["cycle_fee_minor"] == 500
    assert (await office.audit_check(programme)).holds


async def test_the_log_is_read_from_a_row_on_or_from_its_end(office: Office) -> None:
    programme, _, _, _ = await busy(office)

    async def numbers(**wanted: int) -> list[int]:
        return [row.number for row in await office.audit_rows(programme, **wanted)]

    assert await numbers(from_number=15) == [15, 16]
    assert await numbers(from_number=2, limit=3) == [2, 3, 4]
    assert await numbers(newest=2) == [15, 16]
    assert await numbers(newest=100) == list(range(1, 17))
    with pytest.raises(CoalitionError) as caught:
        await numbers(from_number=-1)
    assert caught.value.reason == Reason.REASON_INVALID_REQUEST


async def test_the_log_is_for_auditors_admins_and_the_host(office: Office) -> None:
    house = office.house
    programme, partner_id, maker, _ = await office.desk()

    async def read(principal: bytes) -> Any:
        stream = grpc_client.stream(office.audit.ReadAudit, audit_pb2.ReadAuditRequest(), principal)
        return [block async for block in stream]

    others = (
        maker.on(programme),
        house.as_partner(programme, partner_id, "auditor"),
        house.as_gateway(programme),
    )
    for principal in others:
        error = await refusal(office.audit.CheckAudit, audit_pb2.CheckAuditRequest(), principal)
        assert error.reason == Reason.REASON_PERMISSION_DENIED
        with pytest.raises(CoalitionError) as caught:
            await read(principal)
        assert caught.value.reason == Reason.REASON_PERMISSION_DENIED
    for role in ("auditor", "admin"):
        assert await read((await office.person(role)).on(programme))
    stranger = house.as_host(Programme(30_000, "stranger", "Europe/Berlin", "EUR", True))
    error = await refusal(office.audit.CheckAudit, audit_pb2.CheckAuditRequest(), stranger)
    assert error.reason == Reason.REASON_PROGRAMME_UNKNOWN


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        ("UPDATE audit_row SET why = 'nothing' WHERE {chain} AND number = 7", "row 7 is not what was hashed"),
        (
            REHASHED,
            "row 8 does not follow row 7",
        ),
        ("DELETE FROM audit_row WHERE {chain} AND number = 7", "row 7 is missing"),
        ("DELETE FROM audit_row WHERE {chain} AND number IN (7, 8)", "rows 7 to 8 are missing"),
        ("DELETE FROM audit_row WHERE {chain} AND number = 1", "row 1 is missing"),
        (
            "DELETE FROM audit_row WHERE {chain} AND number = 16",
            "row 16 and what follows it are missing: the head is row 16",
        ),
        (
            "UPDATE audit_row SET number = 23 - number WHERE {chain} AND number IN (11, 12)",
            "row 11 is not what was hashed",
        ),
        (
            ADDED,
            "row 17 stands beyond the head",
        ),
        ("UPDATE audit_head SET hash = sha256('x') WHERE {chain}", "row 16 is not the one that the head has"),
        ("DELETE FROM audit_head WHERE {chain}", "the end of the chain is missing"),
    ],
)
async def test_a_fault_that_was_planted_is_found_and_the_row_named(
    office: Office, plant: str, said: str
) -> None:
    programme, _, _, _ = await busy(office)
    # Whoever may do all this may drop the constraint that recomputes the hash, too; and swap keys in one statement.
    await office.house.as_superuser(
        "ALTER TABLE audit_row DROP CONSTRAINT IF EXISTS audit_row_hash_ck",
        "ALTER TABLE audit_row DROP CONSTRAINT IF EXISTS audit_row_pk CASCADE",
        plant.format(chain=f"ledger_id = {programme.ledger_id}"),
    )
    found = await office.audit_check(programme)
    assert not found.holds
    assert said in list(found.breaches)
