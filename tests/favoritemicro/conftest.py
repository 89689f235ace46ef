"""The stores of the service's tests."""

from redis_world import database_url, redis_url, world

__all__ = ["database_url", "redis_url", "world"]
