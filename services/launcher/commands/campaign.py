"""`coalition campaign`: what campaigns give on top of sales, who pays for it, and how much there is to give."""

from __future__ import annotations

import secrets
from typing import Annotated, Final

import typer

from services.launcher.errors import LauncherError
from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import campaigns, documents, registry
from services.operations.amounts import read_time
from services.operations.campaigns import Wanted
from services.operations.documents import Document
from services.operations.session import Session
from services.runtime.principal import Programme

app = typer.Typer(help="Set campaigns, load their budgets, see what they gave.", no_args_is_help=True)

_NEVER: Final = "never"
_ALL: Final = "all"
_CAMPAIGNS: Final[tuple[Column, ...]] = (
    ("campaign", field("id")),
    ("name", field("name")),
    ("#version", count("version")),
    ("gives", field("gives")),
    ("#from minor units", count("min_amount_minor")),
    ("from", field("valid_from")),
    ("to", field("valid_to")),
    ("at", lambda each: ", ".join(each["partners"]) or "all partners"),
    ("paid by", lambda each: ", ".join(f"{who['funder']} {who['percent']} %" for who in each["funders"])),
    ("#loaded", count("loaded")),
    ("#granted", count("granted")),
    ("#taken back", count("taken_back")),
    ("#left", count("left")),
)


@app.command("set")
def set_(
    programme: ProgrammeOption,
    campaign: Annotated[
        str, typer.Argument(help="Id of a campaign, cmp_…: gets a new version. Without one a new campaign.")
    ] = "",
    name: Annotated[str | None, typer.Option(help="What staff call it.")] = None,
    multiplier: Annotated[
        int | None,
        typer.Option(help="Per cent of the base points that a sale brings in all: 300 triples them."),
    ] = None,
    fixed: Annotated[int | None, typer.Option(help="Or so many points for each sale.")] = None,
    min_minor: Annotated[
        int | None, typer.Option(help="Only where at least so many minor units were paid in money.")
    ] = None,
    valid_from: Annotated[str | None, typer.Option("--from", help="Sales from this date or time on.")] = None,
    valid_to: Annotated[
        str | None, typer.Option("--to", help=f"Sales before this date or time; `{_NEVER}`: without an end.")
    ] = None,
    partner: Annotated[
        list[str] | None, typer.Option(help=f"Only sales of this partner; again for more. `{_ALL}`: of all.")
    ] = None,
    funder: Annotated[
        list[str] | None,
        typer.Option(
            help="Who pays, as SLUG=PERCENT or operator=PERCENT; again for more. Else the operator."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Set a new campaign, or a new version of one, which keeps what you do not name.

    Example: coalition campaign set -p plaza --name "Triple May" --multiplier 300 --from 2026-05-01 --to 2026-06-01
    --partner grocer --funder grocer=60 --funder operator=40
    """
    if multiplier is not None and fixed is not None:
        raise LauncherError("a campaign has a --multiplier or --fixed points, not both")
    missing = [("--name", name), ("--from", valid_from), ("--multiplier or --fixed", multiplier or fixed)]
    if not campaign and any(value is None for _, value in missing):
        raise LauncherError(
            f"a new campaign needs {', '.join(option for option, value in missing if value is None)}"
        )

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        wanted = Wanted(
            name,
            multiplier,
            fixed,
            min_minor,
            read_time(valid_from, found.zone) if valid_from else None,
            0 if valid_to == _NEVER else read_time(valid_to, found.zone) if valid_to else None,
            [] if partner == [_ALL] else partner,
            funder,
        )
        answer = await campaigns.set_campaign(session, found, campaign, wanted)
        return documents.campaign(answer, found.zone, await _slugs(session, found))

    show(in_session(work), as_json, "Set", *_CAMPAIGNS)


@app.command()
def load(
    campaign: Annotated[str, typer.Argument(help="Id of the campaign, cmp_…")],
    points: Annotated[int, typer.Option(help="Points that it may give beyond what it has.")],
    programme: ProgrammeOption,
    key: Annotated[
        str, typer.Option(help="Idempotency key: the same one again does it only once. Else a new one.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Load points into a campaign's budget: it gives no more than that, and stops where it is empty.

    Example: coalition campaign load cmp_01k… -p plaza --points 100000 --key may-1
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        answer = await campaigns.load_budget(session, found, key or secrets.token_hex(16), campaign, points)
        standing = documents.campaign(answer.campaign, found.zone, await _slugs(session, found))
        return {**standing, "replayed": answer.result.replayed}

    show(in_session(work), as_json, "Loaded", *_CAMPAIGNS)


@app.command("list")
def list_(programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """List campaigns in the order of their creation, with their newest version and their budget.

    Example: coalition campaign list -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        slugs = await _slugs(session, found)
        standing = await campaigns.campaigns(session, found)
        return [documents.campaign(each, found.zone, slugs) for each in standing]

    show(in_session(work), as_json, f"Campaigns of {programme}", *_CAMPAIGNS)


async def _slugs(session: Session, programme: Programme) -> dict[bytes, str]:
    """The partners by id."""
    return {bytes(each.partner_id): each.slug for each in await registry.list_partners(session, programme)}
