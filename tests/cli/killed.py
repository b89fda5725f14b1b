#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""emu killed by SIGKILL at a hundred moments: no process and no file is left,
and an export is there whole or not at all.

Usage: killed.py EMU
"""

import ctypes
import errno
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

PR_SET_CHILD_SUBREAPER = 36
ROUNDS = 100
SIZE = 3_000_000
PROGRAM = ('i=0; while [ $i -lt 4 ]; do /bin/true & (sleep 1 | cat) & '
           'i=$((i+1)); done; '
           f'head -c {SIZE} /dev/zero >/out; wait')


def everyone_ended(seconds):
    """Whether all our descendants end by themselves; they are reaped."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.005)
        except OSError as e:
            if e.errno == errno.ECHILD:
                return True
            raise
    return False


def main():
    emu = os.path.abspath(sys.argv[1])
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise SystemExit('cannot become the reaper of orphans')
    moments = random.Random(1)
    whole = 0
    with tempfile.TemporaryDirectory() as directory:
        exported = os.path.join(directory, 'exported')
        command = [emu, 'run', '-u', '0', '--export', f'/out:{exported}', '--',
                   '/bin/sh', '-c', PROGRAM]
        start = time.monotonic()
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        usual = time.monotonic() - start
        os.remove(exported)
        for n in range(ROUNDS):
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(moments.random() * usual * 1.2)
            process.send_signal(signal.SIGKILL)
            process.wait()
            if not everyone_ended(30):
                raise SystemExit(f'round {n}: a process outlives emu')
            left = os.listdir(directory)
            if left == ['exported']:
                if os.path.getsize(exported) != SIZE:
                    raise SystemExit(f'round {n}: half an export')
                os.remove(exported)
                whole += 1
            elif left:
                raise SystemExit(f'round {n}: left behind: {left}')
    print(f'{whole} exports were whole')
    print('1 passed, 0 failed')


if __name__ == '__main__':
    main()
