"""How much a partner's keys may ask: set by one person, told to the gateway with the key, noted in the audit log."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
from coalition.partners.v1 import partners_pb2 as pb
from coalition.type.v1.reason_pb2 import Reason

from services.runtime import grpc_client
from services.runtime.errors import CoalitionError
from services.runtime.ids import new_id
from tests.component.partners.test_commands import command
from tests.support.partners import House


async def test_a_key_is_told_with_what_was_set_for_its_partner(house: House) -> None:
    programme = await house.programme()
    partner_id = await house.partner(programme, "grocer")
    issued = await house.ask(
        house.registry.IssueApiKey,
        pb.IssueApiKeyRequest(partner_id=partner_id.bytes, label="till"),
        programme,
    )
    asking = pb.AuthenticateApiKeyRequest(secret_sha256=sha256(issued.secret.encode()).digest())
    before = await grpc_client.call(house.registry.AuthenticateApiKey, asking, house.as_gateway())
    assert before.quotas == pb.Quotas()
    said = [pb.Quotas(interactive_per_second=9, bulk_per_second=70), pb.Quotas(interactive_per_second=5)]
    for number, quotas in enumerate(said, 1):
        for _ in range(2):
            request = pb.SetQuotasRequest(partner_id=partner_id.bytes, quotas=quotas)
            made = (await house.ask(house.registry.SetQuotas, request, programme)).quotas
            assert (made.version, made.quotas) == (number, quotas)
        known = await grpc_client.call(house.registry.AuthenticateApiKey, asking, house.as_gateway())
        assert known.quotas == quotas
    own = house.as_partner(programme, partner_id)
    listed = await grpc_client.call(house.registry.ListQuotas, pb.ListQuotasRequest(), own)
    assert [each.quotas for each in listed.versions] == said[::-1]
    rows = await house.fetch(
        "SELECT after FROM audit_row WHERE ledger_id = $1 AND what = 'quotas.set' ORDER BY number",
        programme.ledger_id,
    )
    assert [json.loads(row[0])["interactive_per_second"] for row in rows] == [9, 5]


async def test_quotas_out_of_range_and_of_nobody_are_refused(house: House) -> None:
    programme = await house.programme()
    partner_id = await house.partner(programme, "grocer")
    for owner, quotas, reason in (
        (partner_id, pb.Quotas(interactive_per_second=-1), Reason.REASON_INVALID_REQUEST),
        (partner_id, pb.Quotas(bulk_per_second=1_000_001), Reason.REASON_INVALID_REQUEST),
        (new_id(), pb.Quotas(bulk_per_second=1), Reason.REASON_PARTNER_UNKNOWN),
    ):
        with pytest.raises(CoalitionError) as caught:
            await house.ask(
                house.registry.SetQuotas,
                pb.SetQuotasRequest(partner_id=owner.bytes, quotas=quotas),
                programme,
            )
        assert caught.value.reason == reason
    with pytest.raises(CoalitionError) as caught:
        await house.ask(house.registry.ListQuotas, pb.ListQuotasRequest(partner_id=new_id().bytes), programme)
    assert caught.value.reason == Reason.REASON_PARTNER_UNKNOWN


async def test_an_operator_sets_and_lists_quotas(house: House) -> None:
    programme = await house.programme()
    await house.partner(programme, "grocer")
    words = ("grocer", "-p", programme.slug, "--json")
    assert json.loads(await command(house, "partner", "quota", "list", *words)) == []
    await command(house, "partner", "quota", "set", *words, "--requests", "3000")
    (shown,) = json.loads(await command(house, "partner", "quota", "list", *words))
    assert (shown["version"], shown["interactive_per_second"], shown["bulk_per_second"]) == (1, 3000, None)
