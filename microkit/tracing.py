"""Turns tracing on, if the settings name an OpenTelemetry endpoint. Loads no SDK otherwise."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from microkit import observe
from microkit.config import ConfigError, Settings

_MISSING = (
    "OTEL_EXPORTER_OTLP_ENDPOINT: tracing needs the libraries of the extra `otel`: "
    'pip install ".[otel]"'
)


def enabled(settings: Settings) -> bool:
    """Return whether the settings turn tracing on."""
    endpoint = settings.otel_exporter_otlp_endpoint or settings.otel_exporter_otlp_traces_endpoint
    exports = settings.otel_traces_exporter != "none"
    return bool(endpoint) and exports and not settings.otel_sdk_disabled


@asynccontextmanager
async def open_tracing(service: str, settings: Settings) -> AsyncIterator[None]:
    """Record spans of the calls of this process while the block runs; then send the last ones.

    Raises:
        ConfigError: the libraries are not installed, or a setting cannot be used.
    """
    if not enabled(settings):
        yield
        return
    try:
        from microkit.tracer import open_tracer
    except ModuleNotFoundError as error:
        raise ConfigError(_MISSING) from error
    async with open_tracer(service, settings) as tracer:
        observe.observers.append(tracer)
        try:
            yield
        finally:
            observe.observers.remove(tracer)
