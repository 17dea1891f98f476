"""Databases and roles from an administrator's URL."""

import base64
import hmac
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from services.launcher import revisions
from services.launcher.errors import MigrationFailed
from services.launcher.migrate import (
    RuntimeAccess,
    migrate_service,
    migration_state,
    scram_verifier,
)
from services.launcher.revisions import migration_sql
from tests.support.servers import run_apart

REVISION = """
from alembic import op
from services.runtime.alembic_env import runtime_role
revision, down_revision, branch_labels, depends_on = "0001", None, None, None
def upgrade() -> None:
    op.execute("CREATE TABLE posting (amount bigint)")
    op.execute(f"GRANT SELECT, INSERT ON posting TO {runtime_role()}")
"""


@pytest.fixture
def services_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A service `points` with one migration of the test's own."""
    folder = tmp_path / "points" / "migrations"
    source = revisions.SERVICES_DIR / "points" / "migrations"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("versions", "__pycache__"))
    (folder / "versions").mkdir()
    (folder / "versions" / "0001_posting.py").write_text(REVISION)
    monkeypatch.setattr(revisions, "SERVICES_DIR", tmp_path)
    return tmp_path


@pytest.fixture
def name() -> str:
    """Of the role and of the database; it needs quoting in SQL."""
    return f"test-migrate-{secrets.token_hex(4)}"


@pytest.fixture
def runtime_url(postgres_admin_url: str, name: str) -> Iterator[str]:
    address = urlsplit(postgres_admin_url).netloc.rpartition("@")[2]
    yield f"postgresql://{name}:pw%2F1@{address}/{name}"
    run_apart(remove(postgres_admin_url, name))


async def remove(admin_url: str, name: str) -> None:
    connection = await asyncpg.connect(admin_url)
    await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await connection.execute(f'DROP ROLE IF EXISTS "{name}", "{name}_owner"')
    await connection.close()


