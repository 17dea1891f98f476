"""`coalition insights` over answers that are given: tables, JSON, CSV and files."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

import pytest
from coalition.insights.v1 import insights_pb2 as pb
from typer.testing import CliRunner, Result

from services.launcher.cli import build
from services.launcher.commands import insights
from services.launcher.errors import LauncherError

GROCER: Final = UUID(int=7)
_ALL, _ONE = pb.Party(slug="all"), pb.Party(partner_id=GROCER.bytes, slug="grocer")
_NOBODY = pb.Party(partner_id=UUID(int=8).bytes)
_BECAME: Final = {"issued": 1_000, "reversed": 10, "redeemed": 400, "expired": 200, "outstanding": 390}
_SCORES: Final = {"recency": 5, "frequency": 4, "money": 1}
ANSWERS: Final[dict[str, Any]] = {
    "GetRepeat": pb.GetRepeatResponse(
        rows=[
            pb.RepeatRow(party=_ALL, members=3, repeaters=2),
            pb.RepeatRow(party=_NOBODY, members=1, repeaters=0),
        ]
    ),
    "GetBasket": pb.GetBasketResponse(
        currency="EUR", rows=[pb.BasketRow(party=_ALL, purchases=2, net_minor=1_005, members=1)]
    ),
    "GetCohorts": pb.GetCohortsResponse(
        cohorts=[
            pb.Cohort(starts_on="2026-01-01", buyers=[3, 1]),
            pb.Cohort(starts_on="2026-02-01", buyers=[2]),
        ]
    ),
    "GetRedemption": pb.GetRedemptionResponse(
        rows=[pb.RedemptionRow(party=_ONE, issued=300, redeemed=100, redeemers=2)]
    ),
    "GetBreakage": pb.GetBreakageResponse(rows=[pb.BreakageRow(month="2026-01-01", age_months=2, **_BECAME)]),
    "GetActive": pb.GetActiveResponse(
        members=8, anonymous=3, rows=[pb.ActiveRow(party=_ALL, active=6, buyers=5, redeemers=2)]
    ),
    "GetRfm": pb.GetRfmResponse(cells=[pb.RfmCell(**_SCORES, members=12, days=30, net_minor=4_200)]),
    "GetFlow": pb.GetFlowResponse(cells=[pb.FlowCell(issuer=_ONE, redeemer=_NOBODY, points=1_234)]),
    "GetShared": pb.GetSharedResponse(pairs=[pb.SharedPair(first=_ONE, second=_NOBODY, members=5)]),
    "GetLiability": pb.GetLiabilityResponse(rows=[pb.LiabilityRow(issuer=_ONE, **_BECAME)]),
}
DAYS: Final = ("--from", "2026-01-01", "--to", "2026-03-31")
COMMANDS: Final = {
    "repeat": ("GetRepeat", ("66.67 %", "ptr_00000000000000000000000008", "0.00 %")),
    "basket": ("GetBasket", ("10.05", "5.02")),
    "cohorts": ("GetCohorts", ("2026-02-01", "33.33 %")),
    "redemption": ("GetRedemption", ("grocer", "33.33 %")),
    "breakage": ("GetBreakage", ("2026-01", "20.00 %", "390")),
    "active": ("GetActive", ("75.00 %", "8 members on 2026-03-31, 3 of them without a name")),
    "rfm": ("GetRfm", ("12", "42.00")),
    "flow": ("GetFlow", ("grocer", "1,234")),
}


class Answering:
    """A session that answers what is asked of insights, page by page, and notes it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.insights = SimpleNamespace(**{name: name for name in (*ANSWERS, "ListRfmMembers")})

    async def programme(self, slug: str) -> str:
        return slug

    async def partner_id(self, programme: str, slug: str) -> bytes:
        return GROCER.bytes

    async def call(self, method: str, request: Any, programme: str, seconds: float) -> Any:
        self.asked.append((method, request))
        if method != "ListRfmMembers":
            return ANSWERS[method]
        page = 1 + (UUID(bytes=request.after_member_id).int if request.after_member_id else 0)
        member = pb.RfmMember(
            member_id=UUID(int=page).bytes, **_SCORES, last_day="2026-03-01", days=2, net_minor=5
        )
        return pb.ListRfmMembersResponse(members=[member], has_more=page < 3)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Answering:
    answering = Answering()

    def in_session(work: Callable[[Any], Awaitable[Any]]) -> Any:
        async def run() -> Any:
            return await work(answering)

        return asyncio.run(run())

    monkeypatch.setattr(insights, "in_session", in_session)
    return answering


