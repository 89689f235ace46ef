"""Processes that are started by others of this project."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def ends_with_parent() -> Callable[[], None]:
    """Return what makes Linux send SIGTERM when this process is killed: nothing is left running.

    It is called in the child, between its start and its program (``preexec_fn``).
    """
    parent = os.getpid()

    def ask() -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # it was killed in between
                os._exit(1)

    return ask
