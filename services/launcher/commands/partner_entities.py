"""`coalition partner entity`: the companies of a partner, and which store is whose."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from services.launcher.session import Column, JsonOption, ProgrammeOption, count, field, in_session, show
from services.operations import documents, legal_entities
from services.operations.amounts import read_time
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(
    help="Companies of a partner: the store says which one owes and is owed.", no_args_is_help=True
)

_PartnerArgument = Annotated[str, typer.Argument(help="Slug of the partner.")]
_ENTITIES: Final[tuple[Column, ...]] = (("#number", count("number")), ("name", field("name")))
_STORES: Final[tuple[Column, ...]] = (
    ("store", field("store")),
    ("#entity", count("legal_entity")),
    ("from", field("valid_from")),
    ("#known from seq", count("known_from_seq")),
    ("#version", count("version")),
)


@app.command()
def add(
    partner: _PartnerArgument,
    name: Annotated[str, typer.Argument(help="Name of the company.")],
    programme: ProgrammeOption,
    as_json: JsonOption = False,
) -> None:
    """Add a company; the first is there from the start, under the name of the partner.

    Example: coalition partner entity add grocer "Grocer Online Ltd" -p plaza
    """

    async def work(session: Session) -> Document:
        found = await session.programme(programme)
        return documents.legal_entity(await legal_entities.add_legal_entity(session, found, partner, name))

    show(in_session(work), as_json, f"Companies of {partner}", *_ENTITIES)


@app.command()
def assign(
    partner: _PartnerArgument,
    number: Annotated[int, typer.Argument(min=1, help="Number of the company.")],
    stores: Annotated[list[str], typer.Argument(help="Codes of the stores.")],
    programme: ProgrammeOption,
    valid_from: Annotated[
        str, typer.Option("--from", help="Date or time of the sales from which on it holds; empty: of all.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Say which company stores are of; what is rated by now stays as it is.

    Example: coalition partner entity assign grocer 2 web web-fr -p plaza --from 2026-07-01
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        from_us = read_time(valid_from, found.zone) if valid_from else 0
        made = await legal_entities.assign_stores(session, found, partner, number, stores, from_us)
        return [documents.store_entity(each, found.zone) for each in made]

    show(in_session(work), as_json, f"Stores of {partner}", *_STORES)


@app.command("list")
def list_all(
    partner: _PartnerArgument,
    programme: ProgrammeOption,
    by_store: Annotated[bool, typer.Option("--stores", help="Which store is whose, instead.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the companies of a partner, or with --stores those of its stores that were ever assigned to one.

    Example: coalition partner entity list grocer -p plaza --stores
    """

    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        answer = await legal_entities.legal_entities(session, found, partner)
        if by_store:
            return [documents.store_entity(each, found.zone) for each in answer.stores]
        return [documents.legal_entity(each) for each in answer.legal_entities]

    if by_store:
        show(in_session(work), as_json, f"Stores of {partner}", *_STORES)
    else:
        show(in_session(work), as_json, f"Companies of {partner}", *_ENTITIES)
