"""Tax data and the operator's own: dated versions, by two people in a live programme, checked before they are kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from coalition.partners.v1 import legal_entities_pb2, tax_pb2
from coalition.type.v1.reason_pb2 import Reason

from services.partners.domain.documents.tax import Category, Supply, TaxRule, operator_at, tax_at
from services.partners.storage import tax
from services.runtime import grpc_client
from services.runtime.ids import to_text
from services.runtime.principal import Programme
from tests.component.partners.test_commands import answer, command
from tests.component.partners.test_office_commands import people_of
from tests.support.partners import DAY_US, STARTS_AT_US, House
from tests.support.partners_office import Office, refusal

STANDARD = tax_pb2.TaxRule(
    supply=tax_pb2.SUPPLY_POINTS, category=tax_pb2.TAX_CATEGORY_STANDARD, rate_basis_points=2_000
)
REVERSED = tax_pb2.TaxRule(
    supply=tax_pb2.SUPPLY_FEES,
    category=tax_pb2.TAX_CATEGORY_REVERSE_CHARGE,
    exemption_text="Reverse charge",
    exemption_code="VATEX-EU-AE",
)
FILE = """
[party]
legal_name = "Grocer AG"
street = "Marktplatz 1"
city = "München"
postcode = "80331"
country = "DE"
vat_id = "DE987654321"

[rules.points]
category = "S"
rate = 20

[rules.fees]
category = "AE"
exemption_code = "VATEX-EU-AE"

[rules.reimbursement]
category = "S"
rate = 7.7

