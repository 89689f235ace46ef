"""Request metadata that every hop of a chain of calls forwards: TTHeader's persistent values."""

import random
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final

from microkit.rpc.ttheader import PERSISTENT, TRACEPARENT

REQUEST_ID: Final = f"{PERSISTENT}REQUEST_ID"

_TRACE_ID_DIGITS: Final = 32

persistent: ContextVar[Mapping[str, str]] = ContextVar("persistent", default=MappingProxyType({}))
"""The persistent values of the current call, keys as on the wire."""


def request_id() -> str:
    """Return the id of the current request, empty outside of one."""
    return persistent.get().get(REQUEST_ID, "")


def new_request_id() -> str:
    """Return a new id of 16 hexadecimal digits: unique, need not be unpredictable."""
    return "%016x" % random.getrandbits(64)  # noqa: UP031 - three times as fast as an f-string


def new_trace_id() -> str:
    """Return a new request id of 32 hexadecimal digits, which is the id of the trace too."""
    return "%032x" % random.getrandbits(128)  # noqa: UP031


def is_trace_id(request_id: str) -> bool:
    """Return whether a request id was made by `new_trace_id`."""
    return len(request_id) == _TRACE_ID_DIGITS


def unsampled(trace_id: str) -> str:
    """Return the traceparent of a request that its first process chose not to record."""
    return f"00-{trace_id}-{trace_id[16:]}-00"


def explicit(values: Mapping[str, str]) -> Mapping[str, str]:
    """Return the values with a traceparent, for peers that do not read the trace id as ours do.

    Between our services the trace of a request that is not recorded is its request id alone: a
    second text in every message costs more than the rest of the tracing of such a request.
    """
    request_id = values.get(REQUEST_ID, "")
    if TRACEPARENT in values or not is_trace_id(request_id):
        return values
    return {**values, TRACEPARENT: unsampled(request_id)}
