"""URLs of stores, and the certificates they are trusted by."""

import ssl
from urllib.parse import SplitResult, urlsplit

from microkit.config import ConfigError


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
