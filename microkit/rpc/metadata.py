"""Request metadata that every hop of a chain of calls forwards: TTHeader's persistent values."""

import random
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final

from microkit.rpc.ttheader import PERSISTENT

REQUEST_ID: Final = f"{PERSISTENT}REQUEST_ID"

persistent: ContextVar[Mapping[str, str]] = ContextVar("persistent", default=MappingProxyType({}))
"""The persistent values of the current call, keys as on the wire."""


def request_id() -> str:
    """Return the id of the current request, empty outside of one."""
    return persistent.get().get(REQUEST_ID, "")


def new_request_id() -> str:
    """Return a new id of 16 hexadecimal digits: unique, need not be unpredictable."""
    return "%016x" % random.getrandbits(64)  # noqa: UP031 - three times as fast as an f-string
