"""What commands share about the terminal: the end of a closed pipe, and QR codes."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TextIO

_CLOSED_PIPE: Final = 141
"""The exit code of a program that SIGPIPE ended, as shells report it."""


@contextmanager
def quiet_when_closed() -> Iterator[None]:
    """End the command without a traceback if the reader of its output is gone (``| head -1``)."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes standard output once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_CLOSED_PIPE)


def print_qr_code(url: str, output: TextIO) -> None:
    """Print an address as a QR code that a phone can read, if `output` is a terminal."""
    if output.isatty():
        import segno

        segno.make(url, error="l").terminal(output, compact=True)