[self_billing]
reference = "SB-7"
agreed_on = 2016-12-01
objection_days = 14
"""


def party(**changes: str) -> tax_pb2.DocumentParty:
    said = {
        "legal_name": "Grocer AG", "street": "Marktplatz 1", "city": "München", "postcode": "80331", "country": "DE",
        "vat_id": "DE987654321", **changes,
    }  # fmt: skip
    return tax_pb2.DocumentParty(**said)


def data(partner_id: UUID, *rules: tax_pb2.TaxRule, **changes: Any) -> tax_pb2.TaxData:
    said: dict[str, Any] = {
        "legal_entity": 1,
        "valid_from_us": STARTS_AT_US,
        "party": party(),
        "self_billing": tax_pb2.SelfBilling(reference="SB-7", agreed_on="2016-12-01", objection_days=14),
        **changes,
    }
    return tax_pb2.TaxData(partner_id=partner_id.bytes, rules=rules or (STANDARD, REVERSED), **said)


async def set_data(office: Office, programme: Programme, wanted: tax_pb2.TaxData) -> tax_pb2.TaxDataVersion:
    request = tax_pb2.SetTaxDataRequest(data=wanted)
    return (await office.house.ask(office.tax.SetTaxData, request, programme)).version


async def versions(office: Office, programme: Programme, partner_id: UUID) -> list[tax_pb2.TaxDataVersion]:
    request = tax_pb2.ListTaxDataRequest(partner_id=partner_id.bytes)
    return list((await office.house.ask(office.tax.ListTaxData, request, programme)).versions)


async def test_versions_are_kept_per_company_and_what_is_said_again_is_not_written_again(
    office: Office,
) -> None:
    house = office.house
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", issue=None)
    added = legal_entities_pb2.AddLegalEntityRequest(partner_id=grocer.bytes, name="Grocer Online")
    await house.ask(house.legal_entities.AddLegalEntity, added, programme)
    first = await set_data(office, programme, data(grocer))
    assert first.data == data(grocer)
    assert (first.version, first.draft_id) == (1, b"")
    assert await set_data(office, programme, data(grocer)) == first
    # Nobody has said which company: the first. Spaces around a text are nobody's.
    meant = data(grocer, legal_entity=0, party=party(city="  München "))
    assert await set_data(office, programme, meant) == first
    moved = data(grocer, STANDARD, valid_from_us=STARTS_AT_US + DAY_US, party=party(city="Ulm"))
    moved.ClearField("self_billing")
    second = await set_data(office, programme, moved)
    assert (second.version, second.data) == (2, moved)
    online = await set_data(office, programme, data(grocer, legal_entity=2))
    assert (online.version, online.data.legal_entity) == (1, 2)
    assert await versions(office, programme, grocer) == [first, second, online]
    assert [row.what for row in await office.audit_rows(programme)].count("tax_data.set") == 3


async def test_a_run_reads_what_holds_at_a_time(office: Office) -> None:
    house = office.house
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", issue=None)
    await set_data(office, programme, data(grocer))
    later_us = STARTS_AT_US + DAY_US
    await set_data(office, programme, data(grocer, STANDARD, valid_from_us=later_us, party=party(city="Ulm")))
    request = tax_pb2.SetOperatorDataRequest(
        data=tax_pb2.OperatorData(valid_from_us=STARTS_AT_US, party=party(legal_name="Operator"))
    )
    await house.ask(office.tax.SetOperatorData, request, programme)
    async with house.app.database.reader.snapshot() as connection:
        known = await tax.of_programme(connection, programme.ledger_id)
        operator = await tax.of_operator(connection, programme.ledger_id)
    assert list(known) == [grocer]
    found = [tax_at(known[grocer], 1, at_us) for at_us in (STARTS_AT_US - 1, later_us - 1, later_us)]
    assert [each and each.party.city for each in found] == [None, "München", "Ulm"]
    assert found[1] is not None
    assert found[1].rules == {
        Supply.POINTS: TaxRule(Category.STANDARD, 2_000),
        Supply.FEES: TaxRule(Category.REVERSE_CHARGE, 0, "Reverse charge", "VATEX-EU-AE"),
    }
    assert operator_at(operator, STARTS_AT_US - 1) is None
    named = operator_at(operator, STARTS_AT_US)
    assert named is not None
    assert named.legal_name == "Operator"


async def test_in_a_live_programme_it_takes_two_people(office: Office) -> None:
    house = office.house
    programme, grocer, pricing, checker = await office.live_desk()
    of_operator = tax_pb2.OperatorData(valid_from_us=STARTS_AT_US, party=party(legal_name="Operator"))
    for principal in (house.as_host(programme), pricing.on(programme)):
        alone = tax_pb2.SetTaxDataRequest(data=data(grocer))
        assert (await refusal(office.tax.SetTaxData, alone, principal)).reason == Reason.REASON_DRAFT_NEEDED
        alone = tax_pb2.SetOperatorDataRequest(data=of_operator)
        error = await refusal(office.tax.SetOperatorData, alone, principal)
        assert (error.reason, error.metadata["command"]) == (
            Reason.REASON_DRAFT_NEEDED,
            "coalition programme operator propose",
        )
    propose = tax_pb2.ProposeTaxDataRequest(data=data(grocer), why="contract")
    draft = (await grpc_client.call(office.tax.ProposeTaxData, propose, pricing.on(programme))).draft
    said = json.loads(draft.body)
    assert (draft.kind, said["partner_id"], said["rules"]["fees"]["category"]) == (
        "tax_data",
        to_text("ptr", grocer),
        "AE",
    )
    assert await versions(office, programme, grocer) == []
    await office.approve(checker.on(programme), draft)
    (made,) = await versions(office, programme, grocer)
    assert (made.data, made.draft_id) == (data(grocer), draft.draft_id)
    wanted = tax_pb2.ProposeOperatorDataRequest(data=of_operator, why="contract")
    draft = (await grpc_client.call(office.tax.ProposeOperatorData, wanted, pricing.on(programme))).draft
    assert draft.kind == "operator_data"
    await office.approve(checker.on(programme), draft)
    asked = tax_pb2.ListOperatorDataRequest()
    (known,) = (await house.ask(office.tax.ListOperatorData, asked, programme)).versions
    assert (known.data, known.version, known.draft_id) == (of_operator, 1, draft.draft_id)


async def test_the_database_takes_none_alone_in_a_live_programme_and_no_rule_that_is_wrong(
    office: Office,
) -> None:
    house = office.house
    live, grocer, *_ = await office.live_desk()
    test = await house.programme()
    fuel = await house.partner(test, "fuel", issue=None)
    version = (
        "INSERT INTO tax_version (ledger_id, partner_id, entity, version, valid_from, legal_name, street, city, postcode, "
        "country, vat_id, tax_number, registration_id, email, legal_note, set_by) "
        "VALUES ($1, $2, $3, $4, now(), 'A', 'B', 'C', '', 'DE', '', '', '', '', '', 'me')"
    )
    rule = "INSERT INTO tax_rule VALUES ($1, $2, 1, 1, 'points', $3, $4, $5, '')"
    connection = await asyncpg.connect(house.database.runtime_url)
    try:
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(version, live.ledger_id, grocer, 1, 1)
        for entity, number, constraint in ((2, 1, "tax_version_entity_fk"), (1, 2, "tax_version_prior_fk")):
            with pytest.raises(asyncpg.ForeignKeyViolationError) as refused:
                await connection.execute(version, test.ledger_id, fuel, entity, number)
            assert refused.value.constraint_name == constraint
        await connection.execute(version, test.ledger_id, fuel, 1, 1)
        for category, rate, text in (
            ("S", 0, ""),
            ("S", 2_000, "why"),
            ("E", 0, ""),
            ("AE", 1, "why"),
            ("K", 0, "why"),
        ):
            with pytest.raises(asyncpg.CheckViolationError):
                await connection.execute(rule, test.ledger_id, fuel, category, rate, text)
        await connection.execute(rule, test.ledger_id, fuel, "E", 0, "why")
    finally:
        await connection.close()


async def test_what_cannot_be_or_is_not_allowed_is_refused_with_the_field(office: Office) -> None:
    house = office.house
    programme = await house.programme()
    grocer = await house.partner(programme, "grocer", issue=None)
    wrong_date = tax_pb2.SelfBilling(reference="SB-7", agreed_on="1.12.2016", objection_days=14)
    for wanted, field in (
        (data(grocer, party=party(country="XX")), "country"),
        (data(grocer, party=party(legal_name=" ")), "legal_name"),
        (data(grocer, legal_entity=2), "legal_entity"),
        (data(grocer, valid_from_us=-1), "valid_from_us"),
        (data(grocer, STANDARD, STANDARD), "data.rules"),
        (data(grocer, tax_pb2.TaxRule(supply=tax_pb2.SUPPLY_FEES)), "data.rules"),
        (data(grocer, self_billing=wrong_date), "data.self_billing.agreed_on"),
        (data(grocer, party=party(vat_id="")), "rules.fees"),
    ):
        for method, request in (
            (office.tax.SetTaxData, tax_pb2.SetTaxDataRequest(data=wanted)),
            (office.tax.ProposeTaxData, tax_pb2.ProposeTaxDataRequest(data=wanted, why="x")),
        ):
            principal = (await office.person("pricing")).on(programme)
            error = await refusal(method, request, principal)
            assert (error.reason, error.metadata["field"]) == (Reason.REASON_INVALID_REQUEST, field)
    nobody = tax_pb2.SetTaxDataRequest(data=data(UUID(int=1)))
    assert (await refusal(office.tax.SetTaxData, nobody, house.as_host(programme))).reason == (
        Reason.REASON_PARTNER_UNKNOWN
    )
    listed = tax_pb2.ListTaxDataRequest(partner_id=UUID(int=1).bytes)
    assert (await refusal(office.tax.ListTaxData, listed, house.as_host(programme))).reason == (
        Reason.REASON_PARTNER_UNKNOWN
    )
    maker = (await office.person("maker")).on(programme)
    for method, request in (
        (office.tax.SetTaxData, tax_pb2.SetTaxDataRequest(data=data(grocer))),
        (
            office.tax.SetOperatorData,
            tax_pb2.SetOperatorDataRequest(data=tax_pb2.OperatorData(party=party())),
        ),
    ):
        assert (await refusal(method, request, maker)).reason == Reason.REASON_PERMISSION_DENIED
    assert await versions(office, programme, grocer) == []


async def test_it_is_set_proposed_and_listed_from_files(house: House, tmp_path: Path) -> None:
    programme = await house.programme()
    await house.partner(programme, "grocer", issue=None)
    of, file = ("-p", programme.slug), tmp_path / "grocer.toml"
    file.write_text(FILE)
    told = await answer(
        house, "partner", "tax", "set", "grocer", "--file", str(file), "--from", "2017-01-01", *of
    )
    assert (told["version"], told["company"], told["party"]["city"]) == (1, 1, "München")
    assert [(rule["category"], rule["rate"]) for rule in told["rules"].values()] == [
        ("S", "20"),
        ("AE", "0"),
        ("S", "7.7"),
    ]
    assert told["self_billing"] == {"reference": "SB-7", "agreed_on": "2016-12-01", "objection_days": 14}
    shown = await command(house, "partner", "tax", "list", "grocer", *of)
    assert "reimbursement S 7.7 %" in shown
    operator = tmp_path / "operator.toml"
    operator.write_text(FILE.partition("[rules.points]")[0].replace("Grocer AG", "Operator"))
    words = ("programme", "operator", "set", "--file", str(operator), "--from", "2017-01-01", *of)
    assert (await answer(house, *words))["party"]["legal_name"] == "Operator"
    assert "Operator" in await command(house, "programme", "operator", "list", *of)
    pricing = (await people_of(house, "pricing"))["pricing"]["token"]
    for words in (
        ("partner", "tax", "propose", "grocer", "--file", str(file)),
        ("programme", "operator", "propose", "--file", str(operator)),
    ):
        draft = await command(house, *words, "--from", "2018-01-01", "--why", "new", *of, staff_token=pricing)
        assert "drf_" in draft


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[party]", "[pary]", "the file has no pary"),
        ("city =", "town =", "[party] has no town"),
        ("[rules.points]", "[rules.point]", "[rules] has no point"),
        ('category = "AE"', 'category = "K"', "category is one of S, Z, E, AE, G, O"),
        ("rate = 20", 'rate = "20"', "rate is in per cent"),
        ("rate = 20", "rate = nan", "rate is in per cent"),
        ("rate = 7.7", "rate = 7.777", "rate is in per cent"),
        ("rate = 7.7", "rate = 101", "rate is in per cent"),
        ("rate = 20", "rate = true", "rate is in per cent"),
        ('"München"', "7", "[party] city is a text in quotes"),
        ("objection_days = 14", "objection_days = 0", "objection_days is a whole number"),
        ("[self_billing]", "[[self_billing]]", "[self_billing] is not a table"),
        ('"Marktplatz 1"', '"Marktplatz 1', "cannot be read as TOML"),
        ('"Marktplatz 1"', f'"{"x" * 70_000}"', "has more than 65,536 bytes"),
    ],
)
async def test_a_file_that_is_wrong_is_told_where(
    house: House, tmp_path: Path, old: str, new: str, told: str
) -> None:
    programme = await house.programme()
    await house.partner(programme, "grocer", issue=None)
    file = tmp_path / "grocer.toml"
    assert old in FILE
    file.write_text(FILE.replace(old, new))
    words = (
        "partner",
        "tax",
        "set",
        "grocer",
        "--file",
        str(file),
        "--from",
        "2017-01-01",
        "-p",
        programme.slug,
    )
    assert told in " ".join((await command(house, *words, fails=True)).split())
