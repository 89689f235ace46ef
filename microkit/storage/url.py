"""URLs of stores, and the certificates they are trusted by."""

import ssl
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from microkit.config import ConfigError

_REPLICA: Final = "replica="
_INVALID_REPLICA: Final = (
    "DATABASE_URL: want replica=host or replica=host:port for each replica, as in "
    "mysql://user:password@host:port/name?replica=host&replica=host"
)


def split(text: str, invalid: str) -> SplitResult:
    """Return the parts of a URL; its port, if it has one, is valid.

    Raises:
        ConfigError: with the message `invalid`; the URL, which may have a password, is not in it.
    """
    try:
        url = urlsplit(text)
        valid = url.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ConfigError(invalid)
    return url


def split_replicas(url: SplitResult) -> tuple[SplitResult, list[SplitResult]]:
    """Return a database's URL without its ``replica=host:port``, and a URL for each of them.

    User, password, name and TLS are those of the primary.

    Raises:
        ConfigError: a replica is not a host, with or without a port.
    """
    parts = url.query.split("&")
    hosts = [unquote(each.removeprefix(_REPLICA)) for each in parts if each.startswith(_REPLICA)]
    rest = "&".join(each for each in parts if not each.startswith(_REPLICA))
    primary = url._replace(query=rest)
    return primary, [_at_host(primary, host) for host in hosts]


def _at_host(url: SplitResult, host: str) -> SplitResult:
    user, at, _ = url.netloc.rpartition("@")
    moved = split(urlunsplit(url._replace(netloc=f"{user}{at}{host}")), _INVALID_REPLICA)
    if not moved.hostname or "@" in host or moved.path != url.path:
        raise ConfigError(_INVALID_REPLICA)
    return moved


def is_secure(url: SplitResult, invalid: str) -> bool:
    """Return whether the query of a URL is ``secure=1``; ``secure=0`` or none is False.

    Raises:
        ConfigError: it is something else; with the message `invalid`.
    """
    if url.query not in ("", "secure=0", "secure=1") or url.fragment:
        raise ConfigError(invalid)
    return url.query == "secure=1"


def trust(setting: str, ca_file: str) -> ssl.SSLContext:
    """Return a context that trusts `ca_file`, the system's authorities if it is empty.

    Raises:
        ConfigError: the file has no certificate; `setting` is in the message.
    """
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:  # an ssl.SSLError is one
        raise ConfigError(f"{setting}: {ca_file}: {error}") from error
