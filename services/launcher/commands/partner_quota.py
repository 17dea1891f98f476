"""`coalition partner quota`: how much each API key of a partner may ask of the gateway."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import quotas
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(
    help="How much a partner's API keys may ask, where it is not as usual.", no_args_is_help=True
)

_PartnerArgument = Annotated[str, typer.Argument(help="Slug of the partner.")]
_QUOTAS: Final[tuple[Column, ...]] = (
    ("#version", count("version")),
    ("#requests a second", count("interactive_per_second")),
    ("#lines a second", count("bulk_per_second")),
    ("set at", field("set_at")),
    ("by", field("set_by")),
)


@app.command("set")
def set_one(
    partner: _PartnerArgument,
    programme: ProgrammeOption,
    interactive: Annotated[
        int,
        typer.Option("--requests", min=0, max=1_000_000, help="Requests a second of each key; 0: as usual."),
    ] = 0,
    bulk: Annotated[
        int,
        typer.Option(
            "--lines", min=0, max=1_000_000, help="Lines of batches and files a second; 0: as usual."
        ),
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Set how much each key of a partner may ask, from now on; gateways go by it within COALITION_GATEWAY_KEY_SECONDS.

    Example: coalition partner quota set grocer -p plaza --requests 3000
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        return [
            quotas.document(await quotas.set_quotas(session, found, partner, interactive, bulk), found.zone)
        ]

    show(in_session(work), as_json, f"Quotas of {partner}", *_QUOTAS)


@app.command("list")
def list_all(partner: _PartnerArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """List what was set for a partner, newest first; nothing: it has what the gateway's settings say.

    Example: coalition partner quota list grocer -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        return [quotas.document(each, found.zone) for each in await quotas.quotas(session, found, partner)]

    show(in_session(work), as_json, f"Quotas of {partner}", *_QUOTAS)
