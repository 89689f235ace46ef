"""Password hashing with Argon2id in a few threads; all but one have a low priority."""

import asyncio
import itertools
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from microkit.admission import Admission

T = TypeVar("T")

# OWASP's minimum for Argon2id: 19 MiB, two passes, one lane.
HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_WAITING: Final = 128


class Passwords:
    """Hashes and verifies passwords; refuses when the queue is full.

    Args:
        hasher: the algorithm and its cost.
        executor: the threads that hash.
        dummy: the hash verified for unknown names, so that they take as long.
    """

    def __init__(self, hasher: PasswordHasher, executor: ThreadPoolExecutor, dummy: str) -> None:
        self._hasher = hasher
        self._executor = executor
        self._dummy = dummy
        self._admission = Admission(_WAITING, name="passwords")

    async def hash(self, password: str) -> str:
        """Return the hash to store.

        Raises:
            Overloaded: the queue is full.
        """
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Return whether the password matches; without a hash False, after the same work.

        Raises:
            Overloaded: the queue is full.
        """
        matches = await self._run(lambda: self._matches(password_hash or self._dummy, password))
        return matches and password_hash is not None

    async def _run(self, work: Callable[[], T]) -> T:
        with self._admission:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (Argon2Error, InvalidHashError):
            return False


@asynccontextmanager
async def open_passwords(threads: int, hasher: PasswordHasher = HASHER) -> AsyncIterator[Passwords]:
    """Start the threads; wait for them at the end."""
    number = itertools.count()
    with ThreadPoolExecutor(threads, "argon2", lambda: _set_priority(next(number))) as executor:
        dummy = await asyncio.get_running_loop().run_in_executor(executor, hasher.hash, "dummy")
        yield Passwords(hasher, executor, dummy)


def _set_priority(number: int) -> None:
    """Lower the priority of all threads but the first, so that logins progress on a busy machine.

    On Linux a thread has its own nice value. At 10 it gets a tenth of a busy core.
    """
    if number and sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
