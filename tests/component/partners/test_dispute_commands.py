"""The command line of disputes, as it is typed."""

from __future__ import annotations

from services.partners.domain.statement import LineKind
from tests.component.partners.test_commands import answer, command
from tests.support.disputing import disputing_of
from tests.support.ledger import Burn, Earn
from tests.support.partners_office import Office
from tests.support.settling import settling_of


async def test_disputes_are_looked_at_and_decided_from_the_command_line(office: Office) -> None:
    desk = await settling_of(office)
    house, of = office.house, ("-p", desk.programme.slug)
    terms = ("settle", "disputes", "terms")
    made = await answer(house, *terms, "set", "--from", "2026-02-23", "--decision-days", "20", *of)
    assert (made["version"], made["decision_days"], made["evidence_days"]) == (1, 20, 14)
    assert [each["version"] for each in await answer(house, *terms, "list", *of)] == [1]
    grocer, cinema = await desk.partner("grocer"), await desk.partner("cinema")
    await desk.week(1, Earn(grocer, 10_000), Burn(cinema, [(grocer, 4_000)]))
    disputing = disputing_of(desk)
    await disputing.open("grocer", 2_500)
    await disputing.open("cinema", 500, kind=LineKind.BURNED)

    words = ("settle", "disputes")
    listed = await answer(house, *words, "list", *of)
    assert [(each["number"], each["state"]) for each in listed] == [(2, "opened"), (1, "opened")]
    assert len(await answer(house, *words, "list", "--partner", "grocer", *of)) == 1
    asked = await answer(house, *words, "evidence", "1", "--ask", "--text", "which?", *of)
    assert asked["state"] == "evidence"
    added = await answer(house, *words, "evidence", "2", "--text", "our list", "--reference", "list.csv", *of)
    assert added["events"][-1]["references"] == ["list.csv"]
    token = {"staff_token": desk.maker.secret}
    assert "PERSON_NEEDED" in await command(house, *words, "accept", "2", "--text", "right", *of, fails=True)
    whole = await answer(house, *words, "accept", "2", "--text", "right", *of, **token)
    assert (whole["state"], whole["accepted_minor"]) == ("closed", 500)
    assert "EVIDENCE_AWAITED" in await command(
        house, *words, "reject", "1", "--text", "no", *of, fails=True, **token
    )
    await disputing.evidence("grocer", await disputing.one(await disputing.open("grocer", 2_500)))
    part = await answer(house, *words, "accept", "1", "--amount", "10.00", "--text", "some", *of, **token)
    assert (part["state"], part["accepted_minor"]) == ("accepted", 1_000)
    told = await command(house, *words, "show", "1", *of)
    assert "some" in told
    assert await answer(house, *words, "close", *of) == []
    assert [each["number"] for each in await answer(house, *words, "list", "--all", *of)] == [2, 1]
