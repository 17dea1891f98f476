"""`coalition partner key`: API keys of a partner."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from services.launcher.session import Column, JsonOption, ProgrammeOption, field, in_session, show
from services.operations import api_access, documents, registry
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(help="API keys of a partner.", no_args_is_help=True)

_SECONDS_PER_HOUR: Final = 3_600
_PartnerArgument = Annotated[str, typer.Argument(help="Slug of the partner.")]
_KeyArgument = Annotated[str, typer.Argument(help="Id of the key, key_…")]
_KEYS: Final[tuple[Column, ...]] = (
    ("label", field("label")),
    ("hint", field("hint")),
    ("scopes", lambda key: " ".join(key["scopes"])),
    ("from", lambda key: " ".join(key["addresses"]) or "everywhere"),
    ("issued", field("issued_at")),
    ("ends", field("ends_at")),
    ("revoked", field("revoked_at")),
    ("id", field("id")),
)


@app.command("issue")
def issue_key(
    partner: _PartnerArgument,
    programme: ProgrammeOption,
    label: Annotated[str, typer.Option(help="What the partner calls it.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may do, e.g. points:earn; may be repeated; none: all.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make an API key; prints its secret, which is never shown again.

    Example: coalition partner key issue grocer -p plaza --label tills --scope points:earn --scope members:read
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        return documents.issued_key(await registry.issue_key(session, found, partner, label, scope or ()))

    issued = in_session(work)
    show(issued, as_json, f"API key of {partner}", *_KEYS)
    _show_secret(issued, as_json)


@app.command("roll")
def roll_key(
    key: _KeyArgument,
    programme: ProgrammeOption,
    overlap_hours: Annotated[
        int,
        typer.Option(
            min=0, max=720, help="Hours that the old key works on beside the new one; 0: not at all."
        ),
    ] = 24,
    label: Annotated[str, typer.Option(help="What the partner calls the new key; as the old one.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Make a key with the scopes and addresses of another, which then ends; prints its secret, which is never shown again.

    If a key has leaked, revoke it instead, or roll it with --overlap-hours 0. If the secret of the new one is lost, roll that.

    Example: coalition partner key roll key_01k… -p plaza --overlap-hours 48
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        seconds = overlap_hours * _SECONDS_PER_HOUR
        return api_access.rolled_document(await api_access.roll_key(session, found, key, label, seconds))

    rolled = in_session(work)
    show(rolled if as_json else [rolled, rolled["rolled"]], as_json, "API keys", *_KEYS)
    _show_secret(rolled, as_json)


@app.command("addresses")
def set_addresses(
    key: _KeyArgument,
    programme: ProgrammeOption,
    allow: Annotated[
        list[str] | None,
        typer.Option(help="Address or network, e.g. 203.0.113.0/24; may be repeated, up to 32 times."),
    ] = None,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="Take it from everywhere again.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say from where an API key is taken, instead of what was said before.

    Gateways go by it within COALITION_GATEWAY_KEY_SECONDS. Behind a proxy they need COALITION_GATEWAY_TRUSTED_PROXIES.

    Example: coalition partner key addresses key_01k… -p plaza --allow 203.0.113.0/24 --allow 2001:db8:7::/48
    """
    if bool(allow) is everywhere:
        raise typer.BadParameter("say --allow, or --everywhere", param_hint="--allow")

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        return documents.api_key(await api_access.set_addresses(session, found, key, allow or ()))

    show(in_session(work), as_json, "API key", *_KEYS)


@app.command("list")
def list_keys(partner: _PartnerArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """List a partner's API keys, newest first, without their secrets.

    Example: coalition partner key list grocer -p plaza
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        return [documents.api_key(each) for each in await registry.list_keys(session, found, partner)]

    show(in_session(work), as_json, f"API keys of {partner}", *_KEYS)


@app.command("revoke")
def revoke_key(key: _KeyArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """Revoke an API key at once; revoking it again changes nothing.

    Example: coalition partner key revoke key_01k… -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        return documents.api_key(await registry.revoke_key(session, found, key))

    show(in_session(work), as_json, "API key", *_KEYS)


def _show_secret(made: Document, as_json: bool) -> None:
    if not as_json:
        typer.echo(f"secret: {made['secret']}\nIt is not shown again: hand it to the partner now.")
