"""`coalition members employment`: staff cards, which spend no points with the employer."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from services.launcher.session import Column, JsonOption, ProgrammeOption, field, in_session, show
from services.operations import employments
from services.operations.documents import Document
from services.operations.session import Session

app = typer.Typer(
    help="Staff cards: a member earns with its employer, and spends no points there.", no_args_is_help=True
)

MemberArgument = Annotated[str, typer.Argument(help="Id of the member, mem_…, or a card number.")]
EmployerOption = Annotated[str, typer.Option("--partner", help="Slug of the employer.")]
_EMPLOYERS: Final[tuple[Column, ...]] = (("member", field("member")), ("works for", field("partner")))


@app.command("set")
def set_employment(
    member: MemberArgument, partner: EmployerOption, programme: ProgrammeOption, as_json: JsonOption = False
) -> None:
    """Say that a member works for a partner; prints all that it works for. Twice is as once.

    Example: coalition members employment set 7700000000019 --partner grocer -p plaza
    """
    _set(member, partner, programme, employed=True, as_json=as_json)


@app.command("end")
def end_employment(
    member: MemberArgument, partner: EmployerOption, programme: ProgrammeOption, as_json: JsonOption = False
) -> None:
    """Say that a member does not work for a partner any more; prints those that it works for still.

    Example: coalition members employment end 7700000000019 --partner grocer -p plaza
    """
    _set(member, partner, programme, employed=False, as_json=as_json)


@app.command("list")
def list_employers(member: MemberArgument, programme: ProgrammeOption, as_json: JsonOption = False) -> None:
    """List the partners that a member works for.

    Example: coalition members employment list 7700000000019 -p plaza
    """

    async def work(session: Session) -> list[Document]:
        return await employments.employers(session, await session.programme(programme), member)

    show(in_session(work), as_json, f"Whom {member} works for", *_EMPLOYERS)


def _set(member: str, partner: str, programme: str, *, employed: bool, as_json: bool) -> None:
    async def work(session: Session) -> list[Document]:
        found = await session.programme(programme)
        return await employments.set_employment(session, found, member, partner, employed=employed)

    show(in_session(work), as_json, f"Whom {member} works for", *_EMPLOYERS)
