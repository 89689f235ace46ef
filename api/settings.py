"""The settings of the HTTP API."""

from dataclasses import dataclass, field

from microkit.config import Positive, Seconds
from microkit.storage.settings import ObjectsSettings
from microkit.zone import ZoneSettings


@dataclass(frozen=True, kw_only=True)
class Settings(ObjectsSettings, ZoneSettings):
    """Those of every process and of the object store, and the API's own."""

    # processes that share the port
    api_workers: Positive = 1
    # requests at once; one more is refused
    api_max_requests: Positive = 512
    # connections at once, for which there have to be two descriptors each
    api_max_connections: Positive = 4096
    # how long a request's headers may take, a connection may wait for the next request, and a
    # client may read less than 4 KiB/s
    api_header_seconds: Seconds = 15
    api_keepalive_seconds: Seconds = 75
    api_send_seconds: Seconds = 30
    # what may wait on all connections for clients that read slowly
    api_max_unsent_mib: Positive = 128
    # what object URLs begin with (empty: the address that the request was sent to)
    public_url: str = ""
    # of the times in chats with an original relationservice
    timezone: str = "Asia/Shanghai"
    # signs tokens; at least 32 bytes
    jwt_secret: str = field(default="", repr=False)
    jwt_days: Positive = 7
    # where uploads are received (empty: below the temporary folder), and what is allowed
    upload_dir: str = ""
    upload_max_mb: Positive = 100
    # an upload that sends less over 20 seconds is cut off
    upload_min_kib_per_second: Positive = 8
    # uploads under way, and a quarter as many whose token comes after the file; of one user or
    # address
    uploads_at_once: Positive = 32
    uploads_per_client: Positive = 4
    # processes that probe uploads and cut covers
    media_workers: Positive = 1
