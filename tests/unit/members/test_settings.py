import secrets
from base64 import urlsafe_b64encode

import pytest
from pydantic import ValidationError

from services.members.settings import Settings

SECRET = urlsafe_b64encode(secrets.token_bytes(32)).decode()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("COALITION_MEMBERS_DATABASE_URL", "postgresql://role:word@127.0.0.1/members")
    monkeypatch.setenv("COALITION_MEMBERS_SECRET_KEY", SECRET)
    return monkeypatch


def test_settings_come_from_the_environment(environment: pytest.MonkeyPatch):
    environment.setenv("COALITION_MEMBERS_GRPC_PORT", "6000")
    environment.setenv("COALITION_MEMBERS_CARD_PREFIX", "99")

    settings = Settings.model_validate({})

    assert (settings.grpc_port, settings.card_prefix) == (6000, "99")
    assert settings.secret_key.get_secret_value() == SECRET
    assert Settings.model_fields["grpc_port"].default == 50051


@pytest.mark.parametrize("prefix", ["", "1234567", "7a", "٧٧"])
def test_a_card_prefix_has_1_to_6_digits(environment: pytest.MonkeyPatch, prefix: str):
    environment.setenv("COALITION_MEMBERS_CARD_PREFIX", prefix)

    with pytest.raises(ValidationError):
        Settings.model_validate({})


def test_the_database_and_the_secret_are_needed(monkeypatch: pytest.MonkeyPatch):
    for name in ("DATABASE_URL", "SECRET_KEY"):
        monkeypatch.delenv(f"COALITION_MEMBERS_{name}", raising=False)

    with pytest.raises(ValidationError):
        Settings.model_validate({})


def test_no_secret_shows_in_a_repr(environment: pytest.MonkeyPatch):
    environment.setenv("COALITION_MEMBERS_WRAPPING_KEYS", f"2:{SECRET}")

    shown = repr(Settings.model_validate({}))

    assert SECRET not in shown
    assert "word" not in shown
