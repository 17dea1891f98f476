"""The streams as code declares them, and the one place where those of a server are brought to it.

Services only make a stream that is not there (its store may have been lost). Settings are compared and changed
by `coalition migrate`, once for all of them: two versions of a service that both did so would take turns at it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import nats.errors
from nats.js.api import StreamConfig
from nats.js.errors import APIError, NotFoundError

from services.runtime.bus import STREAMS, Bus, Stream, config_of
from services.runtime.settings import BusSettings, variable_of

# What is compared; everything else of a stream (description, placement) is the operator's own.
_DECLARED: Final = (
    "subjects", "storage", "retention", "discard", "deny_delete", "deny_purge",
    "max_age", "max_msgs", "max_bytes", "num_replicas", "duplicate_window",
)  # fmt: skip
_CONNECT_SECONDS: Final = 10.0
REPLICAS: Final = variable_of(BusSettings, "nats_replicas")
# Of the server: no cluster at all; no peers to place it on; not enough of them.
_TOO_FEW_SERVERS: Final = (10074, 10005, 10023)


class StreamsRefused(Exception):
    """The server cannot be reached, or does not take a setting; says which stream, and what of it."""


class Outcome(Enum):
    """What became of a stream."""

    MADE = "made"
    CHANGED = "changed"
    SAME = "as declared"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One stream, and the settings that were changed, each as `name: before → now`."""

    stream: str
    outcome: Outcome
    changes: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = ", ".join(self.changes)
        return f"{self.outcome.value} ({told})" if told else self.outcome.value


async def reconcile_at(settings: BusSettings) -> list[Reconciled]:
    """Reconciles all streams of the platform on the NATS that settings name; as many replicas of each are kept as these say.

    Raises Misconfigured, and StreamsRefused, also where the server cannot be reached within 10 seconds.
    """
    bus = Bus.of(settings, "migrate")
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            await bus.connect()
        return [await reconcile(bus, stream) for stream in STREAMS]
    except TimeoutError:
        raise StreamsRefused(f"NATS did not answer within {_CONNECT_SECONDS:.0f} s") from None
    finally:
        await bus.close()


async def reconcile(bus: Bus, stream: Stream) -> Reconciled:
    """Makes a stream where it is not there, else changes what differs from what is declared; never makes it anew.

    What is stored stays. Raises StreamsRefused for a change that the server does not make to a stream that is there.
    """
    wanted = config_of(stream, bus.replicas)
    try:
        try:
            found = (await bus.jetstream.stream_info(stream.name)).config
        except NotFoundError:
            await bus.jetstream.add_stream(wanted)
            return Reconciled(stream.name, Outcome.MADE)
        different = [name for name in _DECLARED if getattr(found, name) != getattr(wanted, name)]
        if not different:
            return Reconciled(stream.name, Outcome.SAME)
        changes = _told(found, wanted, different)
        try:
            await bus.jetstream.update_stream(
                found.evolve(**{name: getattr(wanted, name) for name in different})
            )
        except APIError as error:
            raise StreamsRefused(
                f"stream {stream.name} cannot be changed to what is declared ({', '.join(changes)}): "
                f"{error.description}. It was left as it is; a stream is never made anew, since that would lose "
                f"what its subscribers have yet to read{_advice(error, bus.replicas)}"
            ) from error
    except APIError as error:
        raise StreamsRefused(
            f"stream {stream.name}: {error.description}{_advice(error, bus.replicas)}"
        ) from error
    except nats.errors.Error as error:
        raise StreamsRefused(f"stream {stream.name}: {error}") from error
    return Reconciled(stream.name, Outcome.CHANGED, changes)


def _advice(error: APIError, replicas: int) -> str:
    """What to do where there are fewer servers than are to keep a stream; else nothing."""
    if replicas == 1 or error.err_code not in _TOO_FEW_SERVERS:
        return ""
    return (
        f". {REPLICAS} is {replicas}, and NATS has fewer servers with JetStream that are there: "
        "start them, or say how many of them are to keep a stream (1, 3 or 5)"
    )


def _told(found: StreamConfig, wanted: StreamConfig, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{name}: {_text(getattr(found, name))} → {_text(getattr(wanted, name))}" for name in names)


def _text(value: Any) -> str:
    return str(getattr(value, "value", value))
