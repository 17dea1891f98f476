"""Settings: each says what it is, is read from a variable that names its service, and never changes."""

import pytest
from pydantic_settings import BaseSettings

from tests.architecture.settings_classes import OF_SERVICE, PLATFORM, variables

every_class = pytest.mark.parametrize(
    "settings", [PLATFORM, *OF_SERVICE.values()], ids=["platform", *OF_SERVICE]
)


@every_class
def test_every_setting_says_what_it_is(settings: type[BaseSettings]):
    assert [name for name, field in settings.model_fields.items() if not field.description] == []


@every_class
def test_settings_never_change_while_a_process_runs(settings: type[BaseSettings]):
    assert settings.model_config.get("frozen") is True


@pytest.mark.parametrize("service", OF_SERVICE)
def test_every_variable_names_its_service(service: str):
    prefix = f"COALITION_{service.upper()}_"
    assert [name for name in variables(OF_SERVICE[service]) if not name.startswith(prefix)] == []