@pytest.mark.usefixtures("services_dir")
async def test_the_run_time_role_has_what_migrations_grant_and_nothing_more(
    postgres_admin_url: str, runtime_url: str
) -> None:
    await migrate_service(postgres_admin_url, runtime_url, "points")
    connection = await asyncpg.connect(runtime_url)
    await connection.execute("INSERT INTO posting VALUES (1)")
    assert await connection.fetchval("SELECT sum(amount) FROM posting") == 1
    for statement in (
        "UPDATE posting SET amount = 2",
        "DELETE FROM posting",
        "DROP TABLE posting",
        "CREATE TABLE mine (a int)",
        "CREATE TEMPORARY TABLE mine (a int)",
        "DELETE FROM alembic_version",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()


@pytest.mark.usefixtures("services_dir")
async def test_one_services_role_cannot_enter_anothers_database(
    postgres_admin_url: str, runtime_url: str, name: str
) -> None:
    await migrate_service(postgres_admin_url, runtime_url, "points")
    other = f"{name}-other"
    await migrate_service(postgres_admin_url, runtime_url.replace(name, other), "points")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(runtime_url, database=other)
    finally:
        await remove(postgres_admin_url, other)


@pytest.mark.usefixtures("services_dir")
async def test_the_owner_role_owns_the_tables_and_cannot_log_in(
    postgres_admin_url: str, runtime_url: str, name: str
) -> None:
    await migrate_service(postgres_admin_url, runtime_url, "points")
    connection = await asyncpg.connect(postgres_admin_url, database=name)
    owner = await connection.fetchrow(
        "SELECT tableowner, rolcanlogin FROM pg_tables JOIN pg_roles ON rolname = tableowner "
        "WHERE tablename = 'posting'"
    )
    assert owner is not None
    assert tuple(owner) == (f"{name}_owner", False)
    await connection.close()


@pytest.mark.usefixtures("services_dir")
async def test_an_administrator_need_not_be_a_superuser(
    postgres_admin_url: str, runtime_url: str, name: str
) -> None:
    """Managed servers give no superuser: CREATEROLE and CREATEDB have to do."""
    superuser = await asyncpg.connect(postgres_admin_url)
    await superuser.execute(f"CREATE ROLE \"{name}-steward\" LOGIN CREATEROLE CREATEDB PASSWORD 'x'")
    address = urlsplit(postgres_admin_url).netloc.rpartition("@")[2]
    steward_url = f"postgresql://{name}-steward:x@{address}/postgres"
    try:
        for _ in range(2):
            await migrate_service(steward_url, runtime_url, "points")
        assert (await migration_state(steward_url, runtime_url, "points")).is_current
    finally:
        await superuser.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await superuser.execute(f'DROP OWNED BY "{name}-steward"; DROP ROLE "{name}-steward"')
        await superuser.close()


async def test_a_second_run_adds_what_is_new_and_takes_a_new_password(
    postgres_admin_url: str, runtime_url: str, services_dir: Path
) -> None:
    await migrate_service(postgres_admin_url, runtime_url, "points")
    second = REVISION.replace('"0001", None', '"0002", "0001"').replace("posting", "lot")
    (services_dir / "points" / "migrations" / "versions" / "0002_lot.py").write_text(second)
    assert not (await migration_state(postgres_admin_url, runtime_url, "points")).is_current

    changed = runtime_url.replace("pw%2F1", "changed")
    await migrate_service(postgres_admin_url, changed, "points")
    state = await migration_state(postgres_admin_url, changed, "points")
    assert (state.current, state.is_current) == ({"0002"}, True)
    connection = await asyncpg.connect(changed)
    assert await connection.fetch("SELECT * FROM lot") == []
    await connection.close()


@pytest.mark.usefixtures("services_dir")
def test_runs_at_the_same_time_take_turns(
    postgres_admin_url: str, runtime_url: str, services_dir: Path
) -> None:
    """Two programs, as two deployments would be; each has an Alembic of its own."""
    import subprocess
    import sys

    program = (
        "import asyncio, sys; from pathlib import Path; from services.launcher import migrate, revisions; "
        "revisions.SERVICES_DIR = Path(sys.argv[3]); "
        "asyncio.run(migrate.migrate_service(sys.argv[1], sys.argv[2], 'points'))"
    )
    command = (sys.executable, "-c", program, postgres_admin_url, runtime_url, str(services_dir))
    racers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for racer in racers:
        _, errors = racer.communicate(timeout=60)
        assert racer.returncode == 0, errors


async def test_a_failing_migration_leaves_nothing_and_says_which_service(
    postgres_admin_url: str, runtime_url: str, services_dir: Path
) -> None:
    broken = REVISION.replace("GRANT SELECT", "GRANT NONSENSE")
    (services_dir / "points" / "migrations" / "versions" / "0001_posting.py").write_text(broken)
    with pytest.raises(MigrationFailed, match=r"points .*test-migrate.*nonsense"):
        await migrate_service(postgres_admin_url, runtime_url, "points")
    assert (await migration_state(postgres_admin_url, runtime_url, "points")).current == frozenset()


async def test_a_server_that_cannot_be_reached_is_named_in_the_error(runtime_url: str) -> None:
    with pytest.raises(MigrationFailed, match="test-migrate-"):
        await migrate_service("postgresql://nobody:x@127.0.0.1:1/postgres", runtime_url, "points")


@pytest.mark.usefixtures("services_dir")
def test_the_sql_of_migrations_can_be_read_without_a_database() -> None:
    sql = migration_sql("points", "coalition_points")
    assert "CREATE TABLE posting" in sql
    assert "TO coalition_points" in sql


@pytest.mark.parametrize("url", ["postgresql://points@host/points", "postgresql://points:pw@host/", "host"])
def test_an_incomplete_url_is_refused_without_showing_the_password(url: str) -> None:
    with pytest.raises(MigrationFailed) as caught:
        RuntimeAccess.of(url)
    assert "pw" not in str(caught.value)


def test_the_verifier_agrees_with_the_example_of_rfc_7677() -> None:
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    server_key = base64.b64decode(scram_verifier("pencil", salt).rpartition(":")[2])
    exchange = (
        "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    )
    signature = hmac.digest(server_key, exchange.encode(), "sha256")
    assert base64.b64encode(signature).decode() == "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
