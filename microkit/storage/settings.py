"""The settings of the stores; a package's settings inherit from those of its stores."""

from dataclasses import dataclass, field

from microkit.config import NotNegative, Positive, Seconds, Settings


@dataclass(frozen=True, kw_only=True)
class SqlSettings(Settings):
    """The SQL database: ``sqlite:////absolute/file`` or ``mysql://…``."""

    database_url: str = field(default="", repr=False)
    database_pool_size: Positive = 4
    # the authority of the server's certificate, for mysql://…?secure=1; unset: the system's
    database_ca_file: str = ""


@dataclass(frozen=True, kw_only=True)
class RedisSettings(Settings):
    """Redis: ``redis://``, ``rediss://``, ``unix://``, ``redis+cluster://``, ``rediss+cluster://``."""

    redis_url: str = field(default="", repr=False)
    # the authority of the server's certificate, for rediss://; unset: the system's
    redis_ca_file: str = ""
    # on a cluster: replicas that have a write before it is acknowledged
    redis_wait_replicas: NotNegative = 1
    # refuse writes, while the command `copy` moves the data to a cluster
    redis_read_only: bool = False
    # where that command copies from
    redis_source_url: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class ObjectsSettings(Settings):
    """The object store: ``file:///absolute/folder`` or ``minio://…/bucket``."""

    objects_url: str = field(default="", repr=False)
    # the authority of the server's certificate, for ?secure=1; unset: the system's
    objects_ca_file: str = ""
    # the bucket's public URL: clients fetch objects there instead of through the API
    objects_public_url: str = ""
    # a private bucket: clients fetch objects at presigned URLs, which expire
    objects_presigned: bool = False
    objects_timeout_seconds: Seconds = 60
