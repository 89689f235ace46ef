"""Processes that are started by others of this project."""

import ctypes
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def end_with_parent() -> None:
    """Ask Linux for SIGTERM when the parent is killed, so that nothing is left running.

    Called in the child, between its start and its program (``preexec_fn``).
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == 1:
            os._exit(1)
