"""What a process gives up for good before it touches a file of a stranger: memory, time, the network, other programs.

Memory, processor time and the size of what it writes are limits of POSIX (`resource`). On Linux on x86-64 and ARM64 the
kernel also refuses it sockets, new processes and signals (seccomp, https://docs.kernel.org/userspace-api/seccomp_filter.html).
Elsewhere Python's own audit events stand in for that, which stop Python code, but not a library that was taken over; on
Windows the time that the parent waits is the only limit.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from typing import Any

_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.kill", "os.posix_spawn", "os.system")
"""Audit events, by their beginnings (https://docs.python.org/3/library/audit_events.html)."""
_CALLS: dict[str, tuple[int, tuple[int, ...]]] = {
    # socket, connect, clone, fork, vfork, execve, kill, ptrace, tkill, tgkill, process_vm_readv, process_vm_writev,
    # execveat; then, alike on both: pidfd_send_signal, io_uring_setup (which opens sockets, too), pidfd_open, clone3,
    # pidfd_getfd
    "x86_64": (
        0xC000003E,
        (41, 42, 56, 57, 58, 59, 62, 101, 200, 234, 310, 311, 322, 424, 425, 434, 435, 438),
    ),
    "aarch64": (0xC00000B7, (198, 203, 220, 221, 129, 117, 130, 131, 270, 271, 281, 424, 425, 434, 435, 438)),
}
"""By machine: its AUDIT_ARCH, and the numbers of the system calls that are refused."""
_NEW_PRIVILEGES, _SECCOMP = 38, 22
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050001  # the last with EPERM
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_OTHER_NUMBERS = 0x40000000
"""From here on x86-64 counts the same calls once more (x32)."""


def seal(memory: int, seconds: int, output: int) -> None:
    """Leave this process `memory` bytes of address space, `seconds` of processor time and files of `output` bytes."""
    try:
        import resource
    except ImportError:  # not POSIX
        pass
    else:
        limits = {"AS": memory, "CPU": seconds, "FSIZE": output, "CORE": 0, "NOFILE": 64}
        for name, most in limits.items():
            which = getattr(resource, f"RLIMIT_{name}")
            hard = resource.getrlimit(which)[1]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(which, (most, most))
        os.nice(5)  # who answers requests goes first
    sys.addaudithook(_refuse)
    if sys.platform == "linux" and platform.machine() in _CALLS:
        _filter(*_CALLS[platform.machine()])


def _refuse(event: str, _: Any) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"{event}: not in here")


class _Step(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("yes", ctypes.c_ubyte),
        ("no", ctypes.c_ubyte),
        ("value", ctypes.c_uint),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.POINTER(_Step)))


def _filter(architecture: int, calls: tuple[int, ...]) -> None:
    """Have the kernel refuse these calls. One of another architecture, whose numbers mean others, ends the process."""
    steps = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    steps += [(_AT_LEAST, len(calls) + 1, 0, _OTHER_NUMBERS)]
    steps += [(_EQUAL, len(calls) - at, 0, call) for at, call in enumerate(calls)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    program = _Program(len(steps), (_Step * len(steps))(*(_Step(*step) for step in steps)))
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)
    prctl(_NEW_PRIVILEGES, 1, 0, 0, 0)
    prctl(_SECCOMP, 2, ctypes.addressof(program), 0, 0)  # a kernel without it refuses; the audit hook stays
