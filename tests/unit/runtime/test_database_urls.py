"""What of a database URL reaches the driver."""

from __future__ import annotations

import socket
from urllib.parse import quote

import pytest

from services.runtime.database import Database

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("password", ["a#b", "a/b", "a?b", "a%23b", quote("p@:/#?%", safe="")])
async def test_a_password_with_odd_characters_is_no_part_of_another_part_of_the_url(password: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    # Nobody listens there, which is what it is to come to: anything else was told of a URL that was read wrongly.
    url = f"postgresql://role:{password}@127.0.0.1:{port}/name?sslmode=disable"
    database = Database(url, "test", 2, 5)
    try:
        with pytest.raises(ConnectionRefusedError):
            await database.writer.connect_alone({})
    finally:
        await database.close()
