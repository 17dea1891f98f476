"""`coalition staff`: the operator's people, their roles and their tokens."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from services.launcher.session import Column, JsonOption, field, in_session, show
from services.operations import documents, people, registry
from services.operations.amounts import read_time
from services.operations.documents import Document
from services.operations.session import STAFF_TOKEN, Session

app = typer.Typer(help="Manage the operator's people, their roles and tokens.", no_args_is_help=True)
tokens = typer.Typer(help="A person may have several tokens, one a machine.", no_args_is_help=True)
app.add_typer(tokens, name="token")

PersonArgument = Annotated[str, typer.Argument(metavar="PERSON", help="Name of the person, or stf_….")]

_COLUMNS: Final[tuple[Column, ...]] = (
    ("name", field("name")),
    ("roles", lambda person: ", ".join(person["roles"])),
    ("id", field("id")),
)
_TOKENS: Final[tuple[Column, ...]] = (
    ("label", field("label")),
    ("hint", field("hint")),
    ("issued", lambda token: token["issued_at"][:19]),
    ("ends", field("expires_at")),
    ("revoked", lambda token: (token["revoked_at"] or "")[:19]),
    ("id", field("id")),
)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name of the person, unique.")],
    role: Annotated[
        list[str],
        typer.Option(help="admin, pricing, maker, checker, service_desk or auditor; may be repeated."),
    ],
    as_json: JsonOption = False,
) -> None:
    """Take on a person; prints a token that is never shown again.

    Example: coalition staff add "Ada Byron" --role pricing --role auditor
    """

    async def work(session: Session) -> Document:
        return documents.added_staff(await registry.add_staff(session, name, role))

    added = in_session(work)
    show(added, as_json, "Staff", *_COLUMNS)
    if not as_json:
        typer.echo(f"token: {added['token']}\nIt is not shown again. Commands use it from {STAFF_TOKEN}.")


@app.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List all staff with the roles they have now.

    Example: coalition staff list
    """

    async def work(session: Session) -> list[Document]:
        return [documents.staff(each) for each in await registry.list_staff(session)]

    show(in_session(work), as_json, "Staff", *_COLUMNS)


@app.command()
def roles(
    person: PersonArgument,
    assign: Annotated[list[str] | None, typer.Option(help="Role to assign; may be repeated.")] = None,
    take: Annotated[list[str] | None, typer.Option(help="Role to take away; may be repeated.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Assign roles and take roles away, from now on.

    Example: coalition staff roles "Ada Byron" --assign checker --take maker
    """

    async def work(session: Session) -> Document:
        return documents.staff(await people.set_roles(session, person, assign or [], take or []))

    show(in_session(work), as_json, "Staff", *_COLUMNS)


@tokens.command("add")
def add_token(
    person: PersonArgument,
    label: Annotated[str, typer.Option(help="What it is called, e.g. the machine it is for.")],
    until: Annotated[str, typer.Option(help="Date or time in UTC at which it ends; else never.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Make another token of a person; prints it this once.

    Example: coalition staff token add "Ada Byron" --label laptop --until 2027-01-01
    """

    async def work(session: Session) -> Document:
        until_us = read_time(until, "UTC") if until else 0
        return people.issued_document(await people.issue_token(session, person, label, until_us))

    issued = in_session(work)
    show(issued, as_json, f"Token of {person}", *_TOKENS)
    if not as_json:
        typer.echo(f"token: {issued['secret']}\nIt is not shown again. Commands use it from {STAFF_TOKEN}.")


@tokens.command("list")
def list_tokens(person: PersonArgument, as_json: JsonOption = False) -> None:
    """List a person's tokens, newest first, without the tokens themselves.

    Example: coalition staff token list "Ada Byron"
    """

    async def work(session: Session) -> list[Document]:
        return [people.token_document(each) for each in await people.list_tokens(session, person)]

    show(in_session(work), as_json, f"Tokens of {person}", *_TOKENS)


@tokens.command("revoke")
def revoke_token(
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="Id of the token, tok_….")],
    as_json: JsonOption = False,
) -> None:
    """Revoke a token at once; safe to repeat.

    Example: coalition staff token revoke tok_01k…
    """

    async def work(session: Session) -> Document:
        return people.token_document(await people.revoke_token(session, token))

    show(in_session(work), as_json, "Revoked", *_TOKENS)
