"""gRPC over TLS between a real server and a real client: who is believed, who is not, and what the operator reads of it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from services.launcher.connections import grpc_connections
from services.launcher.findings import Finding, Verdict
from services.launcher.service_process import grpc_is_serving
from services.runtime import grpc_client
from services.runtime.certificates import Misconfigured
from services.runtime.errors import Unavailable
from services.runtime.grpc_server import GrpcServer, health_stub
from services.runtime.principal import Verifier
from services.runtime.tls import Tls, tls_in
from tests.support.certificates import Authority, Issued
from tests.support.points_neighbours import Identity

IDENTITY = Identity()


@dataclass(frozen=True)
class Papers:
    """Certificates of one authority, and one of another."""

    ours: Authority
    theirs: Authority
    server: Issued
    client: Issued


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    folder = tmp_path_factory.mktemp("papers")
    ours, theirs = Authority(folder / "ours"), Authority(folder / "theirs", "another authority")
    return Papers(ours, theirs, ours.issue("server"), ours.issue("client", "cli"))


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Channels that do not try the unavailable again."""
    monkeypatch.setattr(grpc_client, "_OPTIONS", ())


def variables(issued: Issued, **others: str) -> dict[str, str]:
    """The environment of a process that has a certificate."""
    return {
        "COALITION_TLS_AUTHORITY": str(issued.authority),
        "COALITION_TLS_CERTIFICATE": str(issued.certificate),
        "COALITION_TLS_KEY": str(issued.key),
        **others,
    }


def tls(issued: Issued, **others: str) -> Tls:
    made = tls_in(variables(issued, **others))
    assert made is not None
    return made


@asynccontextmanager
async def serving(settings: Tls | None) -> AsyncGenerator[int]:
    """A server of ours, as every service has one; its port."""
    server = GrpcServer(
        "127.0.0.1:0",
        Verifier(IDENTITY.public_keys),
        ["coalition.points.v1.PointsService"],
        lambda _: None,
        settings,
    )
    port = await server.start()
    try:
        yield port
    finally:
        await server.stop(0)


async def is_healthy(port: int, settings: Tls | None, host: str = "127.0.0.1") -> bool:
    """Whether the health service answers. Raises CoalitionError as every call of ours."""
    async with grpc_client.open_channel(f"{host}:{port}", settings) as channel:
        answer = await grpc_client.call(
            health_stub(channel).Check, health_pb2.HealthCheckRequest(), b"", timeout_seconds=5
        )
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


