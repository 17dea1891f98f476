"""The table of contents: everything that this service can do, by name."""

from __future__ import annotations

from dataclasses import dataclass

from services.notifications.commands.forget import Forget
from services.notifications.commands.note import Note
from services.notifications.commands.send_due import SendDue
from services.notifications.commands.texts import SetText, SwitchKind
from services.notifications.queries.deliveries import Deliveries
from services.notifications.queries.switches import Switches
from services.notifications.queries.texts import Texts
from services.runtime.database import Database


@dataclass(frozen=True, slots=True)
class Notifications:
    """Commands and queries of the notifications service, on one database."""

    # commands
    note: Note
    forget: Forget
    send_due: SendDue
    set_text: SetText
    switch_kind: SwitchKind
    # queries
    deliveries: Deliveries
    texts: Texts
    switches: Switches

    database: Database
