#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Programs that compute for ever are interrupted at some moment and say how far
they came: the replay of each comes exactly as far.

Usage: busy_loops.py EMU BUSY_GUEST
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

BASH = ['/bin/bash', '-c', '''
trap 'echo "$n rounds, $((n % 7))"; exit 3' INT
echo begun
n=0; while :; do n=$((n + 1)); done''']

PYTHON = ['python3', '-c', '''
import sys
print('begun', flush=True)
rounds = {'n': 0}
try:
    while True:
        rounds['n'] += 1
except KeyboardInterrupt:
    print(rounds['n'], 'rounds', rounds['n'] % 7)
    sys.exit(3)''']

PASS = ['python3', '-c', '''
import sys
print('begun', flush=True)
try:
    while True:
        pass
except KeyboardInterrupt:
    print('enough')
    sys.exit(3)''']

# And how long one is let compute at most: a replay stops at each round.
def programs(guest):
    for shape in 'register', 'memory', 'shared', 'nested':
        yield shape, [guest, shape], 0.01
    yield 'bash', BASH, 0.2
    yield 'python', PYTHON, 0.05
    yield 'python that passes', PASS, 0.2


def record(emu, trace, command, patience):
    """Interrupts it; returns its exit status and what it said."""
    run = subprocess.Popen([emu, 'record', '-o', trace, '--', *command],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
    said = run.stdout.readline()
    time.sleep(random.uniform(0, patience))
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    return run.returncode, said + out, err


def main():
    emu, guest = map(os.path.abspath, sys.argv[1:])
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        os.chmod(directory, 0o755)
        guest = shutil.copy(guest, directory)
        for name, command, patience in programs(guest):
            for _ in range(3):
                recorded = record(emu, 'trace', command, patience)
                begun = time.monotonic()
                replay = subprocess.run(
                    [emu, 'replay', 'trace'], stdin=subprocess.DEVNULL,
                    capture_output=True, timeout=300, check=False)
                took = time.monotonic() - begun
                replayed = replay.returncode, replay.stdout, replay.stderr
                print(f'{name}: {recorded[1]!r}, {took:.1f} s', flush=True)
                if recorded[0] != 3 or recorded != replayed:
                    failed += 1
                    print(f'FAILED: {name}: recorded {recorded}, replayed '
                          f'{replayed}', file=sys.stderr)
    raise SystemExit(failed > 0)


if __name__ == '__main__':
    main()
