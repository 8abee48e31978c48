"""How long this process has a processor at a time.

A call comes, and the one thread that answers it wants a processor while others have them: it waits
until one of these has had its turn. Linux lets in sooner who asks for shorter turns, of the same
share of the time in all (6.12 or newer; an older one takes no notice).
"""

from __future__ import annotations

import ctypes
import logging
import os
import platform

log = logging.getLogger(__name__)

#: The shortest that Linux gives; who asks for nothing has 1.4 ms on two processors.
TURN_NANOSECONDS = 100_000

# sched_setattr(2): glibc has no name for it before 2.41.
_SYSCALLS = {"x86_64": 314, "aarch64": 274}
_KEEP_POLICY = 0x08


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint32),
        ("policy", ctypes.c_uint32),
        ("flags", ctypes.c_uint64),
        ("nice", ctypes.c_int32),
        ("priority", ctypes.c_uint32),
        ("runtime", ctypes.c_uint64),
        ("deadline", ctypes.c_uint64),
        ("period", ctypes.c_uint64),
    )


def take_short_ones() -> None:
    """For this thread, and for the threads and processes that it begins from here on."""
    number = _SYSCALLS.get(platform.machine())
    if number is None or platform.system() != "Linux":
        return
    asked = _Attributes(
        size=ctypes.sizeof(_Attributes),
        flags=_KEEP_POLICY,
        nice=os.getpriority(os.PRIO_PROCESS, 0),
        runtime=TURN_NANOSECONDS,
    )
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, 0, ctypes.byref(asked), 0) != 0:
        log.info("turns stay as long as they are: %s", os.strerror(ctypes.get_errno()))
