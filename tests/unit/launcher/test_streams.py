"""How many servers keep each stream."""

import pytest

from services.launcher.errors import MigrationFailed
from services.launcher.streams import REPLICAS, check_replicas


@pytest.mark.parametrize("text", ["", "1", "3", "5"])
def test_a_majority_of_some_servers_can_be_had(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(REPLICAS, text)
    check_replicas()


@pytest.mark.parametrize("text", ["0", "2", "four"])
def test_a_number_that_no_cluster_keeps_a_stream_on_is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(REPLICAS, text)
    with pytest.raises(MigrationFailed, match=REPLICAS):
        check_replicas()
