"""What can go wrong while starting, watching and stopping the platform.

    LauncherError
      +-- MissingServer      an embedded server's wheel is not installed
      +-- ServerFailed       an embedded server did not start, or did not get ready in time
      +-- ProcessFailed      a service's process did not get ready
      +-- StateLocked        another `coalition up` holds the state directory
      +-- MigrationFailed    roles, databases or tables could not be brought up to date

Every message says what failed, where (a path, a port, a process) and what to do about it.
"""


class LauncherError(Exception):
    """Anything the `coalition` command reports to a person and exits with status 1 for."""


class MissingServer(LauncherError):
    """An embedded server is wanted, and the package that carries it is not installed."""


class ServerFailed(LauncherError):
    """PostgreSQL or NATS could not be initialised, started or reached."""


class ProcessFailed(LauncherError):
    """A service's process died or stayed unready while the platform was starting."""


class StateLocked(LauncherError):
    """The state directory is in use by another supervisor that is alive."""


class MigrationFailed(LauncherError):
    """A role, a database or a migration could not be brought up to date."""
