"""The streams of NATS, brought to what code declares by `coalition migrate` and `coalition up`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from services.launcher.errors import MigrationFailed

if TYPE_CHECKING:
    from services.runtime.streams import Reconciled

REPLICAS: Final = "COALITION_NATS_REPLICAS"


async def reconcile_streams(nats_url: str) -> list[Reconciled]:
    """Makes or changes every stream on a server, with the credentials of the environment. Raises MigrationFailed with the stream and the setting."""
    # What speaks NATS takes a moment to import, which every command would pay.
    from services.runtime.certificates import Misconfigured
    from services.runtime.settings import BusSettings, settings_in
    from services.runtime.streams import StreamsRefused, reconcile_at

    try:
        check_replicas()
        return await reconcile_at(settings_in(BusSettings, {**os.environ, "NATS_URL": nats_url}))
    except (StreamsRefused, Misconfigured) as error:
        raise MigrationFailed(str(error)) from error


def check_replicas() -> None:
    """Raises MigrationFailed where the environment says a number of servers that no cluster keeps a stream on."""
    text = os.environ.get(REPLICAS) or "1"
    if text not in ("1", "3", "5"):
        raise MigrationFailed(f"{REPLICAS} is {text!r}: a stream is kept by 1, 3 or 5 servers")
