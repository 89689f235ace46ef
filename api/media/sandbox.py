"""The child's sandbox: no network, no other programs, no other processes.

A seccomp filter (Linux, `seccomp(2)`) makes system calls fail that a decoder never needs. It needs
no privileges and cannot be removed. Other platforms have no filter.
"""

import ctypes
import platform
import struct
import sys
from collections.abc import Iterable, Iterator
from errno import EPERM
from typing import Final

# System call numbers (<asm/unistd.h>): sockets, exec, the memory of other processes.
_X86_64: Final = {
    "socket": 41, "connect": 42, "accept": 43, "sendto": 44, "bind": 49, "listen": 50,
    "socketpair": 53, "execve": 59, "ptrace": 101, "accept4": 288, "process_vm_readv": 310,
    "process_vm_writev": 311, "execveat": 322, "bpf": 321, "io_uring_setup": 425,
    "pidfd_getfd": 438,
}  # fmt: skip
_AARCH64: Final = {
    "ptrace": 117, "socket": 198, "socketpair": 199, "bind": 200, "listen": 201, "accept": 202,
    "connect": 203, "sendto": 206, "execve": 221, "accept4": 242, "process_vm_readv": 270,
    "process_vm_writev": 271, "bpf": 280, "execveat": 281, "io_uring_setup": 425,
    "pidfd_getfd": 438,
}  # fmt: skip
# platform.machine() to (AUDIT_ARCH number of <linux/audit.h>, system call numbers).
_MACHINES: Final = {"x86_64": (0xC000003E, _X86_64), "aarch64": (0xC00000B7, _AARCH64)}

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
# <linux/bpf_common.h>: load a word, compare, return.
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | EPERM
_NUMBER_AT, _ARCH_AT = 0, 4  # in struct seccomp_data
_X32: Final = 0x40000000  # the x32 ABI's numbers on x86_64


class _Program(ctypes.Structure):
    """``struct sock_fprog``."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def enter() -> bool:
    """Install the filter; return whether the platform supports it."""
    machine = _MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        return False
    arch, numbers = machine
    code = b"".join(_filter(arch, sorted(numbers.values())))
    program = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        filtered = libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program))
        return bool(filtered == 0)
    return False


def _filter(arch: int, refused: Iterable[int]) -> Iterator[bytes]:
    """Yield the BPF program: refuse these numbers, and all of another architecture."""

    def instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("=HBBI", code, if_true, if_false, value)

    yield instruction(_LOAD, _ARCH_AT)
    yield instruction(_EQUAL, arch, if_true=1)
    yield instruction(_RETURN, _REFUSE)
    yield instruction(_LOAD, _NUMBER_AT)
    yield instruction(_AT_LEAST, _X32, if_false=1)
    yield instruction(_RETURN, _REFUSE)
    for number in refused:
        yield instruction(_EQUAL, number, if_false=1)
        yield instruction(_RETURN, _REFUSE)
    yield instruction(_RETURN, _ALLOW)
