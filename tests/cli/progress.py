#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What takes long says on a terminal how far it is, and nothing in a pipe.

Usage: progress.py EMU
"""

import os
import re
import subprocess
import sys
import tempfile

from session import Session

# Some seconds of the host's time in three runs.
LOOP = 'i=0; while [ $i -lt 150000 ]; do kill -0 $$; i=$((i+1)); done; '
# Four seconds of it.
LAST = 'end=$(($(date +%s)+4)); while [ $(date +%s) -lt $end ]; do :; done'
ERASE = b'\r\x1b[K'


def lines_of(command):
    """What is printed on a terminal, each time that its last line changes."""
    session = Session(command)
    try:
        while data := os.read(session.fd, 65536):
            session.seen += data
    except OSError:
        pass
    status = session.end()
    if status != 0:
        raise SystemExit(f'{command}: status {status}: {session.seen!r}')
    return session.seen.split(ERASE)


def expect(lines, pattern):
    if not any(re.fullmatch(pattern, line) for line in lines):
        raise SystemExit(f'no {pattern!r} in {lines!r}')


def main():
    emu = os.path.abspath(sys.argv[1])
    os.chdir('/')
    with tempfile.TemporaryDirectory() as directory:
        trace = os.path.join(directory, 'long.trace')
        verify = [emu, 'verify', '-n', '3', '--', '/bin/dash', '-c',
                  LOOP + 'echo done']
        lines = lines_of(verify)
        # The guest's line has the terminal for itself.
        expect(lines, rb'done\r\n')
        expect(lines, rb'emu: run 3 of 3: [\d,]+ of [\d,]+ events')
        expect(lines[-1:],
               rb'emu: deterministic: 3 runs of .*\r\n(CPUID .*\r\n)?')

        record = [emu, 'record', '-o', trace, '--time', 'host', '--',
                  '/bin/dash', '-c', LAST]
        lines = lines_of(record)
        expect(lines, rb'emu: recorded [\d,]+ events, .* virtual time, .* MiB')

        for command in (verify, record):
            done = subprocess.run(command, stdin=subprocess.DEVNULL,
                                  capture_output=True, check=True)
            if b'\r' in done.stderr or b'run 3' in done.stderr:
                raise SystemExit(f'in a pipe: {done.stderr!r}')
    print('1 passed, 0 failed')


if __name__ == '__main__':
    main()
