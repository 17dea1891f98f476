"""A till's day as it is promised to partners, from the first customer to the night, through HTTP alone."""

from __future__ import annotations

import csv
import hashlib
import io
import secrets
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import pytest_asyncio

from services.launcher.platform import Platform
from services.operations import ledger, proofs
from services.operations import members as operated
from services.runtime.clock import to_micros
from tests.support.gateway_bodies import CARD_READ
from tests.support.gateway_claims import claimed
from tests.support.gateway_mall import Mall, earned, figures, hang_up, key, new_card, posted, running_mall
from tests.support.gateway_members import luhn

pytestmark = pytest.mark.asyncio(loop_scope="module")

_DATE: Final = "2024-01-02"
_OPENS: Final = datetime(2024, 1, 2, 13, tzinfo=UTC)  # 8 in the morning in New York
_WHOLE, _BURNED = 30_000, 500
_MONEY: Final = _WHOLE - _BURNED


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mall(platform: Platform) -> AsyncGenerator[Mall]:
    """Tuesday morning at the grocer's, who takes 200 points and more in steps of 10, 100 for 1.00."""
    async with running_mall(platform) as opened:
        ratio = ("--points", "100", "--worth", "1.00", "--from", _DATE)
        await opened.command("burn-rules", "set", "grocer", *ratio, "--minimum", "200", "--step", "10")
        await operated.set_card_range(opened.session, opened.programme, "603555", 16, "grocer", 0)
        yield opened


class _Till:
    """The till, which keeps a journal of its own: what it rang up, by its own numbers."""

    def __init__(self, mall: Mall) -> None:
        self.mall, self.client = mall, mall.grocer
        self.journal: list[list[str]] = []

    async def opens(self, moment: datetime) -> None:
        """Moves the programme's clock to a moment of the day."""
        await ledger.move_clock(self.mall.session, self.mall.programme, to_micros(moment))
        self.now = moment.isoformat()

    def rings_up(self, kind: str, reference: str, points: int, amount: int) -> None:
        """Writes a line into the journal."""
        self.journal.append([reference, kind, str(points), str(amount), _DATE])

    def sale(self, card: str, amount: int, **changes: Any) -> dict[str, Any]:
        """A sale at the first store, now."""
        receipt = {"till": "7", "business_date": _DATE}
        body = {
            "member": {"card": card},
            "reference": secrets.token_hex(8),
            "store": "S1",
            "receipt": receipt,
        }
        return {**body, "occurred_at": self.now, "amount": amount, "currency": "USD", **changes}


async def _quotes_and_holds(till: _Till, card: str) -> dict[str, Any]:
    """Steps 1 and 2: what it would be, and points set aside while the card terminal takes the rest."""
    basket = {
        "member": {"card": card},
        "sale": {"amount": _WHOLE, "currency": "USD"},
        "occurred_at": till.now,
    }
    told = (await till.client.post("/v1/quotes", json=basket)).json()
    burn = told["burn"]
    assert (told["earn"]["points"], burn["least"], burn["most"], burn["step"]) == (300, 200, 1_240, 10)
    assert (burn["worth"]["amount"], burn["authorisation"]) == (1_240, "card")
    held: dict[str, Any] = {
        "member": {"card": card}, "reference": secrets.token_hex(8), "occurred_at": till.now, "points": _BURNED,
        "authorisation": CARD_READ, "store": "S1",
    }  # fmt: skip
    # A number that was typed burns nothing.
    typed = {name: value for name, value in held.items() if name != "authorisation"}
    refused = await till.client.post("/v1/holds", json=typed, headers=key())
    assert (refused.status_code, refused.json()["code"]) == (403, "authorisation_required")
    hold = (await posted(till.client, "/v1/holds", held))["hold"]
    till.rings_up("capture", held["reference"], -_BURNED, _BURNED)
    tenders = [{"kind": "points", "amount": _BURNED}, {"kind": "card", "amount": _MONEY}]
    return till.sale(card, _WHOLE, tenders=tenders, hold={"id": hold})


async def _loses_the_connection(till: _Till, card: str, sale: dict[str, Any]) -> None:
    """Step 3: the same again with the same key is answered once; or the sale is taken back."""
    headers = key()
    await hang_up(till.client, "/v1/purchases", sale, headers)
    first, again = [await till.client.post("/v1/purchases", json=sale, headers=headers) for _ in range(2)]
    assert first.status_code == 201, first.text
    assert (again.headers["idempotency-replayed"], again.json()) == ("true", first.json())
    assert (first.json()["receipt"]["earned"], first.json()["receipt"]["burned"]) == (295, 500)
    till.rings_up("earn", sale["reference"], 295, _WHOLE)
    other, lost = till.sale(card, 4_000), key()
    await hang_up(till.client, "/v1/purchases", other, lost)
    undone = {"idempotency_key": lost["Idempotency-Key"], "occurred_at": till.now}
    headers = key()
    answer = await till.client.post("/v1/reversals", json=undone, headers=headers)
    late = await till.client.post("/v1/purchases", json=other, headers=lost)
    if answer.status_code == 201:
        # It had arrived: it was posted and undone, and the same key still tells what was posted.
        assert late.status_code == 201
        till.rings_up("earn", other["reference"], 40, 4_000)
        till.rings_up("reversal", headers["Idempotency-Key"], -40, 4_000)
    else:
        assert (answer.status_code, late.json()["code"]) == (200, "reversed_before_arrival")


