#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command on a host that forbids some system calls, as containers do.

Usage: forbid.py ERRNO NUMBER,... COMMAND [ARGS...]
"""

import ctypes
import os
import struct
import sys

PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2
SECCOMP_RET_ERRNO = 0x50000
SECCOMP_RET_ALLOW = 0x7fff0000
BPF_LD_W_ABS = 0x20
BPF_JEQ = 0x15
BPF_RET = 0x06


def program(error, numbers):
    """A filter: the calls of these numbers fail."""
    code = struct.pack('HBBI', BPF_LD_W_ABS, 0, 0, 0)
    for number in numbers:
        code += struct.pack('HBBI', BPF_JEQ, 0, 1, number)
        code += struct.pack('HBBI', BPF_RET, 0, 0, SECCOMP_RET_ERRNO | error)
    return code + struct.pack('HBBI', BPF_RET, 0, 0, SECCOMP_RET_ALLOW)


def main():
    error, numbers, *command = sys.argv[1:]
    code = program(int(error), [int(n) for n in numbers.split(',')])
    buffer = ctypes.create_string_buffer(code)
    header = struct.pack('HxxxxxxQ', len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or libc.prctl(
            PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
            ctypes.create_string_buffer(header), 0, 0) != 0:
        raise SystemExit(os.strerror(ctypes.get_errno()))
    os.execvp(command[0], command)


if __name__ == '__main__':
    main()
