"""Secrets are made once: what a file has stays, what a newer version needs is added."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.launcher.credentials import HOLDERS_OF_SECRETS, ISSUERS, Credentials
from services.launcher.errors import LauncherError
from services.launcher.processes import SERVICES
from services.launcher.state import StateDirectory
from services.runtime.principal import Signer
from services.runtime.secrets import read_key


def kept(path: Path) -> dict[str, Any]:
    return json.loads((path / "secrets.json").read_text())


def test_secrets_are_the_same_at_every_start_and_nobody_elses_to_read(tmp_path: Path) -> None:
    first = StateDirectory.at(tmp_path).credentials()
    written = (tmp_path / "secrets.json").read_bytes()
    assert StateDirectory.at(tmp_path).credentials() == first
    assert (tmp_path / "secrets.json").read_bytes() == written
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0
    assert set(first.secret_keys) == set(HOLDERS_OF_SECRETS)
    assert set(first.principal_private_keys) == set(first.principal_public_keys) == set(ISSUERS)
    assert set(first.database_passwords) == set(SERVICES)


@pytest.mark.parametrize(
    ("missing", "name"),
    [
        ("secret_keys", "partners"),
        ("database_passwords", "gateway"),
        ("principal_private_keys", "partners"),
        ("principal_public_keys", "partners"),
    ],
)
def test_what_a_file_of_an_older_version_lacks_is_made_once_and_the_rest_stays(
    tmp_path: Path, missing: str, name: str
) -> None:
    StateDirectory.at(tmp_path).credentials()
    older = kept(tmp_path)
    del older[missing][name]
    (tmp_path / "secrets.json").write_text(json.dumps(older))
    found = StateDirectory.at(tmp_path).credentials()
    assert StateDirectory.at(tmp_path).credentials() == found
    now = kept(tmp_path)
    assert now[missing].pop(name)
    if missing == "principal_private_keys":
        # A new private key has a new public one beside it.
        assert now["principal_public_keys"].pop(name) != older["principal_public_keys"].pop(name)
    assert now == older
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0
    for issuer, private in found.principal_private_keys.items():
        signer = Signer(issuer, read_key(private, issuer))
        assert signer.public_key == read_key(found.principal_public_keys[issuer], issuer)


@pytest.mark.parametrize("damage", ["", "{}", "[]", '{"secret_keys": {}}', "null"])
def test_a_damaged_file_is_told_and_never_replaced(tmp_path: Path, damage: str) -> None:
    (tmp_path / "secrets.json").write_text(damage)
    with pytest.raises(LauncherError, match="restore it from a copy"):
        StateDirectory.at(tmp_path).credentials()
    assert (tmp_path / "secrets.json").read_text() == damage


def test_a_private_key_that_is_none_is_damage(tmp_path: Path) -> None:
    StateDirectory.at(tmp_path).credentials()
    broken = kept(tmp_path)
    broken["principal_private_keys"]["points"] = "c2hvcnQ"
    (tmp_path / "secrets.json").write_text(json.dumps(broken))
    with pytest.raises(LauncherError, match="restore it from a copy"):
        Credentials.load_or_generate(tmp_path / "secrets.json")
