"""Settings: each says what it is, and is read from a variable that names its service."""

from collections.abc import Mapping
from typing import Final

import pytest
from pydantic_settings import BaseSettings

from services.gateway.settings import Settings as GatewaySettings
from services.members.settings import Settings as MembersSettings
from services.partners.settings import Settings as PartnersSettings
from services.points.settings import Settings as PointsSettings
from services.runtime.settings import PlatformSettings

SETTINGS: Final[Mapping[str, type[BaseSettings]]] = {
    "COALITION_": PlatformSettings,
    "COALITION_MEMBERS_": MembersSettings,
    "COALITION_POINTS_": PointsSettings,
    "COALITION_PARTNERS_": PartnersSettings,
    "COALITION_GATEWAY_": GatewaySettings,
}


@pytest.mark.parametrize("prefix", SETTINGS)
def test_every_setting_says_what_it_is(prefix: str):
    silent = [name for name, field in SETTINGS[prefix].model_fields.items() if not field.description]
    assert silent == []


@pytest.mark.parametrize("prefix", SETTINGS)
def test_every_variable_names_its_service(prefix: str):
    assert SETTINGS[prefix].model_config.get("env_prefix") == prefix


@pytest.mark.parametrize("prefix", SETTINGS)
def test_settings_never_change_while_a_process_runs(prefix: str):
    assert SETTINGS[prefix].model_config.get("frozen") is True
