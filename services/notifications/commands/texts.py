"""A programme says something in its own words, or turns a kind on or off."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.domain import access
from services.notifications.domain.channels import Form
from services.notifications.domain.kinds import Kind
from services.notifications.domain.languages import read_language
from services.notifications.domain.texts import Text, check
from services.notifications.storage import templates
from services.notifications.storage.templates import OwnText
from services.runtime.clock import wall_now_us
from services.runtime.database import WriteDatabase
from services.runtime.principal import Principal


class SetText:
    """Sets a text from now on; what waits is sent with it."""

    def __init__(self, database: WriteDatabase) -> None:
        self._database = database

    async def __call__(
        self, who: Principal, kind: Kind, form: Form, language: str, text: Text | None
    ) -> OwnText:
        """What holds from now on; None: the platform's text again. Raises PermissionDenied, InvalidRequest."""
        access.may_change(who)
        slug, language = who.in_programme().slug, read_language(language)
        if text is not None:
            check(kind, form, text)
        own = OwnText(text, who.actor, wall_now_us())

        async def work(connection: AsyncConnection) -> None:
            await templates.set_text(connection, slug, kind, form, language, own)

        await self._database.run(work)
        return own


class SwitchKind:
    """Turns a kind on or off from now on."""

    def __init__(self, database: WriteDatabase) -> None:
        self._database = database

    async def __call__(self, who: Principal, kind: Kind, *, on: bool) -> bool:
        """Whether anything changed. Raises PermissionDenied."""
        access.may_change(who)
        slug = who.in_programme().slug

        async def work(connection: AsyncConnection) -> bool:
            return await templates.switch(connection, slug, kind, who.actor, wall_now_us(), on=on)

        return await self._database.run(work)
