"""Methods that we added to the original contracts, with a fallback.

If a service does not know an added method, the original methods are called instead, which takes
more RPCs; this is logged once. A minute later the added method is tried again: during a rolling
update of the service only its older instances do not know it.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from microkit.errors import UnknownMethod

_log = logging.getLogger(__name__)
T = TypeVar("T")

_RETRY_SECONDS: Final = 60.0


@dataclass(slots=True)
class AddedMethod:
    """A method we added; after an UnknownMethod reply it is not called for a minute."""

    name: str
    _retry_at: float = 0.0  # by time.monotonic(); 0: it is known

    async def call(
        self, added: Callable[[], Awaitable[T]], original: Callable[[], Awaitable[T]]
    ) -> T:
        """Call `added`, or `original` if the service does not know the method."""
        if not self._retry_at or time.monotonic() >= self._retry_at:
            try:
                return await added()
            except UnknownMethod:
                if not self._retry_at:
                    _log.warning(
                        "the service has no %s: calling the original methods instead", self.name
                    )
                self._retry_at = time.monotonic() + _RETRY_SECONDS
        return await original()
