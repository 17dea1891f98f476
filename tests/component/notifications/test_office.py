"""What staff sees and sets: texts, switches, deliveries, figures; and who may."""

from __future__ import annotations

import asyncpg
import pytest
from coalition.events.v1 import points_pb2
from coalition.notifications.v1 import notifications_pb2 as pb

from services.notifications.domain.kinds import Kind
from services.runtime import grpc_client
from services.runtime.clock import wall_now_us
from services.runtime.errors import CoalitionError, InvalidRequest, PermissionDenied
from services.runtime.ids import new_id
from services.runtime.principal import Kind as Who
from tests.support.notifying import Desk
from tests.support.outboxes import subject_of
from tests.support.points_database import as_superuser


def redeemed(member_id: bytes) -> points_pb2.PointsRedeemed:
    return points_pb2.PointsRedeemed(transaction_id=new_id().bytes, member_id=member_id, points=5)


def _set(**changes: object) -> pb.SetTemplateRequest:
    given: dict[str, object] = {
        "kind": "points_redeemed",
        "form": pb.TEXT_FORM_EMAIL,
        "language": "en",
        "subject": "Spent: {points}",
        "body": "{greeting} {balance}",
    }
    return pb.SetTemplateRequest(**given | changes)  # type: ignore[arg-type]


async def _template(house: Desk, kind: str, form: pb.TextForm.ValueType) -> pb.Template:
    answer = await house.call("ListTemplates", pb.ListTemplatesRequest(language="en"), "pricing")
    (found,) = [each for each in answer.kinds if each.kind == kind]
    return next(each for each in found.templates if each.form == form)


async def test_a_programmes_own_words_count_until_they_are_taken_back(house: Desk):
    member = house.member()
    standard = await _template(house, "points_redeemed", pb.TEXT_FORM_EMAIL)
    assert (standard.own, standard.subject) == (False, "You spent points")
    await house.call("SetTemplate", _set(), "admin")
    own = await _template(house, "points_redeemed", pb.TEXT_FORM_EMAIL)
    assert (own.own, own.subject, own.set_by) == (True, "Spent: {points}", "stf_test")
    await house.tell(redeemed(member.bytes))
    await house.send()
    back = (await house.call("SetTemplate", _set(subject="", body=""), "admin")).template
    assert (back.own, back.body) == (False, standard.body)
    assert await _template(house, "points_redeemed", pb.TEXT_FORM_EMAIL) == standard
    await house.tell(redeemed(member.bytes))
    await house.send()
    assert sorted(map(subject_of, house.mails(member))) == ["Spent: 5", "You spent points"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "nothing"}, "kind"),
        ({"form": 0}, "form"),
        ({"language": "xx"}, "language"),
        ({"body": "{day}"}, "body"),
        ({"body": "{points.__class__}"}, "body"),
        ({"body": "{points:>99}"}, "body"),
        ({"body": "{points"}, "body"),
        ({"body": "x" * 4_001}, "body"),
        ({"body": "bell\a"}, "body"),
        ({"subject": ""}, "subject"),
        ({"subject": "two\nlines"}, "subject"),
        ({"form": pb.TEXT_FORM_SHORT}, "subject"),
        ({"form": pb.TEXT_FORM_SHORT, "subject": "", "body": "x" * 301}, "body"),
    ],
)
async def test_a_text_that_could_not_be_sent_is_not_set(changes: dict[str, object], field: str, house: Desk):
    with pytest.raises(InvalidRequest) as refused:
        await house.call("SetTemplate", _set(**changes), "admin")
    assert refused.value.metadata["field"] == field


async def test_a_kind_is_switched_for_this_programme_from_now_on(house: Desk):
    switch = pb.SwitchKindRequest(kind="points_earned", on=True)
    assert (await house.call("SwitchKind", switch, "admin")).changed
    assert not (await house.call("SwitchKind", switch, "admin")).changed
    answer = await house.call("ListTemplates", pb.ListTemplatesRequest(language="de"))
    on = {each.kind: each.on for each in answer.kinds}
    assert (on["points_earned"], on["points_granted"], len(on)) == (True, False, len(Kind))


