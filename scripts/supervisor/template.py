"""The template process: it has imported all packages, and forks the processes of the system.

A fork starts in a tenth of the time of a new interpreter and shares the memory of the imports.

Run by `forked.Template` with a socket as the file descriptor ``argv[1]``. Each line read from it is
a JSON object: ``package`` to run and its complete ``environment``. Each line written is either the
reply, ``{"pid": P}``, or ``{"exited": P, "code": C}``; C is -N after signal N.
"""

import gc
import importlib
import importlib.util
import os
import runpy
import signal
import socket
import sys

import msgspec
import setproctitle

import api
from microkit.process import terminate_with_parent
from scripts.supervisor.system import SERVICES


class _Request(msgspec.Struct):
    """What the new process shall be."""

    package: str
    environment: dict[str, str]


def main() -> None:
    """Fork until the socket is closed; in a forked process, run its package."""
    _import_all()
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        request = _serve(channel)
    if request is not None:
        _run(request)


def _import_all() -> None:
    importlib.import_module("microkit.main")
    for service in (*SERVICES, api.SERVICE):
        importlib.import_module(service.server)
        if importlib.util.find_spec(f"{service.package}.handler"):
            service.module("handler")
    # The collector writes to each object it looks at, which would copy the shared pages.
    gc.collect()
    gc.freeze()


def _serve(channel: socket.socket) -> _Request | None:
    """Fork a process for each request; return the request in it, None at the end of the socket."""

    def report_exits(*_: object) -> None:
        while exited := _exited():
            pid, code = exited
            channel.sendall(msgspec.json.encode({"exited": pid, "code": code}) + b"\n")

    signal.signal(signal.SIGCHLD, report_exits)
    set_death_signal = terminate_with_parent()
    with channel.makefile("rb") as lines:
        for line in lines:
            request = msgspec.json.decode(line, type=_Request)
            # The reply comes before the report of the exit.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
            pid = os.fork()
            if pid == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
                os.setsid()
                set_death_signal()
                return request
            channel.sendall(msgspec.json.encode({"pid": pid}) + b"\n")
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    return None


def _exited() -> tuple[int, int] | None:
    """Return the process id and the code of a child that has exited."""
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, os.waitstatus_to_exitcode(status)) if pid else None


def _run(request: _Request) -> None:
    # First: it overwrites the memory of the first environment, which it has to find unchanged.
    setproctitle.setproctitle(f"python -m {request.package}")
    os.environ.clear()
    os.environ.update(request.environment)
    sys.argv = [request.package]
    runpy.run_module(request.package, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
