"""What is deployed: every process is there, with settings that it knows and can start with, and no rights to spare."""

import importlib
import re
from typing import Any, Final

import pytest
import yaml

from services.launcher.credentials import HOLDERS_OF_SECRETS, Credentials
from services.launcher.environment import CONTRACT
from services.launcher.processes import PROCESSES, SERVICES
from services.launcher.state import STATE_DIR_VARIABLE
from services.runtime.principal import Kind, Signer, Verifier
from services.runtime.secrets import read_key
from tests.architecture.settings_classes import OF_SERVICE, PLATFORM, variables
from tests.architecture.sources import ROOT

COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text())
ENCRYPTED: Final[dict[str, dict[str, Any]]] = yaml.safe_load((ROOT / "deploy/compose/tls.yaml").read_text())[
    "services"
]
DOCKERFILE: Final = (ROOT / "deploy/docker/Dockerfile").read_text()
CONTAINERS: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
OWN_IMAGE: Final = {name: each for name, each in CONTAINERS.items() if each["image"].startswith("coalition:")}
VARIABLE: Final = re.compile(r"\$\{([A-Z_]+)(?::([?-])([^}]*))?\}")


def test_every_process_of_the_platform_is_deployed():
    run = {tuple(each["command"]) for each in OWN_IMAGE.values() if "command" in each}
    assert {("run", process.name) for process in PROCESSES} | {("migrate",)} == run


def test_a_process_starts_after_the_migrations_and_the_services_it_comes_after():
    for process in PROCESSES:
        waits = _waits(process.name)
        assert waits.get("migrate") == "service_completed_successfully", process.name
        assert all(waits[each] == "service_healthy" for each in ("nats", *process.after) if each in waits)
    assert {"members", "points", "partners"} <= set(CONTAINERS["gateway"]["depends_on"])


def test_whatever_others_wait_for_the_health_of_has_a_check_of_it():
    awaited = {
        name
        for each in CONTAINERS.values()
        for name, wait in each.get("depends_on", {}).items()
        if wait["condition"] == "service_healthy"
    }
    assert {name for name in awaited if "healthcheck" not in CONTAINERS[name]} == set()


@pytest.mark.parametrize("name", OWN_IMAGE)
def test_every_variable_is_a_setting_that_is_known(name: str):
    known = {variable for variable in CONTRACT if "SVC" not in variable} | {STATE_DIR_VARIABLE}
    known |= set(variables(PLATFORM))
    for settings in OF_SERVICE.values():
        known |= set(variables(settings))
    assert set(OWN_IMAGE[name]["environment"]) - known == set()


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_a_process_starts_with_the_environment_it_gets(process: Any, monkeypatch: pytest.MonkeyPatch):
    environment = _environment(process.name, monkeypatch)
    platform, settings = PLATFORM(), OF_SERVICE[process.service].model_validate({})
    own_key = read_key(platform.principal_private_key.get_secret_value(), "the private key")
    verifier = Verifier(platform.principal_public_keys)
    assert verifier.verify(Signer(process.service, own_key).sign(Kind.SERVICE, process.service, None))
    if process.service in HOLDERS_OF_SECRETS:
        read_key(str(settings.model_dump()["secret_key"].get_secret_value()), "the secret key")
    others = [f"COALITION_{other.upper()}_" for other in SERVICES if other != process.service]
    seen = [name for name in environment if name.startswith(tuple(others)) and not name.endswith("_TARGET")]
    assert seen == [], "a process sees nothing of another's secrets"
    assert "DATABASE_URL" not in environment, "the administrator's rights are for migrations alone"


def test_a_missing_secret_stops_compose_before_anything_starts():
    optional = {name for name, sign, _ in _references() if sign != "?"}
    channels = {f"COALITION_NOTIFICATIONS_{each}_URL" for each in ("EMAIL", "SMS", "PUSH", "CHAT")}
    assert optional - channels == {
        "COALITION_LOG_LEVEL",
        "COALITION_OTLP_ENDPOINT",
        "COALITION_GATEWAY_PUBLIC_URL",
    }


