"""Settings of TLS and of NATS: what contradicts itself or cannot be read is refused with what and where, and no secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.points.settings import Settings as PointsSettings
from services.runtime.bus_access import access_of
from services.runtime.certificates import Misconfigured
from services.runtime.settings import BusSettings, PlatformSettings, settings_in
from services.runtime.tls import Tls, tls_in
from tests.support.certificates import Authority, Issued

SECRET = "sw0rdf1sh"


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Issued:
    return Authority(tmp_path_factory.mktemp("papers")).issue("one")


def _given(issued: Issued, changes: dict[str, str], prefix: str) -> dict[str, str]:
    """Variables, with {authority}, {certificate}, {key} for good files and {folder} for where they are."""
    files = {"authority": issued.authority, "certificate": issued.certificate, "key": issued.key}
    return {
        name if name == "NATS_URL" else f"{prefix}{name}": value.format(folder=issued.key.parent, **files)
        for name, value in changes.items()
    }


def test_nothing_set_is_plain_and_everything_set_is_read(issued: Issued) -> None:
    assert tls_in({}) is None
    every = {
        "AUTHORITY": "{authority}",
        "CERTIFICATE": "{certificate}",
        "KEY": "{key}",
        "SERVER_NAME": "members",
    }
    assert tls_in(_given(issued, {**every, "CLIENTS": "false"}, "COALITION_TLS_")) == Tls(
        issued.authority, issued.certificate, issued.key, "members", False
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"CERTIFICATE": "{certificate}", "KEY": "{key}"},
            "CERTIFICATE is set without COALITION_TLS_AUTHORITY",
        ),
        ({"KEY": "{key}"}, "COALITION_TLS_KEY is set without COALITION_TLS_AUTHORITY"),
        ({"SERVER_NAME": "members"}, "COALITION_TLS_SERVER_NAME is set without COALITION_TLS_AUTHORITY"),
        ({"AUTHORITY": "{authority}", "KEY": "{key}"}, "TLS_KEY is set without COALITION_TLS_CERTIFICATE"),
        (
            {"AUTHORITY": "{authority}", "CERTIFICATE": "{certificate}"},
            "CERTIFICATE is set without COALITION_TLS_KEY",
        ),
        (
            {"AUTHORITY": "{folder}/none.pem"},
            "COALITION_TLS_AUTHORITY: {folder}/none.pem cannot be read: No such file",
        ),
        ({"AUTHORITY": "{folder}"}, "COALITION_TLS_AUTHORITY: {folder} cannot be read: Is a directory"),
        ({"AUTHORITY": "{key}"}, "COALITION_TLS_AUTHORITY: {key} holds no certificate as PEM"),
        (
            {"AUTHORITY": "{authority}", "CERTIFICATE": "{key}", "KEY": "{key}"},
            "COALITION_TLS_CERTIFICATE: {key} holds no certificate as PEM",
        ),
        (
            {"AUTHORITY": "{authority}", "CERTIFICATE": "{certificate}", "KEY": "{certificate}"},
            "COALITION_TLS_KEY: {certificate} holds no private key without a password as PEM",
        ),
        (
            {"AUTHORITY": "{authority}", "CERTIFICATE": "{authority}", "KEY": "{key}"},
            "COALITION_TLS_KEY: {key} is not the key of the certificate {authority}",
        ),
    ],
    ids=str,
)
def test_half_of_tls_and_unusable_files_are_refused(
    issued: Issued, changes: dict[str, str], words: str
) -> None:
    expected = _given(issued, {"": words}, "")[""]
    with pytest.raises(Misconfigured) as caught:
        tls_in(_given(issued, changes, "COALITION_TLS_"))
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"NATS_URL": "nats://h:1", "AUTHORITY": "{authority}"},
            "NATS_AUTHORITY is set, and NATS_URL begins with nats://",
        ),
        (
            {"NATS_URL": "nats://h:1", "SERVER_NAME": "n"},
            "NATS_SERVER_NAME is set, and NATS_URL begins with nats://",
        ),
        (
            {"NATS_URL": "tls://h:1", "CERTIFICATE": "{certificate}"},
            "CERTIFICATE is set without COALITION_NATS_KEY",
        ),
        (
            {"NATS_URL": "tls://h:1", "AUTHORITY": "{folder}/none.pem"},
            "COALITION_NATS_AUTHORITY: {folder}/none.pem",
        ),
        ({"NATS_URL": "tls://h:1,nats://h:2"}, "NATS_URL names servers with nats:// and with tls://"),
        ({"NATS_URL": f"http://u:{SECRET}@h:1"}, "NATS_URL begins with nats:// or tls://"),
        ({"NATS_URL": f"nats://u:{SECRET}@h:port"}, "NATS_URL is scheme://host:port"),
        (
            {"NATS_URL": "nats://h:1", "USER": "u"},
            "COALITION_NATS_USER is set without COALITION_NATS_PASSWORD",
        ),
        ({"NATS_URL": "nats://h:1", "PASSWORD": SECRET}, "NATS_PASSWORD is set without COALITION_NATS_USER"),
        (
            {"NATS_URL": f"nats://u:{SECRET}@h:1", "TOKEN": SECRET},
            "in one way, and NATS_URL (before the host) and COALITION_NATS_TOKEN are set",
        ),
        (
            {"NATS_URL": "nats://h:1", "SEED_FILE": "{folder}/none.nk"},
            "COALITION_NATS_SEED_FILE: {folder}/none.nk cannot",
        ),
        (
            {"NATS_URL": "nats://h:1", "CREDENTIALS_FILE": "/dev/null"},
            "NATS_CREDENTIALS_FILE: /dev/null is empty",
        ),
    ],
    ids=str,
)
def test_settings_of_nats_that_contradict_each_other_are_refused(
    issued: Issued, changes: dict[str, str], words: str
) -> None:
    expected = _given(issued, {"": words}, "")[""]
    with pytest.raises(Misconfigured) as caught:
        access_of(settings_in(BusSettings, _given(issued, changes, "COALITION_NATS_")))
    assert expected in str(caught.value)
    assert SECRET not in str(caught.value)


def test_several_servers_are_shown_without_credentials() -> None:
    given = {"NATS_URL": f"tls://u:{SECRET}@one:4223, tls://u:{SECRET}@two"}
    access = access_of(settings_in(BusSettings, given))
    assert access.encrypted
    assert access.addresses == "one:4223, two:4222"
    assert SECRET not in f"{access!r} {settings_in(BusSettings, given)!r}"


def test_settings_of_another_process_are_not_mixed_with_those_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COALITION_TLS_AUTHORITY", "/nowhere.pem")
    monkeypatch.setenv("COALITION_TLS_SERVER_NAME", "other")
    assert tls_in({}) is None


def test_what_is_wrong_with_one_setting_does_not_show_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COALITION_POINTS_DATABASE_URL", f"postgresql://r:{SECRET}@h/b")
    monkeypatch.delenv("COALITION_POINTS_SECRET_KEY", raising=False)
    # (Short, as what is quoted is cut in its middle.)
    with pytest.raises(ValidationError, match="secret_key") as missing:
        PointsSettings.model_validate({})
    monkeypatch.setenv("NATS_URL", f"nats://u:{SECRET}@h")
    monkeypatch.setenv("COALITION_TRACE_SHARE_PERCENT", SECRET)
    with pytest.raises(ValidationError, match="trace_share_percent") as malformed:
        PlatformSettings()
    monkeypatch.delenv("COALITION_TRACE_SHARE_PERCENT")
    assert SECRET not in f"{missing.value} {malformed.value} {PlatformSettings()!r}"
