"""The child process that reads untrusted uploads: `python -m api.media.child NICENESS`.

It reads requests from standard input and writes replies to standard output, one line each. It has
no secrets and no connections. Its memory, CPU time, files and output are limited, and it cannot use
the network or other processes (`api.media.sandbox`). It exits at the end of standard input, and so
with its parent.
"""

import gc
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from queue import SimpleQueue
from typing import BinaryIO, Final

from api.media import sandbox
from api.media.messages import Reply, Request, decode_request, encode
from api.media.picture import make_picture
from api.media.pipeline import process, render
from api.media.progress import ProgressReport
from microkit.errors import ParamError

_MAX_MEMORY_BYTES: Final = 1 << 30  # address space
_CPU_SECONDS: Final = 10  # per upload; the pool's time limit usually ends it earlier
_RENDER_CPU_SECONDS: Final = 3 * 3600  # per video of up to an hour
_RENDER_BYTES: Final = 2 << 30  # of a rendition: an hour at its largest rate is 1.2 GB
_FILES: Final = 64
_EXTRA_BYTES: Final = 64 << 20  # a written file may exceed the upload by this


def main() -> None:
    """Serve requests until standard input ends."""
    replies = _own_stdout()
    _limit_process(niceness=int(sys.argv[1]))
    gc.freeze()  # what is loaded by now stays, and need not be looked at after each request
    for request in _requests(sys.stdin.buffer):
        _limit_request(request)
        _send(replies, _reply(request, replies))
        # A frame whose side data were read is part of a cycle, and keeps its decoder and threads,
        # whose stacks count against the limit of the address space.
        gc.collect()


def _send(replies: BinaryIO, reply: Reply) -> None:
    replies.write(encode(reply))
    replies.flush()


def _own_stdout() -> BinaryIO:
    """Return standard output for replies; output printed by libraries goes to standard error."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return replies


def _limit_process(niceness: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    os.nice(niceness)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS refuses this limit
        resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY_BYTES, _MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, _FILES))
    sandbox.enter()


def _limit_request(request: Request) -> None:
    """Set the limits for one request. RLIMIT_CPU counts from the start of the process."""
    seconds, written = _CPU_SECONDS, request.source.stat().st_size + _EXTRA_BYTES
    if request.name:
        seconds, written = _RENDER_CPU_SECONDS, _RENDER_BYTES
    _set_soft(resource.RLIMIT_CPU, int(time.process_time()) + seconds)
    _set_soft(resource.RLIMIT_FSIZE, written)


def _set_soft(kind: int, limit: int) -> None:
    _, most = resource.getrlimit(kind)
    resource.setrlimit(kind, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))


def _requests(stdin: BinaryIO) -> Iterator[Request]:
    """Yield requests. A thread reads them, so that the end of input is seen during a request."""
    lines: SimpleQueue[bytes] = SimpleQueue()

    def read() -> None:
        for line in stdin:
            lines.put(line)
        os._exit(0)  # the parent is gone or closed the pipe: end at once

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield decode_request(lines.get())


def _reply(request: Request, replies: BinaryIO) -> Reply:
    try:
        if request.name:
            return Reply(
                rendered=render(
                    request.source,
                    request.folder,
                    request.name,
                    ProgressReport(lambda percent: _send(replies, Reply(percent=percent))),
                )
            )
        if request.size:
            return Reply(picture=make_picture(request.source, request.folder, request.size))
        return Reply(
            processed=process(request.source, request.folder, convertible=request.convertible)
        )
    except ParamError as error:
        return Reply(refusal=str(error))
    except MemoryError:
        return Reply(refusal="图片过大，无法处理" if request.size else "视频过大，无法处理")


if __name__ == "__main__":
    main()
