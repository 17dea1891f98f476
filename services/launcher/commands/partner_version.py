"""`coalition partner version`: which version of the public API a partner gets where a request names none."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import api_access
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(
    help="Which version of the API a partner gets where a request names none.", no_args_is_help=True
)

_PartnerArgument = Annotated[str, typer.Argument(help="Slug of the partner.")]
_PINS: Final[tuple[Column, ...]] = (
    ("#number", count("number")),
    ("version", field("version")),
    ("set at", field("set_at")),
    ("by", field("set_by")),
)


@app.command("set")
def set_one(
    partner: _PartnerArgument,
    version: Annotated[str, typer.Argument(help="One of the versions that there are, e.g. 2026-12-01.")],
    programme: ProgrammeOption,
    as_json: JsonOption = False,
) -> None:
    """Pin a partner to a version, from now on; gateways go by it within COALITION_GATEWAY_KEY_SECONDS.

    Example: coalition partner version set grocer 2026-12-01 -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        return [api_access.pin_document(await api_access.pin_version(session, found, partner, version))]

    show(in_session(work), as_json, f"API version of {partner}", *_PINS)


@app.command("list")
def list_all(partner: _PartnerArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """List what a partner was pinned to, newest first; the first of them counts.

    Example: coalition partner version list grocer -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        pins = await api_access.version_pins(session, found, partner)
        return [api_access.pin_document(each) for each in pins]

    show(in_session(work), as_json, f"API version of {partner}", *_PINS)