def test_tls_reaches_every_process_and_leaves_the_rest_as_it_is():
    plain = {name: set(each.get("command", [])) for name, each in CONTAINERS.items()}
    known = {*variables(PLATFORM), "PGSSLMODE", "PGSSLROOTCERT"}
    assert set(ENCRYPTED) == set(CONTAINERS)
    for name, each in ENCRYPTED.items():
        assert set(each) <= {"command", "environment", "volumes"}
        assert each["volumes"] == [f"./tls/{name}:/tls:ro"]
        if name in OWN_IMAGE:
            assert set(each["environment"]) <= known
        else:
            # A list of compose's is put in place of the other: nothing of it may be lost.
            assert plain[name] < set(each["command"])
    for process in (*PROCESSES, "cli"):
        given = ENCRYPTED[getattr(process, "name", "cli")]["environment"]
        assert {"COALITION_TLS_AUTHORITY", "COALITION_NATS_AUTHORITY", "PGSSLROOTCERT"} <= set(given)
        assert given["NATS_URL"].startswith("tls://")


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_has_no_rights_to_spare(name: str):
    container = CONTAINERS[name]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in container["security_opt"]
    assert set(container["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert "privileged" not in container


@pytest.mark.parametrize(
    "image", [*(each["image"] for each in CONTAINERS.values()), *re.findall(r"FROM (\S+)", DOCKERFILE)]
)
def test_an_image_is_pinned_to_a_version(image: str):
    assert re.fullmatch(r"[a-z]+:[0-9][\w.-]*", image)


def test_the_image_runs_as_an_ordinary_user_and_nothing_starts_through_a_shell():
    user = re.findall(r"^USER (\d+):\d+$", DOCKERFILE, re.MULTILINE)[-1]
    assert int(user) > 0
    assert re.search(r'^ENTRYPOINT \["coalition"\]$', DOCKERFILE, re.MULTILINE)
    assert all(
        each["healthcheck"]["test"][0] == "CMD" for each in CONTAINERS.values() if "healthcheck" in each
    )
    assert all(isinstance(each.get("command", []), list) for each in CONTAINERS.values())


def test_the_image_is_built_with_the_uv_that_developers_have():
    bootstrap = (ROOT / "deploy/bootstrap.sh").read_text()
    pinned = re.search(r"^UV_VERSION=(\S+)$", bootstrap, re.MULTILINE)
    assert pinned is not None
    assert f"uv=={pinned[1]}\n" in DOCKERFILE


def test_the_image_has_the_version_of_the_project():
    project = (ROOT / "pyproject.toml").read_text()
    version = re.search(r'^version = "(.+)"$', project, re.MULTILINE)
    assert version is not None
    assert f'image.version="{version[1]}"' in DOCKERFILE
    assert {each["image"] for each in OWN_IMAGE.values()} == {f"coalition:{version[1]}"}


def test_only_the_gateway_is_reached_from_outside():
    assert [name for name, each in CONTAINERS.items() if "ports" in each] == ["gateway"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    # (Notifications are handed to others' servers.)
    outward = ("gateway", "notifications")
    assert all(each["networks"] == ["inside"] for name, each in CONTAINERS.items() if name not in outward)


def _waits(name: str) -> dict[str, str]:
    """What a container waits for and how, through those it waits for."""
    found: dict[str, str] = {}
    for other, wait in CONTAINERS[name].get("depends_on", {}).items():
        found |= {**_waits(other), other: wait["condition"]}
    return found


def _references() -> list[tuple[str, str, str]]:
    return VARIABLE.findall((ROOT / "deploy/compose/compose.yaml").read_text())


def _environment(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A container's environment, with fresh secrets from write_env.py in place of compose's variables."""
    monkeypatch.syspath_prepend(str(ROOT / "deploy/compose"))
    write_env: Any = importlib.import_module("write_env")
    made: dict[str, str] = write_env.variables(Credentials.generate())
    given: dict[str, str] = OWN_IMAGE[name]["environment"]
    filled = {
        variable: VARIABLE.sub(lambda found: made.get(found[1], found[3] if found[2] == "-" else ""), text)
        for variable, text in given.items()
    }
    for variable in [*variables(PLATFORM), *variables(OF_SERVICE[name.split("-")[0]])]:
        monkeypatch.delenv(variable, raising=False)
    for variable, value in filled.items():
        monkeypatch.setenv(variable, value)
    return filled
