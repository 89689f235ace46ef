"""The settings of every process: the environment is read here and nowhere else."""

import os
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

Port = Annotated[int, Meta(ge=0, le=65535)]
Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]

_SECRET: Final = ("SECRET", "URL")


class ConfigError(Exception):
    """A setting that cannot be used: which one, and what is allowed."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting; the environment variable is the field's name in capitals."""

    # where a process listens; unset ports are the service's own, the admin port 100 above it
    listen_host: str = "127.0.0.1"
    port: Port | None = None
    admin_port: Port | None = None

    # logs: auto is lines on a terminal and JSON elsewhere
    log_format: Literal["auto", "line", "json"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    # stores, by URL
    database_url: str = ""
    database_pool_size: Positive = 4
    redis_url: str = ""
    redis_pool_size: Positive = 2
    objects_url: str = ""
    objects_public_url: str = ""
    objects_presigned: bool = False
    objects_pool_size: Positive = 64
    objects_timeout_seconds: Seconds = 60
    store_timeout_ms: Positive = 3000

    # discovery: "static:" is the addresses below, "etcd://…" a registry
    discovery_url: str = "static:"
    discovery_ca_file: str = ""
    discovery_cert_file: str = ""
    discovery_key_file: str = ""
    advertise_host: str = ""
    weight: Positive = 10

    # peers: "host:port" or "host:port@weight", several with commas
    userservice_addresses: str = "127.0.0.1:10000"
    videoservice_addresses: str = "127.0.0.1:10001"
    relationservice_addresses: str = "127.0.0.1:10002"
    favoriteservice_addresses: str = "127.0.0.1:10003"
    commentservice_addresses: str = "127.0.0.1:10004"

    # RPC
    rpc_transport: Literal["framed", "ttheader"] = "framed"
    rpc_timeout_ms: Positive = 2000
    rpc_server_timeout_ms: Positive = 10_000
    rpc_pool_size: Positive = 32
    rpc_max_connections: Positive = 4096
    rpc_max_message_mib: Positive = 16
    rpc_idle_seconds: Seconds = 600
    stop_grace_seconds: Seconds = 5

    # the HTTP API
    api_workers: Positive = 1
    api_max_requests: Positive = 512
    public_url: str = ""
    jwt_secret: str = ""
    jwt_days: Positive = 7
    upload_dir: str = ""
    upload_max_mb: Positive = 100
    upload_min_kib_per_second: Positive = 8
    uploads_at_once: Positive = 32
    uploads_per_client: Positive = 4
    media_workers: Positive = 1

    # what services decide by
    timezone: str = "Asia/Shanghai"
    argon2_threads: Positive = 2

    def zone(self) -> ZoneInfo:
        """Return the time zone.

        Raises:
            ConfigError: there is no such zone.
        """
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            wanted = "want a name like Asia/Shanghai or UTC"
            raise ConfigError(f"TIMEZONE={self.timezone!r}: {wanted}") from error

    def addresses(self) -> dict[str, str]:
        """Return the addresses of every peer by its name, as they were set."""
        suffix = "_addresses"
        names = (field.name for field in msgspec.structs.fields(type(self)))
        return {n.removesuffix(suffix): getattr(self, n) for n in names if n.endswith(suffix)}


def load(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read the settings from `environ` (None: the process's); `overrides` win.

    Raises:
        ConfigError: a value that is not allowed; it names the variable.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        variable = field.encode_name.upper()
        # An empty variable is an unset one: compose files cannot leave one out.
        if text := environ.get(variable, ""):
            values[field.encode_name] = _value(variable, text, field.type)
    return Settings(**{**values, **overrides})


def prefer(variable: str, value: str) -> None:
    """Set a variable that a library reads, unless it is set."""
    os.environ.setdefault(variable, value)


def environment() -> dict[str, str]:
    """Return the process's whole environment, for the processes that it starts."""
    return dict(os.environ)


def _value(variable: str, text: str, kind: Any) -> Any:
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as error:
        shown = "" if variable.endswith(_SECRET) else f"={text!r}"
        raise ConfigError(f"{variable}{shown}: {error}") from None