async def _takes_half_back(till: _Till, sale: dict[str, Any]) -> None:
    """Step 4, at another store: points go back, points are taken back, and the answer says what to pay out."""
    body: dict[str, Any] = {
        "original": {"reference": sale["reference"]}, "reference": secrets.token_hex(8), "store": "S2",
        "occurred_at": till.now, "amount": _WHOLE // 2, "currency": "USD",
    }  # fmt: skip
    refund = await posted(till.client, "/v1/refunds", body)
    assert figures(refund) == (250, 148, 14_750)
    till.rings_up("refund", body["reference"], 250 - 148, _WHOLE // 2)


async def _was_offline(till: _Till, cards: list[str]) -> tuple[str, int]:
    """Step 5: answers the card that nobody had enrolled, and what it earned."""
    moments = [_OPENS + timedelta(hours=2, seconds=50 * number) for number in range(138)]
    handed_out = luhn(new_card("603555")[:15])
    sales = [
        till.sale((*cards, handed_out)[number % 8], 1_000 + number, occurred_at=moment.isoformat())
        for number, moment in enumerate(moments)
    ]
    # The first had arrived before the connection went, another is in the file twice, and the last card is nobody's.
    await till.opens(moments[-1])
    await posted(till.client, "/v1/earns", sales[0])
    lines = [*sales, sales[17], till.sale(new_card("9955"), 4_200)]
    answer = await till.client.post(
        "/v1/batches", json={"lines": [{"type": "earn", **each} for each in lines]}, headers=key()
    )
    told = answer.json()
    assert (answer.status_code, len(lines)) == (201, 140), answer.text
    assert [told["counts"][name] for name in ("accepted", "replayed", "refused")] == [137, 2, 1]
    assert told["results"][139]["error"]["code"] == "member_unknown"
    for each in sales:
        till.rings_up("earn", each["reference"], earned(each["amount"]), each["amount"])
    return handed_out, sum(earned(each["amount"]) for each in sales[7::8])


async def _compares_its_books(till: _Till) -> None:
    """Step 6: the file of the day with its control totals is the till's own journal, or says where not."""
    answer = await till.client.get(f"/v1/reconciliation/days/{_DATE}", headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    lines = [line for line in answer.content.splitlines(keepends=True) if line.startswith(b"line,")]
    assert (rows[-1]["record"], rows[-1]["sha256"]) == ("end", hashlib.sha256(b"".join(lines)).hexdigest())
    for kind in ("earn", "capture", "refund"):
        (total,) = [row for row in rows if (row["record"], row["kind"]) == ("total", kind)]
        mine = [row for row in till.journal if row[1] == kind]
        figures_of = [len(mine), sum(int(row[2]) for row in mine), sum(int(row[3]) for row in mine)]
        assert [int(total[name]) for name in ("count", "points", "amount")] == figures_of, kind
    assert (await _uploaded(till, till.journal))["agrees"]
    wrong = [list(row) for row in till.journal]
    wrong[-1][2] = str(int(wrong[-1][2]) + 1)
    told = await _uploaded(till, wrong[1:])
    found = (await till.client.get(f"/v1/reconciliation/uploads/{told['id']}/differences")).json()["data"]
    assert {(each["type"], each["reference"]) for each in found} == {
        ("missing_there", till.journal[0][0]),
        ("different", till.journal[-1][0]),
    }


async def _uploaded(till: _Till, rows: list[list[str]]) -> dict[str, Any]:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["reference", "kind", "points", "amount", "date"], *rows])
    answer = await till.client.post(
        "/v1/reconciliation/uploads", params={"date": _DATE}, content=text.getvalue().encode(),
        headers={"Content-Type": "text/csv", **key()},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_tills_day(mall: Mall) -> None:
    till = _Till(mall)
    card, member = await mall.member(1_249)
    others = [(await mall.member(0))[0] for _ in range(7)]
    await till.opens(_OPENS)
    sale = await _quotes_and_holds(till, card)
    await _loses_the_connection(till, card, sale)
    await _takes_half_back(till, sale)
    assert (await mall.balance(member))["available"] == 1_249 - 500 + 295 + 250 - 148
    handed_out, points = await _was_offline(till, others)
    await till.opens(datetime(2024, 1, 3, 6, tzinfo=UTC))
    await _compares_its_books(till)
    await claimed(mall, handed_out, points)
    found = await proofs.prove_ledger(mall.session, mall.programme)
    assert [each for each in found if not each.holds] == []
