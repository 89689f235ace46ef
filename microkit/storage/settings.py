"""The settings of the stores; a package's settings inherit those of the stores that it opens."""

from dataclasses import dataclass, field

from microkit.config import Positive, Seconds, Settings


@dataclass(frozen=True, kw_only=True)
class SqlSettings(Settings):
    """Where a service keeps its tables: ``sqlite:////absolute/file`` or ``mysql://…``."""

    database_url: str = field(default="", repr=False)
    database_pool_size: Positive = 4


@dataclass(frozen=True, kw_only=True)
class RedisSettings(Settings):
    """Where a service keeps its keys: ``redis://``, ``rediss://`` or ``unix://``."""

    redis_url: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class ObjectsSettings(Settings):
    """Where videos and covers are kept: ``file:///absolute/folder`` or ``minio://…/bucket``."""

    objects_url: str = field(default="", repr=False)
    # the bucket's address outside: objects are fetched there and not through the API
    objects_public_url: str = ""
    # a private bucket: objects are fetched at signed addresses that expire
    objects_presigned: bool = False
    objects_timeout_seconds: Seconds = 60
