"""What a partner reads of its own: transactions, statements, stores, prices."""

from __future__ import annotations

import csv
import io
from uuid import UUID

import pytest
from coalition.partners.v1 import clearing_pb2, partners_pb2

from services.gateway.schemas.clearing import Rate, Statement, StatementSummary, Store
from services.gateway.schemas.lists import ListOf
from services.gateway.schemas.movements import Transaction
from services.gateway.schemas.statement_file import StatementFile
from services.runtime.ids import new_id, to_text
from services.verifier.statement import verify
from tests.support.gateway import House
from tests.support.gateway_bodies import earn, new_card
from tests.support.statement_files import KEY, plaza

pytestmark = pytest.mark.asyncio(loop_scope="module")
_WEEK_US = 7 * 86_400 * 1_000_000
_START_US = 1_735_689_600_000_000


async def test_a_transaction_reads_as_it_was_posted(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    made = (await house.post("/v1/earns", earn(card))).json()
    read = await house.get(f"/v1/transactions/{made['id']}")
    told = Transaction.model_validate_json(read.content)
    assert (told.type, told.points, told.purchase) == ("earn", 25, made["purchase"])
    assert told.member == made["member"]


async def test_nobody_reads_another_partner_s_transaction(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    made = (await house.post("/v1/earns", earn(card))).json()
    other = house.new_key()
    answer = await house.get(f"/v1/transactions/{made['id']}", secret=other)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await house.get("/v1/transactions", secret=other)).json()["data"] == []


async def test_what_is_no_id_of_a_transaction_is_not_found(house: House) -> None:
    for odd in ("x", "txn_", to_text("txn", new_id()), to_text("mem", new_id()), "txn_" + "z" * 26):
        assert (await house.get(f"/v1/transactions/{odd}")).status_code == 404


async def test_transactions_are_filtered_by_reference_and_by_time(house: House) -> None:
    card = new_card()
    house.members.enrolled(card)
    body = earn(card)
    made = (await house.post("/v1/earns", body)).json()
    later = (await house.post("/v1/earns", earn(card))).json()
    found = (await house.get("/v1/transactions", reference=body["reference"])).json()
    assert [each["id"] for each in found["data"]] == [made["id"]]
    since = (await house.get("/v1/transactions", **{"created[gte]": later["recorded_at"]})).json()
    assert [each["id"] for each in since["data"]] == [later["id"]]


@pytest.mark.parametrize(
    "parameters",
    [
        {"limit": 0}, {"limit": 101}, {"limit": "x"}, {"limit": "1.5"}, {"created[gte]": "yesterday"},
        {"created[gte]": "2026-01-01"}, {"reference": "a b"}, {"starting_after": "x" * 65},
        {"starting_after": "txn_1", "ending_before": "txn_2"},
    ],
)  # fmt: skip
async def test_a_bad_parameter_is_named(house: House, parameters: dict[str, str]) -> None:
    answer = await house.get("/v1/transactions", **parameters)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["errors"][0]["parameter"] in parameters


async def test_a_cursor_of_another_list_is_refused(house: House) -> None:
    one, two = [(await house.post("/v1/members", {})).json() for _ in range(2)]
    made = (await house.post("/v1/earns", earn(one["cards"][0]))).json()
    for path in (f"/v1/members/{two['id']}/transactions", "/v1/transactions?reference=other", "/v1/statements",
                 "/v1/stores", "/v1/rates", "/v1/payment-terms"):  # fmt: skip
        query = "&" if "?" in path else "?"
        answer = await house.get(f"{path}{query}starting_after={made['id']}")
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor_invalid")
        assert answer.json()["errors"][0]["parameter"] == "starting_after"


def _statement(number: int) -> clearing_pb2.Statement:
    kinds = clearing_pb2.StatementLineKind
    lines = [
        clearing_pb2.StatementLine(
            kind=kind, count=count, points=points, price_micros=price, amount_micros=sign * points * price
        )
        for kind, count, points, price, sign in (
            (kinds.STATEMENT_LINE_KIND_ISSUED, 3, 1_000, 10_000, 1),
            (kinds.STATEMENT_LINE_KIND_REVERSED, 2, 150, 10_000, -1),
            (kinds.STATEMENT_LINE_KIND_BURNED, 1, 500, 9_000, -1),
            (kinds.STATEMENT_LINE_KIND_RETURNED, 1, 100, 9_000, 1),
        )
    ]
    return clearing_pb2.Statement(
        statement_id=new_id().bytes,
        window=clearing_pb2.Window(
            number=number,
            starts_at_us=_START_US + number * _WEEK_US,
            ends_at_us=_START_US + (number + 1) * _WEEK_US,
        ),
        currency="EUR",
        lines=lines,
        net=clearing_pb2.Net(
            window=number,
            points_issued=1_000,
            points_reversed=150,
            points_burned=500,
            points_returned=100,
            exact_micros=4_900_000,
            net_minor=490,
        ),
        issued_at_us=_START_US + (number + 1) * _WEEK_US,
        first_window=number,
        starts_at_us=_START_US + number * _WEEK_US,
        opening_minor=10,
        closing_minor=500,
        standing=clearing_pb2.STATEMENT_STANDING_OPEN,
        objection_until_us=_START_US + (number + 3) * _WEEK_US,
    )


async def test_statements_are_listed_newest_first_and_read_with_their_lines(house: House) -> None:
    house.partners.statements[house.partner_id.bytes] = [_statement(number) for number in range(1, 6)]
    page = ListOf[StatementSummary].model_validate_json((await house.get("/v1/statements", limit=2)).content)
    assert [each.window.number for each in page.data] == [5, 4]
    assert page.has_more
    after = (await house.get("/v1/statements", limit=2, starting_after=page.data[1].id)).json()
    assert [each["window"]["number"] for each in after["data"]] == [3, 2]
    before = (await house.get("/v1/statements", limit=2, ending_before=after["data"][0]["id"])).json()
    assert [each["window"]["number"] for each in before["data"]] == [5, 4]
    told = Statement.model_validate_json((await house.get(f"/v1/statements/{page.data[0].id}")).content)
    assert (told.net.amount, told.net.direction) == (490, "you_pay")
    assert [line.type for line in told.lines] == ["issued", "reversed", "burned", "returned"]
    assert sum(line.amount_micros for line in told.lines) == told.net.exact_micros
    for each in (told, page.data[0]):
        assert (each.points_issued, each.points_reversed) == (1_000, 150)
        assert (each.points_burned, each.points_returned) == (500, 100)


@pytest.mark.parametrize("kind", [0, 99])
async def test_a_line_of_a_kind_that_is_not_known_is_a_fault_and_no_statement_that_does_not_add_up(
    house: House, kind: int
) -> None:
    statement = _statement(3)
    statement.lines[0].kind = clearing_pb2.StatementLineKind.ValueType(kind)
    house.partners.statements[house.partner_id.bytes] = [statement]
    path = f"/v1/statements/{to_text('stm', UUID(bytes=statement.statement_id))}"
    answer = await house.get(path)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")


async def test_a_statement_comes_as_csv_by_accept_or_by_format(house: House) -> None:
    statement = _statement(9)
    house.partners.statements[house.partner_id.bytes] = [statement]
    path = f"/v1/statements/{(await house.get('/v1/statements')).json()['data'][0]['id']}"
    by_format = await house.get(path, format="csv")
    by_accept = await house.client.get(
        path, headers={"Authorization": f"Bearer {house.secret}", "Accept": "text/csv"}
    )
    assert by_format.content == by_accept.content
    assert by_format.headers["content-type"] == "text/csv; charset=utf-8"
    assert by_format.headers["content-disposition"] == 'attachment; filename="statement-9.csv"'
    rows = list(csv.DictReader(io.StringIO(by_format.text)))
    assert [row["line"] for row in rows] == [
        "issued",
        "reversed",
        "burned",
        "returned",
        "net",
        "opening",
        "closing",
    ]
    overruled = await house.client.get(
        f"{path}?format=json", headers={"Authorization": f"Bearer {house.secret}", "Accept": "text/csv"}
    )
    assert overruled.headers["content-type"] == "application/json"
    assert (await house.get(path, format="pdf")).json()["errors"][0]["parameter"] == "format"


async def test_a_statement_s_file_comes_as_it_is_and_verifies(house: House) -> None:
    plaza_file = plaza().file("cinema", 4)
    house.partners.statements[house.partner_id.bytes] = [_statement(4)]
    house.partners.file_pieces = [plaza_file[:700], plaza_file[700:701], plaza_file[701:]]
    mine = (await house.get("/v1/statements")).json()["data"][0]["id"]
    answer = await house.get(f"/v1/statements/{mine}/file")
    assert answer.headers["content-disposition"] == f'attachment; filename="{mine}.json"'
    assert answer.content == plaza_file
    assert verify(answer.content, KEY)
    assert StatementFile.model_validate_json(answer.content).windows[1].record.window == 4
    assert (await house.get(f"/v1/statements/{mine}/file", secret=house.new_key())).status_code == 404
    assert (await house.get("/v1/statements/stm_x/file")).status_code == 404


async def test_nobody_reads_another_partner_s_statement(house: House) -> None:
    house.partners.statements[house.partner_id.bytes] = [_statement(1)]
    mine = (await house.get("/v1/statements")).json()["data"][0]["id"]
    assert (await house.get(f"/v1/statements/{mine}", secret=house.new_key())).status_code == 404
    assert (await house.get("/v1/statements/stm_x")).status_code == 404


async def test_stores_and_prices_are_the_partner_s_own(house: House) -> None:
    secret = house.new_key()
    partner = (await house.get("/v1/me", secret=secret)).json()["partner"]["id"]
    owner = next(
        key.partner for key in house.partners.keys.values() if to_text_of(key.partner.partner_id) == partner
    )
    house.partners.stores[owner.partner_id] = [
        partners_pb2.Store(store_id=new_id().bytes, code=f"S{number}", name="A store") for number in range(3)
    ]
    house.partners.rates[owner.partner_id] = [
        partners_pb2.RateVersion(
            version=1, issue_micros=10_000, reimbursement_micros=9_000, valid_from_us=_START_US
        )
    ]
    page = ListOf[Store].model_validate_json((await house.get("/v1/stores", secret=secret, limit=2)).content)
    assert ([store.code for store in page.data], page.has_more) == (["S0", "S1"], True)
    rest = (await house.get("/v1/stores", secret=secret, starting_after=page.data[1].id)).json()
    assert [store["code"] for store in rest["data"]] == ["S2"]
    rates = ListOf[Rate].model_validate_json((await house.get("/v1/rates", secret=secret)).content)
    assert (rates.data[0].issue_micros, rates.data[0].valid_to) == (10_000, None)


def to_text_of(partner_id: bytes) -> str:
    """The public id of a partner."""
    return to_text("ptr", UUID(bytes=partner_id))


async def test_a_statement_is_accepted_by_its_partner_and_nobody_else(house: House) -> None:
    house.partners.statements[house.partner_id.bytes] = [_statement(4)]
    mine = (await house.get("/v1/statements")).json()["data"][0]
    assert (mine["standing"], mine["accepted_at"], mine["opening"], mine["closing"]) == (
        "open",
        None,
        10,
        500,
    )
    path = f"/v1/statements/{mine['id']}/accept"
    assert (await house.post(path, None, secret=house.new_key())).status_code == 404
    for _ in range(2):
        answer = await house.post(path, None)
        assert answer.status_code == 200
        told = StatementSummary.model_validate_json(answer.content)
        assert told.standing == "accepted"
        assert told.accepted_at is not None
    assert (await house.post("/v1/statements/stm_x/accept", None)).status_code == 404
