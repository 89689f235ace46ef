"""The settings of the HTTP API."""

from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from microkit.config import Positive, Seconds
from microkit.storage.settings import ObjectsSettings, RedisSettings
from microkit.zone import ZoneSettings

# so many at once, and so many a minute in the long run; or off
Limit = Annotated[str, Meta(pattern=r"^([1-9]\d{0,7}:[1-9]\d{0,7}|off)$")]


@dataclass(frozen=True, kw_only=True)
class Settings(ObjectsSettings, RedisSettings, ZoneSettings):
    """Common, object store, Redis and time zone settings, and the API's own."""

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
    # pages that are told at once when something changes, in total and per account
    events_at_once: Positive = 1024
    events_per_account: Positive = 16
    # a file with words that titles, comments, messages, names and signatures must not contain
    words_file: str = ""
    # whether one process a day removes objects without a row (see api/orphans.py)
    sweep_objects: bool = True
    # processes that probe uploads and cut covers
    media_workers: Positive = 1
    # whether other qualities and HLS are made of each video in the background, and videos are
    # accepted that do not play everywhere
    media_renditions: bool = True
    # how long the conversion of a process that is gone is left alone before another one begins anew
    media_lease_seconds: Annotated[int, Meta(ge=1, le=3600)] = 60
    # how far the conversion gives way to all other work on the machine: 19 the most
    media_niceness: Annotated[int, Meta(ge=0, le=19)] = 19
    # rate limits per account
    limit_likes: Limit = "300:60"
    limit_follows: Limit = "200:30"
    limit_comments: Limit = "60:20"
    limit_messages: Limit = "120:60"
    # of marks that say how far a conversation is read
    limit_reads: Limit = "300:120"
    # of changes of a profile or a cover, and of attempts to change a password
    limit_profiles: Limit = "20:6"
    limit_passwords: Limit = "10:2"
    limit_publishes: Limit = "20:2"
    limit_removals: Limit = "60:20"
    limit_searches: Limit = "120:60"
    limit_blocks: Limit = "60:20"
    limit_reports: Limit = "30:6"
    # of searches without a token from one address
    limit_searches_per_address: Limit = "600:300"
    # of failed logins: from one address to one account, and from one address to all accounts to
    # which it has never logged in
    limit_logins: Limit = "10:6"
    limit_logins_per_address: Limit = "100:30"
    # of registrations from one address
    limit_registrations: Limit = "200:20"
    # passwords that are hashed at once for registrations and for logins from new addresses
    hashes_at_once: Positive = 4
    # networks to which the limits per address do not apply, separated by commas
    limit_exempt_addresses: str = ""
    # networks of proxies whose X-Forwarded-For names the client, separated by commas
    trusted_proxies: str = ""
