"""The process that touches what strangers uploaded: `python -m api.media.worker_process`.

It reads requests from standard input and answers on standard output, a line each. It holds no
secrets and no connections, and it ends with its parent, at the latest when standard input does.
"""

import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from queue import SimpleQueue
from typing import BinaryIO

from api.media.process import process
from api.media.processed import Reply, Request, decode_request, encode
from microkit.errors import ParamError

MAX_MEMORY_BYTES = 1 << 30  # address space
CPU_SECONDS = 30  # for one request: the parent's clock should stop it earlier
NICENESS = 10


def main() -> None:
    """Serves requests until standard input ends."""
    answers = _own_stdout()
    _limit_process()
    for request in _requests(sys.stdin.buffer):
        _limit_cpu()
        answers.write(encode(_answer(request)))
        answers.flush()


def _own_stdout() -> BinaryIO:
    """Standard output for answers alone: what libraries print there goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _limit_process() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS refuses this limit
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))


def _limit_cpu() -> None:
    """The limit counts from the start of the process, so it moves on with each request."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    limit = int(time.process_time()) + CPU_SECONDS
    limit = limit if most == resource.RLIM_INFINITY else min(limit, most)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, most))


def _requests(stdin: BinaryIO) -> Iterator[Request]:
    """Requests as they come. A thread reads them, so that a busy process, too, sees the end."""
    lines: SimpleQueue[bytes] = SimpleQueue()

    def read() -> None:
        for line in stdin:
            lines.put(line)
        os._exit(0)  # the parent is gone or wants no more: leave at once, whatever is being done

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield decode_request(lines.get())


def _answer(request: Request) -> Reply:
    try:
        return Reply(processed=process(request.source, request.folder))
    except ParamError as error:
        return Reply(refusal=str(error))
    except MemoryError:
        return Reply(refusal="视频过大，无法处理")


if __name__ == "__main__":
    main()
