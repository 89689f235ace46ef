"""The priorities of the threads that hash passwords."""

import asyncio
import os
import sys
import threading

import pytest

from usermicro.password import open_passwords


class Priorities:
    """Returns the thread's priority as the hash; `threads` of them wait for each other."""

    def __init__(self, threads: int) -> None:
        self._meeting = threading.Barrier(threads)
        self._first = True

    def hash(self, _: str) -> str:
        if self._first:
            self._first = False
        else:
            self._meeting.wait(30)
        return str(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux")
async def test_one_thread_keeps_its_priority_so_that_logins_progress_under_load():
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    async with open_passwords(3, Priorities(3)) as passwords:
        found = await asyncio.gather(*(passwords.hash("x") for _ in range(3)))
    assert sorted(map(int, found)) == [own, 10, 10]
