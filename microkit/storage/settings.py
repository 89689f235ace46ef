"""The settings of the stores; a package's settings inherit from those of its stores."""

from dataclasses import dataclass, field

from microkit.config import Positive, Seconds, Settings


@dataclass(frozen=True, kw_only=True)
class SqlSettings(Settings):
    """The SQL database: ``sqlite:////absolute/file`` or ``mysql://…``."""

    database_url: str = field(default="", repr=False)
    database_pool_size: Positive = 4


@dataclass(frozen=True, kw_only=True)
class RedisSettings(Settings):
    """Redis: ``redis://``, ``rediss://`` or ``unix://``."""

    redis_url: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class ObjectsSettings(Settings):
    """The object store: ``file:///absolute/folder`` or ``minio://…/bucket``."""

    objects_url: str = field(default="", repr=False)
    # the bucket's public URL: clients fetch objects there instead of through the API
    objects_public_url: str = ""
    # a private bucket: clients fetch objects at presigned URLs, which expire
    objects_presigned: bool = False
    objects_timeout_seconds: Seconds = 60
