"""Settings from the environment, which is read only here."""

import dataclasses
import os
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

Port = Annotated[int, Meta(ge=0, le=65535)]
Positive = Annotated[int, Meta(ge=1)]
NotNegative = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(gt=0)]

_SECRET: Final = ("SECRET", "URL")  # suffixes of variables whose values are not shown
_ADDRESSES: Final = "_ADDRESSES"


class StartupError(Exception):
    """The process cannot start until an operator acts: a restart does not help.

    The message names the file or setting, what is wrong, and what to do. It has no secret.
    """


class ConfigError(StartupError):
    """A setting is invalid; the text names it and says what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of every process; a field's environment variable is its name in capitals.

    A package's own settings are a subclass in its ``settings.py``. Those of the stores are in
    `microkit.storage.settings`.
    """

    # listen address; a port of None is the service's default, the admin port 100 above it
    listen_host: str = "127.0.0.1"
    port: Port | None = None
    # /metrics and /healthz, for operators; loopback by default
    admin_host: str = "127.0.0.1"
    admin_port: Port | None = None

    # logs; auto: lines on a terminal, else JSON
    log_format: Literal["auto", "line", "json"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    # discovery; "static:" uses the addresses below, "etcd://…" a registry
    discovery_url: str = field(default="static:", repr=False)
    discovery_ca_file: str = ""
    discovery_cert_file: str = ""
    discovery_key_file: str = ""
    advertise_host: str = ""
    weight: Positive = 10

    # static discovery, by service, from the variables NAME_ADDRESSES: "host:port" or
    # "host:port@weight", separated by commas; on this machine also "unix:/path"
    addresses: Mapping[str, str] = field(default_factory=dict)

    # RPC
    rpc_transport: Literal["framed", "ttheader"] = "ttheader"
    rpc_timeout_ms: Positive = 2000
    rpc_server_timeout_ms: Positive = 10_000
    rpc_pool_size: Positive = 32
    # a Unix socket on which a service serves RPC too, for callers on the same machine
    rpc_socket: str = ""
    rpc_max_message_mib: Positive = 16
    # list elements, keys, values and fields of a request in all; elements of each list in a reply
    rpc_max_elements: Positive = 25_000

    # traces: OpenTelemetry's variables, as its specification defines them; off without an endpoint
    otel_exporter_otlp_endpoint: str = ""
    otel_exporter_otlp_traces_endpoint: str = ""
    otel_exporter_otlp_protocol: Literal["http/protobuf", "grpc"] = "http/protobuf"
    otel_traces_exporter: Literal["otlp", "none"] = "otlp"
    otel_traces_sampler: Literal[
        "always_on",
        "always_off",
        "traceidratio",
        "parentbased_always_on",
        "parentbased_always_off",
        "parentbased_traceidratio",
    ] = "parentbased_always_on"
    otel_traces_sampler_arg: Annotated[float, Meta(ge=0, le=1)] = 1.0
    otel_service_name: str = ""
    otel_resource_attributes: str = ""
    otel_sdk_disabled: bool = False

    # time limits of stores and of a graceful stop
    store_timeout_ms: Positive = 3000
    stop_grace_seconds: Seconds = 5


S = TypeVar("S", bound=Settings)


def load(kind: type[S], environ: Mapping[str, str] | None = None, **overrides: Any) -> S:
    """Read settings of `kind` from `environ` (None: ``os.environ``); `overrides` take precedence.

    Raises:
        ConfigError: a value is invalid; the text names the variable.
    """
    # An empty variable counts as unset, because compose files cannot omit one.
    environ = os.environ if environ is None else environ
    nonempty = {name: text for name, text in environ.items() if text}
    values: dict[str, Any] = {
        name: _value(variable, nonempty[variable], annotation)
        for name, (variable, annotation) in variables(kind).items()
        if variable in nonempty
    }
    values["addresses"] = {
        name.removesuffix(_ADDRESSES).lower(): text
        for name, text in nonempty.items()
        if name.endswith(_ADDRESSES)
    }
    return kind(**{**values, **overrides})


def variables(kind: type[Settings]) -> dict[str, tuple[str, Any]]:
    """Return the environment variable and the type of each field except `addresses`."""
    types = typing.get_type_hints(kind, include_extras=True)
    names = [each.name for each in dataclasses.fields(kind) if each.name != "addresses"]
    return {name: (name.upper(), types[name]) for name in names}


def set_default_environment(variable: str, value: str) -> None:
    """Set an environment variable for a library, unless it is set already."""
    os.environ.setdefault(variable, value)


def environment() -> dict[str, str]:
    """Return a copy of the environment for a child process."""
    return dict(os.environ)


def _value(variable: str, text: str, kind: Any) -> Any:
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as error:
        assignment = variable if variable.endswith(_SECRET) else f"{variable}={text!r}"
        raise ConfigError(f"{assignment}: {error}") from None