def _run(*words: str) -> Result:
    return CliRunner().invoke(build(["insights"]), ["insights", *words, "-p", "plaza"])


def _out(*words: str) -> str:
    result = _run(*words)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_a_table_shows_rates_and_names(session: Answering, name: str):
    method, shown = COMMANDS[name]
    text = _out(name, *DAYS)
    assert [each for each in shown if each not in text] == []
    ((asked, request),) = session.asked
    assert (asked, request.period.first_day, request.period.last_day) == (method, "2026-01-01", "2026-03-31")
    assert request.partner_id == b""
    _out(name, *DAYS, "--partner", "grocer")
    assert session.asked[-1][1].partner_id == GROCER.bytes


@pytest.mark.parametrize("name", COMMANDS)
def test_json_and_csv_have_the_same_whole_numbers(session: Answering, name: str):
    documents = json.loads(_out(name, *DAYS, "--json"))
    rows = list(csv.DictReader(io.StringIO(_out(name, *DAYS, "--csv"))))
    if name == "cohorts":
        assert documents[0] == {"starts_on": "2026-01-01", "buyers": [3, 1]}
        assert rows[1] == {"starts_on": "2026-01-01", "age": "1", "buyers": "1"}
    else:
        assert rows == [{key: str(value) for key, value in each.items()} for each in documents]


@pytest.mark.parametrize("name", [*COMMANDS, "liability", "shared"])
@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_a_chart_is_written_once(session: Answering, tmp_path: Path, name: str, suffix: str):
    file = tmp_path / f"chart.{suffix}"
    words = {"liability": ("liability", "--to", "2026-03-31"), "shared": ("flow", "--shared", *DAYS)}
    asked = (*words.get(name, (name, *DAYS)), "--chart", str(file))
    _out(*asked)
    assert file.read_bytes().startswith(b"<svg" if suffix == "svg" else b"\x89PNG")
    again = _run(*asked)
    assert isinstance(again.exception, LauncherError)
    assert "File exists" in str(again.exception)


def test_every_member_is_read_page_by_page(session: Answering):
    documents = json.loads(_out("rfm", *DAYS, "--members", "--json"))
    assert [each["member"][-1] for each in documents] == ["1", "2", "3"]
    assert documents[0]["last_day"] == "2026-03-01"
    assert "mem_00000000000000000000000001" in _out("rfm", *DAYS, "--members")


def test_cohorts_by_weeks_and_points_of_a_day(session: Answering):
    _out("cohorts", *DAYS, "--weeks")
    assert session.asked[-1][1].unit == pb.COHORT_UNIT_WEEK
    assert "390" in _out("liability", "--to", "2026-03-31")
    assert session.asked[-1][1].day == "2026-03-31"


@pytest.mark.parametrize(
    ("words", "told"),
    [(("--json", "--csv"), "either --json or --csv"), (("--chart", "chart.pdf"), "svg or .png")],
)
def test_what_goes_together_with_nothing_is_said_before_anything_is_asked(
    session: Answering, words: tuple[str, ...], told: str
):
    result = _run("repeat", *DAYS, *words)
    assert result.exit_code == 2
    assert told in result.output
    assert session.asked == []
