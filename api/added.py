"""Methods that we added to the original contracts, with a fallback.

If a service does not know an added method, the original methods are called instead, which takes
more RPCs; this is logged once. A minute later the added method is tried again: during a rolling
update of the service only its older instances do not know it.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from microkit.background import UNKNOWN_SECONDS
from microkit.errors import UnknownMethod

_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(slots=True)
class AddedMethod:
    """A method we added; after an UnknownMethod reply it is not called for a minute of `clock`."""

    name: str
    clock: Callable[[], float] = time.monotonic
    _retry_at: float | None = None  # None: the service knows it

    async def call(
        self, added: Callable[[], Awaitable[T]], original: Callable[[], Awaitable[T]]
    ) -> T:
        """Call `added`, or `original` if the service does not know the method."""
        if self._retry_at is None or self.clock() >= self._retry_at:
            try:
                answer = await added()
            except UnknownMethod:
                if self._retry_at is None:
                    _log.warning(
                        "the service has no %s: calling the original methods instead", self.name
                    )
                self._retry_at = self.clock() + UNKNOWN_SECONDS
            else:
                self._retry_at = None
                return answer
        return await original()
