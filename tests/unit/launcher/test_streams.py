"""How many servers keep each stream."""

import pytest

from services.launcher.errors import MigrationFailed
from services.launcher.streams import REPLICAS, replicas


def test_one_server_keeps_a_stream_where_nobody_says_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REPLICAS, raising=False)
    assert replicas() == 1


def test_a_number_that_is_no_majority_of_servers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REPLICAS, "3")
    assert replicas() == 3
    for text in ("0", "2", "four"):
        monkeypatch.setenv(REPLICAS, text)
        with pytest.raises(MigrationFailed, match=REPLICAS):
            replicas()
