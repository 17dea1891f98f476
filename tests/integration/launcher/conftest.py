import pytest


@pytest.fixture(autouse=True)
def embedded_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are about the servers we start, whatever the other tests use."""
    for name in ("DATABASE_URL", "NATS_URL", "COALITION_STATE_DIR"):
        monkeypatch.delenv(name, raising=False)
