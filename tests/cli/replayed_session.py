#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A person at a terminal is recorded: what was typed, when the window changed,
Ctrl-C. The replay, at no terminal, prints the same bytes.

Usage: replayed_session.py EMU
"""

import fcntl
import os
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

from session import PROMPT, Session


def main():
    emu = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as directory:
        trace = os.path.join(directory, 'session.trace')
        os.chdir('/')
        shell = Session([emu, 'record', '-o', trace, '-e', 'PS1=READY>', '-e',
                         'TERM=dumb', '--', '/bin/bash', '--norc', '-i'])
        shell.expect(PROMPT)
        shell.run('echo a$((40+2))b', b'a42b\r\n')
        shell.type(b'n=0; echo go; while :; do n=$((n + 1)); done\r')
        shell.expect(b'go\r\n')
        time.sleep(0.1)
        shell.type(b'\x03')
        shell.expect(PROMPT)
        shell.type(b'echo "came to $n"\r')
        shell.expect(b'came to $n"\r\n')
        shell.expect(b'came to ')
        shell.expect(b'\r\n' + PROMPT)
        rounds = shell.passed
        fcntl.ioctl(shell.fd, termios.TIOCSWINSZ,
                    struct.pack('HHHH', 31, 97, 0, 0))
        os.kill(shell.pid, signal.SIGWINCH)
        shell.run('echo sized; stty size', b'sized\r\n31 97\r\n')
        shell.type(b'cat\r')
        shell.expect(b'cat\r\n')
        time.sleep(0.5)  # until bash has handed the terminal over
        shell.type(b'typed\r')
        shell.expect(b'typed\r\n')
        shell.type(b'\x04')
        shell.expect(PROMPT)
        shell.type(b'exit 7\r')
        status = shell.end()
        if status != 7:
            raise SystemExit(f'the session ended with {status}, not 7')
        replay = subprocess.run(
            [emu, 'replay', trace], stdin=subprocess.DEVNULL,
            capture_output=True, env={}, check=False)
        if replay.returncode != 7:
            raise SystemExit(f'the replay ended with {replay.returncode}: '
                             f'{replay.stderr.decode()}')
        for text in (b'a42b\r\n', b'go\r\n', b'^C',
                     b'\r\ncame to ' + rounds + b'\r\n',
                     b'sized\r\n31 97\r\n', b'typed\r\n'):
            if text not in replay.stdout:
                raise SystemExit(f'no {text!r} in {replay.stdout!r}')
    print('1 passed, 0 failed')


if __name__ == '__main__':
    main()
