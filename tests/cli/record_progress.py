#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The line by which a long recording shows on a terminal how far it is: it comes
after a while, goes before anything else is written, and is shown nowhere else.

Usage: record_progress.py EMU
"""

import os
import re
import subprocess
import sys
import tempfile

from session import Session

ERASE = b'\r\x1b[K'
LINE = rb'emu: recorded [0-9,]+ events, [0-9.]+ s of virtual time, [0-9.]+ MiB'
# Three seconds and a half of the host's.
PROGRAM = ('echo begins; i=0; while [ $i -lt 35 ]; do sleep 0.1; i=$((i+1)); '
           'done; echo ends')


def main():
    emu = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as directory:
        trace = os.path.join(directory, 'long.trace')
        record = [emu, 'record', '-o', trace, '--time', 'host', '--', '/bin/sh',
                  '-c', PROGRAM]
        session = Session(record)
        session.expect(b'begins\r\n')
        session.expect(b'emu: recorded ')
        session.seen = b'emu: recorded ' + session.seen
        while b'ends\r\n' not in session.seen:
            session.seen += os.read(session.fd, 4096)
        before = session.seen[:session.seen.index(b'ends\r\n')]
        pieces = before.split(ERASE)
        if pieces[-1] != b'' or len(pieces) < 3:
            raise SystemExit(f'the line was not taken away: {before!r}')
        # It is written again and again, each time at its beginning.
        for piece in pieces:
            if piece and not re.fullmatch(LINE, piece):
                raise SystemExit(f'{piece!r} is no such line')
        session.seen = b''
        if session.end() != 0:
            raise SystemExit('the recording failed')

        # In a pipe there is none; nor in a replay, wherever it is shown.
        piped = subprocess.run(record, stdin=subprocess.DEVNULL, check=True,
                               capture_output=True)
        if piped.stdout != b'begins\nends\n' or b'recorded' in piped.stderr:
            raise SystemExit(f'in a pipe: {piped.stdout!r} {piped.stderr!r}')
        replay = Session([emu, 'replay', trace])
        replay.expect(b'ends\r\n')
        if b'recorded' in replay.seen or replay.end() != 0:
            raise SystemExit('the replay on a terminal')
    print('1 passed, 0 failed')


if __name__ == '__main__':
    main()
