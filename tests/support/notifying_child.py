"""A process that sends what is due, once: made to be killed. What it needs is on its standard input, as JSON."""

from __future__ import annotations

import asyncio
import json
import sys

from services.notifications import service
from services.notifications.clients.members import GrpcContacts
from services.runtime import grpc_client
from services.runtime.database import Database
from services.runtime.principal import Programme, Signer
from tests.support.notifying import OneProgramme, notifying_settings
from tests.support.servers import ServiceDatabase


async def main() -> None:
    """Sends."""
    given = json.load(sys.stdin)
    url = given["database_url"]
    # What is interrupted is seen after a second.
    settings = notifying_settings(
        ServiceDatabase("notifications", "", url, ""), given["email_url"], lease_seconds=1
    )
    programmes, programme = OneProgramme(), Programme(**given["programme"])
    programmes.known[programme.slug] = programme
    database = Database.of(settings, "notifications")
    async with grpc_client.open_channel(given["contacts_target"]) as channel:
        contacts = GrpcContacts(channel, Signer("notifications", bytes.fromhex(given["key"])))
        app = service.build(settings, database, contacts, programmes, service.outlets(settings))
        await app.send_due()


if __name__ == "__main__":
    asyncio.run(main())
