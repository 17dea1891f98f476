"""The command line of money that is paid ahead, as it is typed."""

from __future__ import annotations

from tests.component.partners.test_commands import answer, command
from tests.support.ledger import Earn
from tests.support.partners_office import Office
from tests.support.prefunding import Till, payment_of
from tests.support.settling import settling_of


async def test_money_is_asked_for_set_off_and_given_back_from_the_command_line(office: Office) -> None:
    desk = await settling_of(office)
    house, of, till = office.house, ("-p", desk.programme.slug), Till(desk)
    words = ("settle", "prefunding")
    grocer = await desk.partner("grocer", method="invoice", due_days=20)
    asked = await answer(house, *words, "ask", "grocer", "500.00", "--why", "contract of March", *of)
    assert (asked["number"], asked["turn"], asked["amount_minor"], asked["run"]) == (1, "ask", 50_000, None)
    await desk.week(1)
    await till.bank(payment_of(desk, await desk.settled(), "grocer"))
    await answer(house, *words, "use", "grocer", "150.00", "--why", "agreed", *of)
    await desk.week(2, Earn(grocer, 20_000))
    await desk.settled()

    shown = await answer(house, "settle", "run", "2", *of)
    (position,) = shown["positions"]
    assert (position["set_off_minor"], position["due_minor"]) == (15_000, 9_000)
    assert "-150.00" in await command(house, "settle", "run", "2", *of)
    refused = await command(house, *words, "give-back", "grocer", "400.00", "--why", "x", *of, fails=True)
    assert "is held and paid: 35,000 minor units" in refused
    finer = await command(house, *words, "ask", "grocer", "0.005", "--why", "x", *of, fails=True)
    assert "more than two decimals" in finer
    await answer(house, *words, "give-back", "grocer", "50.00", "--why", "a lower limit", *of)
    found = await answer(house, *words, "list", "grocer", *of)
    assert found["held"] == [{"company": 1, "held_minor": 35_000}]
    assert [(each["turn"], each["run"]) for each in found["orders"]] == [
        ("give-back", None), ("use", 2), ("ask", 1),
    ]  # fmt: skip
    told = await command(house, *words, "list", "grocer", *of)
    assert "waits" in told
    assert "a lower limit" in told
    traced = await command(house, "settle", "trace", "--partner", "grocer", *of)
    assert "set off" in traced
    assert "run 2" in traced
    pricing = await office.person("pricing")
    proposing = ("propose", "ask", "grocer", "1.00", "--why", "more", *of)
    draft = await answer(house, *words, *proposing, staff_token=pricing.secret)
    assert (draft["kind"], draft["body"]["amount_minor"]) == ("prefunding", 100)
