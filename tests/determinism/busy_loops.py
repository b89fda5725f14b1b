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

# Waits for a variable and counts meanwhile: after some seconds it is preempted by
# the host's clock, again and again.
WAITS = ['python3', '-c', '''
import threading, time
rounds, done = 0, False
def count():
    global rounds
    while not done:
        rounds += 1
thread = threading.Thread(target=count)
thread.start()
time.sleep(0.01)
done = True
thread.join()
print(rounds, 'rounds')''']


def programs(guest):
    for shape in 'register', 'memory', 'shared', 'nested':
        yield shape, [guest, shape]
    yield 'bash', BASH
    yield 'python', PYTHON
    yield 'python that passes', PASS


def replay(emu, trace):
    run = subprocess.run([emu, 'replay', trace], stdin=subprocess.DEVNULL,
                         capture_output=True, timeout=300, check=False)
    return run.returncode, run.stdout, run.stderr


def waits(emu):
    """Whether a replay of WAITS counts as far."""
    run = subprocess.run([emu, 'record', '-o', 'trace', '--', *WAITS],
                         stdin=subprocess.DEVNULL, capture_output=True,
                         timeout=60, check=False)
    replayed = replay(emu, 'trace')
    print(f'waits: {run.stdout!r}', flush=True)
    if (b'was preempted' in run.stderr and run.returncode == 0 and
            replayed[:2] == (0, run.stdout)):
        return True
    print(f'FAILED: waits: recorded {run}, replayed {replayed}',
          file=sys.stderr)
    return False


def record(emu, trace, command):
    """Interrupts it; returns its exit status and what it said."""
    run = subprocess.Popen([emu, 'record', '-o', trace, '--', *command],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
    said = run.stdout.readline()
    time.sleep(random.uniform(0, 1))
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    return run.returncode, said + out, err


def main():
    emu, guest = map(os.path.abspath, sys.argv[1:])
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        os.chmod(directory, 0o755)
        guest = shutil.copy(guest, directory)
        failed = not waits(emu)
        for name, command in programs(guest):
            for _ in range(3):
                recorded = record(emu, 'trace', command)
                begun = time.monotonic()
                replayed = replay(emu, 'trace')
                took = time.monotonic() - begun
                print(f'{name}: {recorded[1]!r}, {took:.1f} s', flush=True)
                if recorded[0] != 3 or recorded != replayed:
                    failed += 1
                    print(f'FAILED: {name}: recorded {recorded}, replayed '
                          f'{replayed}', file=sys.stderr)
    raise SystemExit(failed > 0)


if __name__ == '__main__':
    main()
