"""The hash slots of a Redis Cluster: the slot of a key, and the masters of all slots."""

import functools
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

SLOTS: Final = REDIS_CLUSTER_HASH_SLOTS


class NodeAddress(NamedTuple):
    """Where a node listens."""

    host: str
    port: int


class Range(NamedTuple):
    """Slots `first` to `last` and their master."""

    first: int
    last: int
    master: NodeAddress


class Redirect(NamedTuple):
    """The reply of a node that does not have a slot.

    `moved`: the slot has another master; else only this command is to be sent there ("ASK").
    """

    moved: bool
    to: NodeAddress


def slot_of(key: str) -> int:
    """Return the slot of a key."""
    end = key.find("}")
    return _slot(key[key.find("{") : end + 1] if end > 0 else key)


@functools.lru_cache(4096)
def _slot(key: str) -> int:
    return key_slot(key.encode())


def ranges(reply: Sequence[Any], asked: NodeAddress) -> Iterator[Range]:
    """Yield the ranges in a reply to `CLUSTER SLOTS`; a node without a host is that of `asked`."""
    for first, last, (host, port, *_), *_replicas in reply:
        yield Range(first, last, NodeAddress(_host(host, asked), port))


def redirect(error: str, asked: NodeAddress) -> Redirect | None:
    """Parse ``MOVED 3999 127.0.0.1:6381`` or ``ASK …``; None for another error."""
    kind, _, rest = error.partition(" ")
    if kind not in ("MOVED", "ASK"):
        return None
    host, _, port = rest.partition(" ")[2].rpartition(":")
    return Redirect(kind == "MOVED", NodeAddress(_host(host.encode(), asked), int(port)))


def _host(stated: bytes | None, asked: NodeAddress) -> str:
    """Return the host that a node stated; "?" and nothing are that of the node that was asked."""
    return asked.host if stated in (None, b"", b"?") else stated.decode()
