"""The settings of the HTTP API."""

from dataclasses import dataclass, field

from microkit.config import Positive, Seconds
from microkit.storage.settings import ObjectsSettings
from microkit.zone import ZoneSettings


@dataclass(frozen=True, kw_only=True)
class Settings(ObjectsSettings, ZoneSettings):
    """Common, object store and time zone settings, and the API's own."""

    # processes that share the port
    api_workers: Positive = 1
    # concurrent method calls; further ones are refused
    api_max_requests: Positive = 512
    # open connections; each needs two file descriptors
    api_max_connections: Positive = 4096
    # limits for receiving a request's headers, for an idle connection, and for a client that reads
    # less than 4 KiB/s
    api_header_seconds: Seconds = 15
    api_keepalive_seconds: Seconds = 75
    api_send_seconds: Seconds = 30
    # response bytes buffered for slow readers, over all connections
    api_max_unsent_mib: Positive = 128
    # base URL of object URLs (empty: the address that the request was sent to)
    public_url: str = ""
    # time zone of dates from an original relationservice
    timezone: str = "Asia/Shanghai"
    # signs tokens; at least 32 bytes
    jwt_secret: str = field(default="", repr=False)
    jwt_days: Positive = 7
    # folder for uploads in progress (empty: below the temporary folder), and their limits
    upload_dir: str = ""
    upload_max_mb: Positive = 100
    # an upload that is slower over 20 seconds is refused
    upload_min_kib_per_second: Positive = 8
    # concurrent uploads (a quarter as many more if the token comes after the file), in total and
    # per user or address
    uploads_at_once: Positive = 32
    uploads_per_client: Positive = 4
    # whether one process a day removes objects without a row (see api/orphans.py)
    sweep_objects: bool = True
    # processes that probe uploads and cut covers
    media_workers: Positive = 1
