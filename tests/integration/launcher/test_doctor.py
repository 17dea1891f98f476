"""`coalition doctor`, `migrate` and `--help` as a person runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]


def coalition(state_dir: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        (sys.executable, "-m", "services.launcher", *arguments),
        cwd=PROJECT,
        env={**os.environ, "COALITION_STATE_DIR": str(state_dir), "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_doctor_is_content_with_embedded_servers(tmp_path: Path) -> None:
    finished = coalition(tmp_path, "doctor", "--json")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    findings = {each["subject"]: each for each in json.loads(finished.stdout)}
    assert findings["PostgreSQL"]["found"].startswith("embedded 18")
    assert findings["NATS"]["found"].startswith("embedded 2.")
    assert list(tmp_path.iterdir()) == []


def test_doctor_looks_at_real_servers_and_at_migrations(
    tmp_path: Path, postgres_admin_url: str, nats_url: str
) -> None:
    finished = coalition(tmp_path, "doctor", "--json", DATABASE_URL=postgres_admin_url, NATS_URL=nats_url)
    findings = {each["subject"]: each for each in json.loads(finished.stdout)}
    assert findings["PostgreSQL"]["verdict"] == "ok"
    assert findings["PostgreSQL"]["found"].endswith(", not encrypted")
    assert findings["NATS"]["found"].endswith("JetStream on, not encrypted")
    assert "tables of points" in findings


def test_doctor_fails_and_says_why_when_a_named_server_is_not_there(tmp_path: Path) -> None:
    finished = coalition(
        tmp_path,
        "doctor",
        DATABASE_URL="postgresql://a:b@127.0.0.1:1/postgres",
        NATS_URL="nats://127.0.0.1:1",
    )
    assert finished.returncode == 1
    assert "127.0.0.1:1 cannot be reached" in finished.stdout
    assert "check NATS_URL" in finished.stdout


def test_migrate_without_a_server_says_what_to_set(tmp_path: Path) -> None:
    finished = coalition(tmp_path, "migrate")
    assert finished.returncode == 1
    assert "set DATABASE_URL" in finished.stderr


def test_run_names_the_processes_there_are(tmp_path: Path) -> None:
    finished = coalition(tmp_path, "run", "nonsense")
    assert finished.returncode == 1
    assert "points-relay" in finished.stderr


@pytest.mark.parametrize("arguments", [("--help",), ("up", "--help"), ("version",)])
def test_every_command_explains_itself(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert coalition(tmp_path, *arguments).returncode == 0
