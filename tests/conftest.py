"""What all tests share. The servers themselves are up before this file is read: see tests/cluster.py."""

import os
from collections.abc import Iterator

import pytest
import redis


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    """This worker's part of the real broker, empty before and after."""
    address, _, options = os.environ["REDIS_URL"].partition("?")
    path = address.removeprefix("redis+socket://")
    number = int(options.removeprefix("virtual_host=") or 0)
    client = redis.Redis(unix_socket_path=path, db=number)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()
