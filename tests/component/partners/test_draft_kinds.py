"""Another kind of draft: what its author may rely on, and what he need not think of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from coalition.type.v1.reason_pb2 import Reason
from sqlalchemy.ext.asyncio import AsyncConnection

from services.partners.commands.auditing import Change
from services.partners.commands.draft_kinds import Approval, DraftKind, DraftKinds
from services.partners.commands.drafts import Drafts
from services.partners.domain.drafts import DraftState
from services.partners.storage import partners
from services.runtime.audit import canonical
from services.runtime.errors import CoalitionError, Fault, InvalidRequest, Refused
from services.runtime.principal import Principal, Programme, Verifier
from tests.support.partners_office import Office, Person


@dataclass
class Naming:
    """A kind that renames nothing, but writes what it was given: through a table of the service, in its transaction."""

    in_the_way: bool = False
    applied: list[tuple[str, Approval]] = field(default_factory=list[tuple[str, Approval]])

    def kind(self) -> DraftKind[str]:
        return DraftKind(
            "naming",
            makers=frozenset({"service_desk"}),
            approvers=frozenset({"auditor", "checker"}),
            parse=self.parse,
            apply=self.apply,
        )

    @staticmethod
    def parse(body: bytes) -> str:
        name = json.loads(body).get("name")
        if not isinstance(name, str):
            raise InvalidRequest("a name is needed", field="name")
        return name

    async def apply(
        self, connection: AsyncConnection, programme: Programme, value: str, approval: Approval
    ) -> Sequence[Change]:
        found = await partners.by_slug(connection, programme.ledger_id, "grocer")
        assert found is not None
        self.applied.append((value, approval))
        await connection.exec_driver_sql(
            "INSERT INTO store (ledger_id, store_id, partner_id, code, name) "
            f"VALUES ({programme.ledger_id}, gen_random_uuid(), '{found.partner_id}', '{value}', '{value}')"
        )
        if self.in_the_way:
            raise Refused(Reason.REASON_RATING_BEHIND, "not now")
        return [Change("name.given", value, None, {"name": value})]


def drafts_of(office: Office, naming: Naming) -> Drafts:
    return Drafts(office.house.app.database, DraftKinds([naming.kind()]), 30)


def principal(office: Office, person: Person, programme: Programme) -> Principal:
    return Verifier(office.house.public_keys).verify(person.on(programme))


async def stores(office: Office, programme: Programme) -> list[str]:
    rows = await office.house.fetch("SELECT code FROM store WHERE ledger_id = $1", programme.ledger_id)
    return [row["code"] for row in rows]


async def test_a_kind_gets_its_value_and_both_people_and_what_it_changed_is_noted(office: Office) -> None:
    programme, _, _, checker = await office.desk()
    desk, naming = await office.person("service_desk"), Naming()
    drafts = drafts_of(office, naming)
    made = await drafts.propose(
        principal(office, desk, programme), "naming", canonical({"name": "Ü"}).encode(), "new"
    )
    done = await drafts.approve(
        principal(office, checker, programme), made.draft_id, made.sha256, "looked at"
    )
    ((value, approval),) = naming.applied
    assert (value, done.decision and done.decision.state) == ("Ü", DraftState.APPROVED)
    assert (approval.draft_id, approval.made_by.name, approval.approved_by.name) == (
        made.draft_id,
        desk.name,
        checker.name,
    )
    rows = await office.audit_rows(programme, newest=3)
    assert [(row.what, row.subject != "", row.by_name) for row in rows] == [
        ("draft.made", True, desk.name),
        ("draft.approved", True, checker.name),
        ("name.given", True, checker.name),
    ]
    assert await stores(office, programme) == ["Ü"]


async def test_what_apply_refuses_leaves_no_trace_and_the_draft_to_be_approved_later(office: Office) -> None:
    programme, _, _, checker = await office.desk()
    desk, naming = await office.person("service_desk"), Naming(in_the_way=True)
    drafts = drafts_of(office, naming)
    made = await drafts.propose(principal(office, desk, programme), "naming", b'{"name":"x"}', "new")
    before = await office.audit_rows(programme)
    with pytest.raises(CoalitionError) as caught:
        await drafts.approve(principal(office, checker, programme), made.draft_id, made.sha256, "")
    assert caught.value.reason == Reason.REASON_RATING_BEHIND
    assert await stores(office, programme) == []
    assert await office.audit_rows(programme) == before
    naming.in_the_way = False
    await drafts.approve(principal(office, checker, programme), made.draft_id, made.sha256, "")
    assert await stores(office, programme) == ["x"]


async def test_the_roles_are_those_of_the_kind(office: Office) -> None:
    programme, _, maker, _ = await office.desk()
    desk, naming = await office.person("service_desk"), Naming()
    drafts = drafts_of(office, naming)
    with pytest.raises(CoalitionError) as caught:
        await drafts.propose(principal(office, maker, programme), "naming", b'{"name":"x"}', "new")
    assert caught.value.metadata["needed"] == "service_desk"
    made = await drafts.propose(principal(office, desk, programme), "naming", b'{"name":"x"}', "new")
    with pytest.raises(CoalitionError) as caught:
        await drafts.approve(principal(office, maker, programme), made.draft_id, made.sha256, "")
    assert caught.value.metadata["needed"] == "auditor or checker"
    auditor = await office.person("auditor")
    await drafts.approve(principal(office, auditor, programme), made.draft_id, made.sha256, "")
    assert len(naming.applied) == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "x"}',
        b'{"name":1}',
        b"{}",
        b"[]",
        b'{"name":"x","more":1.5}',
        b'{"name":"\\u0078"}',
        b"{x",
        b"\xff\xff",
        b"x",
    ],
)
async def test_a_body_in_another_form_than_its_canonical_one_is_not_drafted(
    office: Office, body: bytes
) -> None:
    programme = await office.house.programme()
    desk = await office.person("service_desk")
    with pytest.raises(InvalidRequest):
        await drafts_of(office, Naming()).propose(principal(office, desk, programme), "naming", body, "new")


async def test_a_draft_of_a_kind_that_this_version_does_not_know_stays_as_it_is(office: Office) -> None:
    programme, _, _, checker = await office.desk()
    desk = await office.person("service_desk")
    made = await drafts_of(office, Naming()).propose(
        principal(office, desk, programme), "naming", b'{"name":"x"}', "new"
    )
    with pytest.raises(Fault):
        await office.house.app.drafts.approve(
            principal(office, checker, programme), made.draft_id, made.sha256, ""
        )
    assert isinstance(made.draft_id, UUID)
    viewer = principal(office, checker, programme)
    assert (await office.house.app.draft_queries.get(viewer, made.draft_id)).decision is None
