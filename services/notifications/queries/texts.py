"""What is said of each kind: in the programme's own words where it has set some, else in the platform's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.notifications.domain import access
from services.notifications.domain.channels import Form
from services.notifications.domain.kinds import ABOUT, Kind
from services.notifications.domain.languages import language_of, read_language
from services.notifications.domain.texts import Text
from services.notifications.storage import templates
from services.notifications.storage.templates import OwnText
from services.notifications.wording.language import wording_of
from services.runtime.database import ReadDatabase
from services.runtime.principal import Principal


@dataclass(frozen=True, slots=True)
class Said:
    """A text as it is said; `own` None: the platform's."""

    form: Form
    text: Text
    own: OwnText | None


@dataclass(frozen=True, slots=True)
class KindRead:
    """A kind, whether it is on, and its texts in a language."""

    kind: Kind
    on: bool
    said: Sequence[Said]


class Texts:
    """Reads of texts."""

    def __init__(self, database: ReadDatabase) -> None:
        self._database = database

    async def __call__(self, programme: str, kind: Kind, form: Form, tag: str) -> Text:
        """What is sent to whom has this language; English where there are no texts in it."""
        language = language_of(tag)
        async with self._database.snapshot() as connection:
            own = await templates.own_text(connection, programme, kind, form, language)
        return own.text if own is not None and own.text is not None else self.standard(kind, form, language)

    def standard(self, kind: Kind, form: Form, language: str) -> Text:
        """The platform's text."""
        return wording_of(language).texts[kind, form]

    async def all(self, who: Principal, language: str) -> list[KindRead]:
        """Every kind with its texts in a language. Raises PermissionDenied, InvalidRequest."""
        access.may_see(who)
        slug, language = who.in_programme().slug, read_language(language)
        async with self._database.snapshot() as connection:
            own = await templates.own_texts(connection, slug, language)
            on = await templates.switches(connection, slug)
        return [
            KindRead(kind, on[kind], [_said(kind, form, language, own.get((kind, form))) for form in Form])
            for kind in ABOUT
        ]


def _said(kind: Kind, form: Form, language: str, own: OwnText | None) -> Said:
    if own is None or own.text is None:
        return Said(form, wording_of(language).texts[kind, form], None)
    return Said(form, own.text, own)
