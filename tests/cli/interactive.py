#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A person at a terminal: bash with job control under emu.

Usage: interactive.py EMU
"""

import os
import signal
import sys
import time

from session import PROMPT, Session


def main():
    emu = os.path.abspath(sys.argv[1])
    os.chdir('/')
    shell = Session([emu, 'run', '-e', 'PS1=READY>', '-e', 'TERM=dumb',
                     '--', '/bin/bash', '--norc', '-i'])
    shell.expect(PROMPT)
    shell.run('echo a$((40+2))b', b'a42b\r\n')
    shell.run('tty; [ -t 0 ] && echo is a tty', b'/dev/pts/0', b'is a tty\r\n')

    # Ctrl-C ends what computes.
    shell.type(b'echo go; while :; do :; done\r')
    shell.expect(b'go\r\n')
    shell.type(b'\x03')
    shell.expect(PROMPT)

    # Ctrl-Z stops what computes; bg, jobs and kill find it.
    shell.type(b'(echo sub; while :; do :; done)\r')
    shell.expect(b'sub\r\n')
    shell.type(b'\x1a')
    shell.expect(b'Stopped')
    shell.expect(PROMPT)
    shell.run('bg', b'&\r\n')
    shell.run('jobs', b'Running')
    shell.run('kill %1; wait; echo ended', b'ended\r\n')

    # What reads the terminal is stopped and goes on.
    shell.type(b'cat -u\r')
    shell.expect(b'cat -u\r\n')
    time.sleep(0.5)  # until bash has handed the terminal over
    shell.type(b'typed\r')
    shell.expect(b'typed\r\ntyped\r\n')
    shell.type(b'\x1a')
    shell.expect(b'Stopped')
    shell.expect(PROMPT)
    shell.type(b'fg\r')
    shell.expect(b'cat -u\r\n')
    time.sleep(0.5)
    shell.type(b'again\r')
    shell.expect(b'again\r\nagain\r\n')
    shell.type(b'\x04')
    shell.expect(PROMPT)

    # A time-out at the terminal waits for the person, in real time.
    start = time.monotonic()
    shell.run('read -t 2 x; echo got=$?', b'got=142\r\n')
    if not 1.5 < time.monotonic() - start < 20:
        raise SystemExit('read -t 2 did not wait for two seconds')

    # So does what sleeps, now that somebody types.
    start = time.monotonic()
    shell.run('sleep 2; echo slept', b'slept\r\n')
    if not 1.5 < time.monotonic() - start < 20:
        raise SystemExit('sleep 2 at the prompt did not take two seconds')
    shell.type(b'sleep 1000\r')
    shell.expect(b'sleep 1000\r\n')
    time.sleep(0.5)
    shell.type(b'\x03')
    shell.expect(PROMPT)
    # More than anybody has room for, typed while nobody reads.
    shell.type(b'sleep 1\r' + b'x' * 30000 + b'\x15echo again\r')
    shell.expect(b'again\r\n')
    shell.expect(PROMPT)
    # Everybody waits for ever: but the person can end it.
    shell.type(b'bash -c "coproc cat; wait"\r')
    shell.expect(b'wait"\r\n')
    time.sleep(1)
    shell.type(b'\x03')
    shell.expect(PROMPT)

    # The window's size.
    shell.run('stty rows 33 cols 99; stty size', b'33 99')
    os.kill(shell.pid, signal.SIGWINCH)
    shell.type(b'exit 7\r')
    status = shell.end()
    if status != 7:
        raise SystemExit(f'exit status {status}, not 7')

    # Nobody was asked for anything: sleeping takes no time.
    start = time.monotonic()
    shell = Session([emu, 'run', '--', '/bin/sleep', '1000'])
    if shell.end() != 0 or time.monotonic() - start > 20:
        raise SystemExit('sleep 1000 took time, though nobody types')

    # Somebody is there who wants keys: it takes its time, though nobody reads.
    start = time.monotonic()
    shell = Session([emu, 'run', '--', '/bin/sh', '-c',
                     'stty -icanon -echo; sleep 2'])
    if shell.end() != 0 or not 1.5 < time.monotonic() - start < 20:
        raise SystemExit('sleep 2 did not take its time in raw mode')

    # emu ended by the terminal's hang-up leaves nobody behind.
    shell = Session([emu, 'run', '--', '/bin/cat'])
    os.close(shell.fd)
    os.waitpid(shell.pid, 0)
    print('1 passed, 0 failed')


if __name__ == '__main__':
    main()
