"""Every Redis key of the API: token buckets, what is known about addresses, recommended videos.

Lane: a number below 1024, the hash tag that keeps the keys of one script on one cluster slot:
account id mod 1024, or a checksum of the address. NAME is a digest of an account's name.

    limit:{lane}:ACTION:ACCOUNT           time  bucket of an account's actions of one kind
    limit:{lane}:registrations:ADDRESS    time  bucket of an address's registrations
    limit:{lane}:logins:ADDRESS           time  bucket of an address's failed logins
    limit:{lane}:logins:ADDRESS:NAME      time  bucket of its failed logins to one account
    limit:{lane}:known:ADDRESS:NAME       1     the address has logged in to the account; expires
    limit:{lane}:searches:ADDRESS         time  bucket of an address's searches without a token
    recommended:{lane}:ranking:PERIOD     bytes  the candidates of a period of 30 s; expires
    recommended:{lane}:seen:ACCOUNT       zset   videos that the account was shown; expires
"""

import hashlib
import zlib

from microkit.text import normal

LANES = 1024


def actions(kind: str, account: int) -> str:
    """Return the key of the bucket of an account's actions."""
    return f"limit:{{{account % LANES}}}:{kind}:{account}"


def registrations(address: str) -> str:
    """Return the key of the bucket of an address's registrations."""
    return f"limit:{_lane(address)}:registrations:{address}"


def searches(address: str) -> str:
    """Return the key of the bucket of an address's searches without a token."""
    return f"limit:{_lane(address)}:searches:{address}"


def ranking(period: int) -> str:
    """Return the key of a period's ranking."""
    return f"recommended:{{{period % LANES}}}:ranking:{period}"


def seen(account: int) -> str:
    """Return the key of what an account was shown."""
    return f"recommended:{{{account % LANES}}}:seen:{account}"


def logins(address: str) -> str:
    """Return the key of the bucket of an address's failed logins."""
    return f"limit:{_lane(address)}:logins:{address}"


def logins_to(address: str, name: str) -> str:
    """Return the key of the bucket of an address's failed logins to the account of a name."""
    return f"{logins(address)}:{_digest(name)}"


def known(address: str, name: str) -> str:
    """Return the key that exists if the address has logged in to the account of a name."""
    return f"limit:{_lane(address)}:known:{address}:{_digest(name)}"


def _lane(address: str) -> str:
    return f"{{{zlib.crc32(address.encode()) % LANES}}}"


def _digest(name: str) -> str:
    return hashlib.sha256(normal(name).encode("utf-8", "replace")).hexdigest()[:24]