async def refusal(port: int, settings: Tls | None) -> str:
    """Why a client did not come through, as its operator reads it."""
    with pytest.raises(Unavailable) as caught:
        await is_healthy(port, settings)
    assert caught.value.message == "the service cannot be reached", "partners are told no more than that"
    return caught.value.metadata["why"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_good_certificates_on_both_sides_come_through(papers: Papers, host: str) -> None:
    async with serving(tls(papers.server)) as port:
        assert await is_healthy(port, tls(papers.client), host)


async def test_reflection_is_as_without_tls(papers: Papers) -> None:
    async with (
        serving(tls(papers.server)) as port,
        grpc_client.open_channel(f"127.0.0.1:{port}", tls(papers.client)) as channel,
    ):
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(cast("Any", channel))
        listed = [answer async for answer in stub.ServerReflectionInfo(iter([asked]))]
        names = {each.name for each in listed[0].list_services_response.service}
        assert "coalition.points.v1.PointsService" in names


Server = Callable[[Papers], Tls | None]
#: What the server has, what the client has, and a part of what the operator reads.
REFUSED: dict[str, tuple[Server, Server, str]] = {
    "an authority that the client does not know": (
        lambda given: tls(given.server),
        lambda given: tls(given.theirs.issue("stranger")),
        "not from an authority in COALITION_TLS_AUTHORITY",
    ),
    "a certificate of the server that has ended": (
        lambda given: tls(given.ours.issue("ended", to_days=-0.5)),
        lambda given: tls(given.client),
        "its certificate has ended",
    ),
    "a certificate for another host": (
        lambda given: tls(given.ours.issue("elsewhere", "elsewhere.example")),
        lambda given: tls(given.client),
        "another name than the one that it was called by: see COALITION_TLS_SERVER_NAME",
    ),
    "no certificate of the client": (
        lambda given: tls(given.server),
        lambda given: Tls(given.server.authority),
        "a good certificate (COALITION_TLS_CERTIFICATE)",
    ),
    "a certificate of the client from elsewhere": (
        lambda given: tls(given.server),
        lambda given: Tls(given.server.authority, *_files(given.theirs.issue("intruder"))),
        "a good certificate (COALITION_TLS_CERTIFICATE)",
    ),
    "a certificate of the client that has ended": (
        lambda given: tls(given.server),
        lambda given: tls(given.ours.issue("old client", to_days=-0.5)),
        "a good certificate (COALITION_TLS_CERTIFICATE)",
    ),
    "a client in plain": (
        lambda given: tls(given.server),
        lambda _: None,
        "as with TLS it does to callers without TLS (COALITION_TLS_AUTHORITY)",
    ),
    "a server in plain": (
        lambda _: None,
        lambda given: tls(given.client),
        "it speaks without TLS, which COALITION_TLS_AUTHORITY asks for",
    ),
}


def _files(issued: Issued) -> tuple[Path, Path]:
    return issued.certificate, issued.key


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("case", REFUSED)
async def test_who_is_not_believed_is_refused_and_the_operator_reads_why(papers: Papers, case: str) -> None:
    server, client, words = REFUSED[case]
    async with serving(server(papers)) as port:
        assert words in await refusal(port, client(papers))


async def test_a_name_that_is_expected_is_looked_for_instead_of_the_host(papers: Papers) -> None:
    elsewhere = tls(papers.ours.issue("named", "points.example"))
    async with serving(elsewhere) as port:
        assert await is_healthy(port, tls(papers.client, COALITION_TLS_SERVER_NAME="points.example"))


async def test_clients_need_no_certificate_where_none_is_demanded(papers: Papers) -> None:
    async with serving(tls(papers.server, COALITION_TLS_CLIENTS="false")) as port:
        assert await is_healthy(port, Tls(papers.server.authority))


@pytest.mark.usefixtures("at_once")
async def test_a_renewed_certificate_counts_from_the_next_connection_on(papers: Papers) -> None:
    shown = papers.ours.issue("renewed", "before.example")
    after = papers.ours.issue("after")
    async with serving(tls(shown)) as port:
        assert "another name" in await refusal(port, tls(papers.client))
        # A key without its certificate, as in the middle of a renewal: the old pair goes on.
        _replace(after.key, shown.key)
        assert "another name" in await refusal(port, tls(papers.client))
        _replace(after.certificate, shown.certificate)
        assert await is_healthy(port, tls(papers.client))


def _replace(source: Path, target: Path) -> None:
    shutil.copy(source, f"{target}.new")
    os.replace(f"{target}.new", target)  # noqa: PTH105 - as tools that renew do


async def test_a_server_without_a_certificate_of_its_own_does_not_start(papers: Papers) -> None:
    with pytest.raises(Misconfigured, match="a server needs COALITION_TLS_CERTIFICATE and COALITION_TLS_KEY"):
        async with serving(Tls(papers.server.authority)):
            pass


async def test_the_supervisor_and_a_container_ask_their_own_server_by_its_name(papers: Papers) -> None:
    named = papers.ours.issue("members", "members")
    async with serving(tls(named)) as port:
        assert await _apart(lambda: grpc_is_serving(port, variables(named)))
        assert not await _apart(lambda: grpc_is_serving(port, {}))


async def test_doctor_says_what_is_encrypted_and_until_when(papers: Papers) -> None:
    soon = papers.ours.issue("soon", to_days=12.5)
    async with serving(tls(soon)) as port:
        own, service = await _look(variables(papers.client, COALITION_POINTS_TARGET=f"127.0.0.1:{port}"))
        assert own.verdict is Verdict.OK
        assert "client.pem, certificate until 20" in own.found
        assert service.verdict is Verdict.WARNING
        assert "serving, TLS, certificate until 20" in service.found
        assert service.mend == "renew it: 12 days are left"
        refused = await _look({"COALITION_POINTS_TARGET": f"127.0.0.1:{port}"})
        assert refused[0].verdict is Verdict.MISSING
        assert "COALITION_TLS_AUTHORITY" in refused[0].found
    async with serving(None) as port:
        [plain] = await _look({"COALITION_POINTS_TARGET": f"127.0.0.1:{port}"})
        assert (plain.verdict, plain.found) == (Verdict.OK, f"127.0.0.1:{port}, serving, not encrypted")
    [away] = await _look({"COALITION_MEMBERS_TARGET": "127.0.0.1:1"})
    assert (away.subject, away.verdict) == ("gRPC of members", Verdict.WARNING)
    ended = await _look(variables(papers.ours.issue("ended own", to_days=-0.5)))
    assert (ended[0].verdict, ended[0].mend) == (Verdict.MISSING, "renew it")
    [half] = await _look({"COALITION_TLS_KEY": "key.pem"})
    assert (half.verdict, half.mend) == (Verdict.MISSING, "correct the setting")


async def _look(environment: dict[str, str]) -> list[Finding]:
    return await _apart(lambda: list(grpc_connections(environment)))


async def _apart(work: Callable[[], Any]) -> Any:
    """What blocks, beside the server that it asks."""
    return await asyncio.to_thread(work)
