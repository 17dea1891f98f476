"""`coalition partner guards`: what must be shown for a burn, and how much is too much in a day."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from services.launcher.commands.settle_rates import PartnerArgument
from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import guards
from services.operations.documents import Document
from services.operations.registry import list_partners
from services.operations.session import Session

app = typer.Typer(
    help="What must be shown at a partner for a burn, how much is too much in a day, and what went beyond that.",
    no_args_is_help=True,
)
_POINTS_MAX: Final = 1_000_000_000
_Day = Annotated[str, typer.Option(metavar="TIMES[/POINTS]", help="Most of a day, e.g. 5/2000; 0: no limit.")]
_SHOWN: Final[tuple[Column, ...]] = (
    ("#told later", count("offline_points")),
    ("#card", count("card_points")),
    ("#secret number", count("pin_points")),
    *(
        (heading, lambda guard, name=name: _written(guard[name]))
        for heading, name in (
            ("burns of a member", "member_burns"),
            ("of a card", "card_burns"),
            ("at a till", "till_burns"),
            ("earns of a member", "member_earns"),
        )
    ),
)
_FLAGS: Final[tuple[Column, ...]] = (
    ("flag", field("id")),
    ("at", lambda flag: flag["flagged_at"][:19]),
    ("partner", field("partner")),
    (
        "what",
        lambda flag: f"{flag['act']} of a {flag['scope']}" if flag["scope"] != "till" else "burn at a till",
    ),
    ("member", field("member")),
    ("#points", count("points")),
    ("counted", lambda flag: f"{flag['reached']:,} of {flag['limit']:,} {flag['measure']}"),
    ("verdict", field("verdict")),
)


class Verdict(StrEnum):
    """What becomes of a flag."""

    ALLOWED = "allowed"
    CONFIRMED = "confirmed"


def _written(day: Document) -> str:
    parts = [
        f"{day[name]:,} {unit}" for name, unit in (("times", "times"), ("points", "points")) if day[name]
    ]
    return ", ".join(parts) or "no limit"


def _day(text: str, option: str) -> guards.Day:
    """Reads 5, 5/2000 or 0/2000. Raises typer.BadParameter."""
    times, _, points = text.partition("/")
    if not times.isdecimal() or not (points or "0").isdecimal():
        raise typer.BadParameter(
            "so often, and after a slash so many points in all: 5, 5/2000, 0/2000", param_hint=option
        )
    return guards.Day(times=min(int(times), _POINTS_MAX + 1), points=min(int(points or "0"), _POINTS_MAX + 1))


@app.command("set")
def set_guard(
    partner: PartnerArgument,
    programme: ProgrammeOption,
    told_later: Annotated[
        int,
        typer.Option(
            min=0, max=_POINTS_MAX, help="Most points of a burn of a till that was offline; 0: none."
        ),
    ] = 0,
    card: Annotated[
        int,
        typer.Option(
            min=0, max=_POINTS_MAX, help="Most points of a burn for which a card that was read will do."
        ),
    ] = _POINTS_MAX,
    pin: Annotated[
        int,
        typer.Option(min=0, max=_POINTS_MAX, help="Most points of a burn for which a secret number will do."),
    ] = _POINTS_MAX,
    member_burns: _Day = "0",
    card_burns: _Day = "0",
    till_burns: _Day = "0",
    member_earns: _Day = "0",
    as_json: JsonOption = False,
) -> None:
    """Set a partner's guard, whole, from now on: a burn beyond it is refused and flagged, an earn flagged only.

    Example: coalition partner guards set cinema --told-later 500 --card 5000 --member-burns 5/10000 --till-burns 200
    -p plaza
    """
    wanted = guards.Guard(
        offline_points=told_later,
        card_points=card,
        pin_points=pin,
        member_burns=_day(member_burns, "--member-burns"),
        card_burns=_day(card_burns, "--card-burns"),
        till_burns=_day(till_burns, "--till-burns"),
        member_earns=_day(member_earns, "--member-earns"),
    )

    async def work(session: Session) -> Document:
        return guards.guard_document(
            await guards.set_guard(session, await session.programme(programme), partner, wanted)
        )

    show(in_session(work), as_json, f"Guard of {partner}", *_SHOWN)


@app.command("show")
def show_guard(partner: PartnerArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """Show a partner's guard; nothing: a burn takes a card that was read, a secret number or a token of the app, for any number of points.

    Example: coalition partner guards show cinema -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await guards.guard_of(session, await session.programme(programme), partner)
        return [guards.guard_document(found)] if found is not None else []

    show(in_session(work), as_json, f"Guard of {partner}", *_SHOWN)


@app.command()
def flags(
    programme: ProgrammeOption,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that nobody has ended.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List what went beyond guards, newest first.

    Example: coalition partner guards flags --open -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        slugs = {each.partner_id: each.slug for each in await list_partners(session, found)}
        listed = await guards.flags(session, found, open_only=open_only, limit=limit)
        return [guards.flag_document(each, found.zone, slugs) for each in listed]

    show(in_session(work), as_json, f"Beyond guards in {programme}", *_FLAGS)


@app.command()
def review(
    flag: Annotated[str, typer.Argument(help="Id of the flag, flg_….")],
    verdict: Annotated[
        Verdict, typer.Argument(help="allowed: counted from 0 again; confirmed: something is wrong.")
    ],
    programme: ProgrammeOption,
    note: Annotated[str, typer.Option(help="Why, in up to 500 characters.")],
    as_json: JsonOption = False,
) -> None:
    """End a flag. What is done about one that is confirmed (points adjusted, a member closed) is done by its own command.

    Example: coalition partner guards review flg_01k… allowed --note "wedding, called the store" -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        slugs = {each.partner_id: each.slug for each in await list_partners(session, found)}
        ended = await guards.review(session, found, flag, verdict.value, note)
        return guards.flag_document(ended, found.zone, slugs)

    show(in_session(work), as_json, "Ended", *_FLAGS)
