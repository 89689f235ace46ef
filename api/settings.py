"""The settings of the HTTP API."""

from dataclasses import dataclass

from microkit.config import Positive
from microkit.storage.settings import ObjectsSettings
from microkit.zone import ZoneSettings


@dataclass(frozen=True, kw_only=True)
class Settings(ObjectsSettings, ZoneSettings):
    """Those of every process and of the object store, and the API's own."""

    # processes that share the port
    api_workers: Positive = 1
    # requests at once; one more is refused
    api_max_requests: Positive = 512
    # what object URLs begin with (empty: the address that the request was sent to)
    public_url: str = ""
    # of the times in chats with an original relationservice
    timezone: str = "Asia/Shanghai"
    # signs tokens; at least 32 bytes
    jwt_secret: str = ""
    jwt_days: Positive = 7
    # where uploads are received (empty: below the temporary folder), and what is allowed
    upload_dir: str = ""
    upload_max_mb: Positive = 100
    upload_min_kib_per_second: Positive = 8
    uploads_at_once: Positive = 32
    uploads_per_client: Positive = 4
    # processes that probe uploads and cut covers
    media_workers: Positive = 1
