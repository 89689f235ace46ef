"""Connection limits below the limit of file descriptors."""

import logging
import resource
from typing import Final

_log = logging.getLogger(__name__)
# Descriptors for everything else: listeners, pools to services and stores, pipes, a margin.
_OWN: Final = 256
_MIN: Final = 16


def connections_allowed(wanted: int, each: int = 1) -> int:
    """Return the number of connections, at most `wanted`, that descriptors suffice for.

    Args:
        wanted: the configured limit.
        each: descriptors per connection.

    The soft limit is raised if needed. The hard limit is not touched: it is the operator's.
    """
    needed = wanted * each + _OWN
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        soft = max(soft, raised)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    found = max(_MIN, (soft - _OWN) // each)
    _log.warning("connection limit lowered from %d to %d: ulimit -n is %d", wanted, found, soft)
    return found
