"""The stores of services on Redis: each SQL engine with one Redis, and a Redis Cluster."""

from collections.abc import Callable

import pytest
import stores


@pytest.fixture(params=["sqlite", "mariadb", "cluster"])
def world(request: pytest.FixtureRequest) -> str:
    """SQLite or MariaDB with one Redis, or SQLite with a Redis Cluster."""
    kind: str = request.param
    return kind


@pytest.fixture
def database_url(request: pytest.FixtureRequest, world: str) -> Callable[[str], str]:
    return stores.database(request, "sqlite" if world == "cluster" else world)


@pytest.fixture
def redis_url(request: pytest.FixtureRequest, world: str) -> str:
    return stores.redis(request, "cluster" if world == "cluster" else "one")
