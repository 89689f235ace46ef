"""Methods that we added to the original contracts, with a fallback.

If a service does not know an added method, the original methods are called instead, which takes
more RPCs; this is logged once.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from microkit.errors import UnknownMethod

_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(slots=True)
class AddedMethod:
    """A method we added; `supported` turns False at the first UnknownMethod reply."""

    name: str
    supported: bool = True

    async def call(
        self, added: Callable[[], Awaitable[T]], original: Callable[[], Awaitable[T]]
    ) -> T:
        """Call `added`, or `original` if the service does not know the method."""
        if self.supported:
            try:
                return await added()
            except UnknownMethod:
                self.supported = False
                _log.warning(
                    "the service has no %s: calling the original methods instead", self.name
                )
        return await original()
