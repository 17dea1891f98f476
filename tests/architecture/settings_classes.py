"""The settings of every process, and the variables that they are read from."""

from collections.abc import Iterator, Mapping
from typing import Final

from pydantic_settings import BaseSettings

from services.gateway.settings import Settings as GatewaySettings
from services.insights.settings import Settings as InsightsSettings
from services.members.settings import Settings as MembersSettings
from services.notifications.settings import Settings as NotificationsSettings
from services.partners.settings import Settings as PartnersSettings
from services.points.settings import Settings as PointsSettings
from services.runtime.settings import PlatformSettings

#: Of each service; PLATFORM is what all of them read besides.
OF_SERVICE: Final[Mapping[str, type[BaseSettings]]] = {
    "members": MembersSettings,
    "points": PointsSettings,
    "partners": PartnersSettings,
    "insights": InsightsSettings,
    "gateway": GatewaySettings,
    "notifications": NotificationsSettings,
}
PLATFORM: Final = PlatformSettings


def variables(settings: type[BaseSettings]) -> Iterator[str]:
    """Names of the environment variables that a class reads."""
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in settings.model_fields.items():
        yield str(field.validation_alias or f"{prefix}{name.upper()}")
