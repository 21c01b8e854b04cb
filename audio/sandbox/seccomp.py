"""A seccomp filter, through ctypes alone, for a process that only computes.

It lists what is allowed: descriptors that are already open, memory, its own signals and limits, clocks, exit.
Everything else (opening, sockets, processes, threads, other processes, executable memory) fails with
``EPERM``, so that a library which tries it sees an error. ``clone3`` says ``ENOSYS``, as C libraries expect
of old kernels.
"""

import ctypes
import errno
import os
import struct
import sys

PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2

_LD_WORD, _JUMP_EQUAL, _JUMP_BITS, _JUMP_GREATER_EQUAL, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NR, _ARCH, _ARGS = 0, 4, 16  # offsets in struct seccomp_data (little endian)
_X32 = 0x40000000
_PROT_EXEC = 4

Instruction = tuple[int, int, int, int]

# fmt: off read write close fstat lseek munmap brk rt_sigaction rt_sigprocmask rt_sigreturn pread64 writev
# sched_yield mremap madvise nanosleep getitimer setitimer getpid exit gettimeofday getrusage sigaltstack
# gettid futex sched_getaffinity restart_syscall clock_gettime clock_getres clock_nanosleep exit_group
# getrandom
_PLAIN: dict[str, tuple[int, ...]] = {
    "x86_64": (
        0,
        1,
        3,
        5,
        8,
        11,
        12,
        13,
        14,
        15,
        17,
        20,
        24,
        25,
        28,
        35,
        36,
        38,
        39,
        60,
        96,
        98,
        131,
        186,
        202,
        204,
        219,
        228,
        229,
        230,
        231,
        318,
    ),
    "aarch64": (
        63,
        64,
        57,
        80,
        62,
        215,
        214,
        134,
        135,
        139,
        67,
        66,
        124,
        216,
        233,
        101,
        102,
        103,
        172,
        93,
        169,
        165,
        132,
        178,
        98,
        123,
        128,
        113,
        114,
        115,
        94,
        278,
    ),
}
# audit architecture, mmap, mprotect, prlimit64, clone3
_SPECIAL = {"x86_64": (0xC000003E, 9, 10, 302, 435), "aarch64": (0xC00000B7, 222, 226, 261, 435)}
# fmt: on


def program_for(machine: str) -> list[Instruction] | None:
    """Return the filter for a machine as ``uname`` names it, or ``None`` if its system calls are not known here."""
    if machine not in _SPECIAL:
        return None
    arch, mmap, mprotect, prlimit, clone3 = _SPECIAL[machine]
    deny = _ERRNO | errno.EPERM
    code: list[Instruction] = [
        (_LD_WORD, 0, 0, _ARCH),
        (_JUMP_EQUAL, 1, 0, arch),
        (_RETURN, 0, 0, _KILL),
        (_LD_WORD, 0, 0, _NR),
        (_JUMP_GREATER_EQUAL, 0, 1, _X32),
        (_RETURN, 0, 0, deny),
    ]
    for number in _PLAIN[machine]:
        code += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    for number in (mmap, mprotect):  # never executable
        code += [
            (_JUMP_EQUAL, 0, 4, number),
            (_LD_WORD, 0, 0, _ARGS + 8 * 2),
            (_JUMP_BITS, 0, 1, _PROT_EXEC),
            (_RETURN, 0, 0, deny),
            (_RETURN, 0, 0, _ALLOW),
        ]
    code += [  # limits of this process only
        (_JUMP_EQUAL, 0, 4, prlimit),
        (_LD_WORD, 0, 0, _ARGS),
        (_JUMP_EQUAL, 0, 1, 0),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, deny),
        (_JUMP_EQUAL, 0, 1, clone3),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
        (_RETURN, 0, 0, deny),
    ]
    return code


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def prctl(option: int, *values: int) -> bool:
    """Call ``prctl``; whether it succeeded. ``False`` where there is no such call."""
    if not sys.platform.startswith("linux"):
        return False
    arguments = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    return bool(ctypes.CDLL(None, use_errno=True).prctl(option, *arguments) == 0)


def install() -> bool:
    """Put the filter on this process, for ever. ``False`` where the kernel or the machine has none."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    program = program_for(os.uname().machine)
    if program is None:
        return False
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *one) for one in program))
    header = _Program(len(program), ctypes.addressof(code))
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(header))
