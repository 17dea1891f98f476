"""A programme's own texts, and which kinds it sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.domain.channels import Form
from services.notifications.domain.kinds import ABOUT, Kind
from services.notifications.domain.texts import Text
from services.notifications.storage.connection import Reads
from services.notifications.storage.tables import kind_switch, template_version
from services.runtime.clock import from_micros, to_micros

_KINDS: Final = frozenset(kind.value for kind in Kind)
# First key of the lock under which versions are counted; the second is a hash of the programme.
_LOCK_CLASS: Final = 0x4E4F5449


@dataclass(frozen=True, slots=True)
class OwnText:
    """A programme's own text. `text` None: the platform's again. `set_at_us`: wall-clock."""

    text: Text | None
    set_by: str
    set_at_us: int


async def own_texts(connection: Reads, programme: str, language: str) -> dict[tuple[Kind, Form], OwnText]:
    """The newest version of each text that a programme has set in a language."""
    c = template_version.c
    found = await connection.execute(
        select(template_version)
        .ext(distinct_on(c.kind, c.form))
        .where(c.programme == programme, c.language == language)
        .order_by(c.kind, c.form, c.version.desc())
    )
    return {(Kind(row.kind), Form(row.form)): _own(row) for row in found if row.kind in _KINDS}


async def own_text(
    connection: Reads, programme: str, kind: Kind, form: Form, language: str
) -> OwnText | None:
    """The newest version of one; None where none was ever set."""
    c = template_version.c
    found = await connection.execute(
        select(template_version)
        .where(c.programme == programme, c.kind == kind, c.form == form, c.language == language)
        .order_by(c.version.desc())
        .limit(1)
    )
    row = found.first()
    return _own(row) if row is not None else None


async def set_text(
    connection: AsyncConnection, programme: str, kind: Kind, form: Form, language: str, own: OwnText
) -> None:
    """Writes a version; None as its text: the platform's counts again."""
    await _lock(connection, programme)
    c = template_version.c
    last = await connection.execute(
        select(func.coalesce(func.max(c.version), 0)).where(
            c.programme == programme, c.kind == kind, c.form == form, c.language == language
        )
    )
    await connection.execute(
        insert(template_version).values(
            programme=programme,
            kind=kind.value,
            form=form.value,
            language=language,
            version=last.scalar_one() + 1,
            subject=own.text.subject if own.text is not None else "",
            body=own.text.body if own.text is not None else None,
            set_by=own.set_by,
            set_at=from_micros(own.set_at_us),
        )
    )


async def switches(connection: Reads, programme: str) -> Mapping[Kind, bool]:
    """Which kinds a programme sends: what it has set, else as the kind says."""
    c = kind_switch.c
    found = await connection.execute(
        select(c.kind, c.is_on)
        .ext(distinct_on(c.kind))
        .where(c.programme == programme)
        .order_by(c.kind, c.version.desc())
    )
    own = {row.kind: bool(row.is_on) for row in found}
    return {kind: own.get(kind.value, about.on) for kind, about in ABOUT.items()}


async def switch(
    connection: AsyncConnection, programme: str, kind: Kind, by: str, now_us: int, *, on: bool
) -> bool:
    """Turns a kind on or off; False where it is so already."""
    await _lock(connection, programme)
    if (await switches(connection, programme))[kind] is on:
        return False
    c = kind_switch.c
    last = await connection.execute(
        select(func.coalesce(func.max(c.version), 0)).where(c.programme == programme, c.kind == kind)
    )
    await connection.execute(
        insert(kind_switch).values(
            programme=programme, kind=kind.value, version=last.scalar_one() + 1, is_on=on, set_by=by,
            set_at=from_micros(now_us),
        )
    )  # fmt: skip
    return True


async def _lock(connection: AsyncConnection, programme: str) -> None:
    await connection.execute(select(func.pg_advisory_xact_lock(_LOCK_CLASS, func.hashtext(programme))))


def _own(row: Any) -> OwnText:
    text = Text(row.subject, row.body) if row.body is not None else None
    return OwnText(text, row.set_by, to_micros(row.set_at))