async def test_deliveries_are_listed_by_pages_newest_first_without_an_address(house: Desk):
    member = house.member()
    for _ in range(3):
        await house.tell(redeemed(member.bytes))
    await house.send()
    ask = pb.ListDeliveriesRequest(member_id=member.bytes, limit=2)
    first = await house.call("ListDeliveries", ask, "service_desk")
    ask.before_notice_id = first.notices[-1].notice_id
    rest = await house.call("ListDeliveries", ask, "auditor")
    assert [each.pos for each in (*first.notices, *rest.notices)] == [3, 2, 1]
    assert (first.has_more, rest.has_more) == (True, False)
    assert [step.outcome for step in first.notices[0].steps] == ["sent"]
    assert house.address(member) not in str(first)


async def test_figures_count_what_notices_came_to(house: Desk):
    await house.tell(redeemed(house.member().bytes))
    await house.tell(redeemed(new_id().bytes))
    await house.send()
    await house.tell(redeemed(house.member().bytes))
    answer = await house.call("GetStats", pb.GetStatsRequest(days=1), "auditor")
    found = [(each.channel, each.state, each.why, each.notices) for each in answer.counts]
    assert sorted(found) == [
        ("", pb.NOTICE_STATE_WAITING, "", 1),
        ("", pb.NOTICE_STATE_DROPPED, "not_found", 1),
        ("email", pb.NOTICE_STATE_SENT, "", 1),
    ]
    assert answer.oldest_due_at_us > 0


@pytest.mark.parametrize(
    ("method", "request_", "roles"),
    [
        ("ListDeliveries", pb.ListDeliveriesRequest(member_id=bytes(16), limit=1), ("pricing",)),
        ("SetTemplate", _set(), ("service_desk",)),
        ("SwitchKind", pb.SwitchKindRequest(kind="welcome"), ("auditor",)),
    ],
)
async def test_who_has_not_the_role_may_not(
    method: str, request_: object, roles: tuple[str, ...], house: Desk
):
    with pytest.raises(PermissionDenied):
        await house.call(method, request_, *roles)


@pytest.mark.parametrize(
    "method", ["ListDeliveries", "GetStats", "ListTemplates", "SetTemplate", "SwitchKind"]
)
async def test_partners_may_nothing(method: str, house: Desk):
    name = f"{method}Request"
    token = house.signers["gateway"].sign(
        Who.PARTNER, "key_test", house.programme, new_id(), ["members:read"]
    )
    given = {
        "ListDeliveries": {"member_id": bytes(16), "limit": 1},
        "SetTemplate": {"kind": "welcome", "form": 1},
    }
    ask = getattr(pb, name)(**given.get(method, {"kind": "welcome"} if method == "SwitchKind" else {}))
    with pytest.raises(PermissionDenied):
        await grpc_client.call(getattr(house.stub, method), ask, token)


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("ListDeliveries", pb.ListDeliveriesRequest(member_id=b"1", limit=1)),
        ("ListDeliveries", pb.ListDeliveriesRequest(member_id=bytes(16), limit=201)),
        ("GetStats", pb.GetStatsRequest()),
        ("ListTemplates", pb.ListTemplatesRequest()),
    ],
)
async def test_what_cannot_be_asked_is_refused(method: str, request_: object, house: Desk):
    with pytest.raises(CoalitionError) as refused:
        await house.call(method, request_)
    assert isinstance(refused.value, InvalidRequest)


async def test_what_is_long_over_is_forgotten_with_its_log(house: Desk):
    member = house.member()
    await house.tell(redeemed(member.bytes))
    await house.send()
    await house.tell(redeemed(member.bytes))
    assert await house.app.forget(wall_now_us()) >= 1
    assert ([row.state for row in await house.notices()], await house.log()) == (["waiting"], [])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE delivery SET outcome = 'sent'",
        "UPDATE template_version SET body = ''",
        "DELETE FROM template_version",
        "DELETE FROM kind_switch",
    ],
)
async def test_what_was_said_and_done_is_not_edited_by_anybody(statement: str, house: Desk):
    async with as_superuser(house.given) as owner:
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await owner.execute(statement)
