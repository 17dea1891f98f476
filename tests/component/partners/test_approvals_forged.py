"""Who is not the second person, whatever he shows; and what is not the draft, whatever the database says."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from coalition.partners.v1 import approvals_pb2 as pb
from coalition.partners.v1 import limits_pb2, staff_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.partners import service
from services.runtime import grpc_client
from services.runtime.grpc_client import open_channel
from services.runtime.ids import new_id, to_text
from services.runtime.principal import Kind, Signer, Verifier
from tests.support.partners import partners_settings
from tests.support.partners_office import Office, Person, refusal, terms_of


async def test_what_a_principal_carries_gives_nobody_a_role(office: Office) -> None:
    programme, partner_id, maker, checker = await office.desk()
    auditor = await office.person("auditor")
    boasting = Person(
        office.house, auditor.staff_id, auditor.name, auditor.token_id, "", ("maker", "checker", "admin")
    )
    request = limits_pb2.ProposeCreditLimitRequest(terms=terms_of(partner_id), why="mine")
    error = await refusal(office.limits.ProposeCreditLimit, request, boasting.on(programme))
    assert (error.reason, error.metadata["needed"]) == (Reason.REASON_PERMISSION_DENIED, "maker or pricing")
    draft = await office.draft(maker, programme, partner_id)
    assert await office.refused_approval(boasting.on(programme), draft) == Reason.REASON_PERMISSION_DENIED
    await office.undone(programme, partner_id, draft)
    modest = Person(office.house, checker.staff_id, checker.name, checker.token_id, "", ())
    assert (await office.approve(modest.on(programme), draft)).state == pb.DRAFT_STATE_APPROVED


async def test_a_revoked_token_decides_nothing_although_its_principal_is_good_still(office: Office) -> None:
    programme, partner_id, maker, checker = await office.desk()
    draft = await office.draft(maker, programme, partner_id)
    principal = checker.on(programme)
    revoking = staff_pb2.RevokeStaffTokenRequest(token_id=checker.token_id.bytes)
    await grpc_client.call(office.staff.RevokeStaffToken, revoking, office.house.as_host())
    assert await office.refused_approval(principal, draft) == Reason.REASON_UNAUTHENTICATED
    request = limits_pb2.ProposeCreditLimitRequest(terms=terms_of(partner_id), why="mine")
    error = await refusal(office.limits.ProposeCreditLimit, request, principal)
    assert error.reason == Reason.REASON_UNAUTHENTICATED
    await office.undone(programme, partner_id, draft)


async def test_a_principal_without_a_token_or_with_another_persons_is_nobody(office: Office) -> None:
    programme, partner_id, maker, checker = await office.desk()
    draft = await office.draft(maker, programme, partner_id)
    sign = office.house.signers["cli"].sign
    for actor, token_id in (
        (checker.actor, None),
        (checker.actor, new_id()),
        (checker.actor, maker.token_id),
        (to_text("stf", new_id()), checker.token_id),
        ("stf_test", checker.token_id),
    ):
        principal = sign(Kind.STAFF, actor, programme, grants=("checker",), token_id=token_id)
        assert await office.refused_approval(principal, draft) == Reason.REASON_UNAUTHENTICATED
    await office.undone(programme, partner_id, draft)


async def test_whoever_is_no_person_neither_makes_nor_decides(office: Office) -> None:
    programme, partner_id, maker, _ = await office.desk()
    house = office.house
    draft = await office.draft(maker, programme, partner_id)
    calls: tuple[tuple[Any, Any], ...] = (
        (
            office.limits.ProposeCreditLimit,
            limits_pb2.ProposeCreditLimitRequest(terms=terms_of(partner_id), why="x"),
        ),
        (
            office.approvals.ApproveDraft,
            pb.ApproveDraftRequest(draft_id=draft.draft_id, sha256=draft.sha256),
        ),
        (office.approvals.RejectDraft, pb.RejectDraftRequest(draft_id=draft.draft_id)),
        (office.approvals.WithdrawDraft, pb.WithdrawDraftRequest(draft_id=draft.draft_id)),
    )
    principals = {
        "host": house.as_host(programme),
        "gateway": house.as_gateway(programme),
        "partners": house.signers["partners"].own(programme),
        "partner": house.as_partner(programme, partner_id, "maker", "checker"),
    }
    for name, principal in principals.items():
        for method, request in calls:
            error = await refusal(method, request, principal)
            assert error.reason == Reason.REASON_PERSON_NEEDED, name
    await office.undone(programme, partner_id, draft)


async def test_a_forged_principal_is_not_let_in(office: Office) -> None:
    programme, partner_id, maker, checker = await office.desk()
    draft = await office.draft(maker, programme, partner_id)
    house = office.house
    signed = checker.on(programme)
    stranger = Signer("cli", secrets.token_bytes(32))
    forged = (
        stranger.sign(Kind.STAFF, checker.actor, programme, token_id=checker.token_id),
        # Authentic, but the gateway does not speak for staff.
        house.signers["gateway"].sign(Kind.STAFF, checker.actor, programme, token_id=checker.token_id),
        signed[:-64],
        signed[:-64] + bytes(64),
        maker.on(programme)[:-64] + signed[-64:],
        signed[:-1] + bytes([signed[-1] ^ 1]),
        house.signers["cli"].sign(
            Kind.STAFF, checker.actor, programme, token_id=checker.token_id, life_seconds=-1
        ),
    )
    for principal in forged:
        assert await office.refused_approval(principal, draft) == Reason.REASON_UNAUTHENTICATED
    await office.undone(programme, partner_id, draft)


async def test_a_draft_that_was_changed_in_the_database_is_not_what_was_approved(office: Office) -> None:
    programme, partner_id, maker, checker = await office.desk()
    house, principal = office.house, checker.on(programme)
    accomplice = await office.person("maker")
    plants = (
        "body = convert_to(replace(convert_from(body, 'UTF8'), '500000', '900000'), 'UTF8')",
        f"made_by = '{accomplice.staff_id}'",
        "made_at = made_at + interval '29 days'",
        "why = 'as agreed.'",
    )
    # A superuser who gets past triggers is held by the constraint still; so it goes as well.
    await house.as_superuser("ALTER TABLE draft DROP CONSTRAINT IF EXISTS draft_sha256_ck")
    for plant in plants:
        draft = await office.draft(maker, programme, partner_id)
        await house.as_superuser(f"UPDATE draft SET {plant} WHERE draft_id = '{UUID(bytes=draft.draft_id)}'")
        assert await office.refused_approval(principal, draft) == Reason.REASON_DRAFT_CHANGED, plant
        await office.undone(programme, partner_id, draft)
        # The same with the hash made to fit: it is not the one that the checker has seen.
        planted = await house.app.draft_queries.get(
            Verifier(house.public_keys).verify(house.as_host(programme)), UUID(bytes=draft.draft_id)
        )
        fitting = planted.due_sha256()
        await house.as_superuser(
            f"UPDATE draft SET sha256 = '\\x{fitting.hex()}' WHERE draft_id = '{planted.draft_id}'"
        )
        assert await office.refused_approval(principal, draft) == Reason.REASON_DRAFT_CHANGED, plant
        await office.undone(programme, partner_id, draft)


async def test_an_old_draft_cannot_be_approved_but_rejected(office: Office) -> None:
    programme, partner_id, maker, checker = await office.desk()
    house = office.house
    long_ago = await office.draft(maker, programme, partner_id)
    found = await house.fetch("SELECT made_at FROM draft WHERE draft_id = $1", UUID(bytes=long_ago.draft_id))
    assert found
    settings = partners_settings(house.database, draft_days=1)
    await house.as_superuser("ALTER TABLE draft DROP CONSTRAINT IF EXISTS draft_sha256_ck")
    # Made two days ago, its hash with it: as if the clock had gone on.
    viewer = Verifier(house.public_keys).verify(house.as_host(programme))
    draft_id = UUID(bytes=long_ago.draft_id)
    await house.as_superuser(
        f"UPDATE draft SET made_at = made_at - interval '2 days' WHERE draft_id = '{draft_id}'"
    )
    due = (await house.app.draft_queries.get(viewer, draft_id)).due_sha256()
    await house.as_superuser(f"UPDATE draft SET sha256 = '\\x{due.hex()}' WHERE draft_id = '{draft_id}'")
    app = service.build(settings, house.app.database, house.points)
    server = service.server(app, settings, Verifier(house.public_keys))
    channel = open_channel(f"127.0.0.1:{await server.start()}")
    try:
        strict = type(office.approvals)(channel)
        request = pb.ApproveDraftRequest(draft_id=draft_id.bytes, sha256=due)
        error = await refusal(strict.ApproveDraft, request, checker.on(programme))
        assert (error.reason, error.metadata["limit_days"]) == (Reason.REASON_DRAFT_EXPIRED, "1")
        asked = pb.GetDraftRequest(draft_id=draft_id.bytes)
        stands = await grpc_client.call(strict.GetDraft, asked, checker.on(programme))
        assert stands.draft.state == pb.DRAFT_STATE_EXPIRED
        rejecting = pb.RejectDraftRequest(draft_id=draft_id.bytes, why="too late")
        rejected = await grpc_client.call(strict.RejectDraft, rejecting, checker.on(programme))
        assert (rejected.draft.state, rejected.draft.decision.why) == (pb.DRAFT_STATE_REJECTED, "too late")
    finally:
        await channel.close()
        await server.stop(0)
    assert await office.limits_of(programme, partner_id) == []
