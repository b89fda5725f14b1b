#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A person at a terminal: bash with job control under emu.

Usage: interactive.py EMU
"""

import os
import pty
import select
import signal
import sys
import time

PROMPT = b'READY>'


class Session:
    """A program on a terminal of its own, driven by what it prints."""

    def __init__(self, command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv(command[0], command)
        self.seen = b''

    def type(self, text):
        os.write(self.fd, text)

    def expect(self, text, seconds=30):
        """Waits until `text` is printed, and forgets all up to it."""
        end = time.monotonic() + seconds
        while text not in self.seen:
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                raise SystemExit(f'no {text!r} came, only {self.seen!r}')
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                data = b''
            if not data:
                raise SystemExit(f'ended before {text!r}: {self.seen!r}')
            self.seen += data
        self.seen = self.seen[self.seen.index(text) + len(text):]

    def run(self, line, *expected):
        self.type(line.encode() + b'\r')
        for text in expected:
            self.expect(text)
        self.expect(PROMPT)

    def end(self):
        """The exit status, once all output is read."""
        try:
            while os.read(self.fd, 4096):
                pass
        except OSError:
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


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

    # The window's size.
    shell.run('stty rows 33 cols 99; stty size', b'33 99')
    os.kill(shell.pid, signal.SIGWINCH)
    shell.type(b'exit 7\r')
    status = shell.end()
    if status != 7:
        raise SystemExit(f'exit status {status}, not 7')

    # emu ended by the terminal's hang-up leaves nobody behind.
    shell = Session([emu, 'run', '--', '/bin/sleep', '1000000'])
    os.close(shell.fd)
    os.waitpid(shell.pid, 0)
    print('1 passed, 0 failed')


if __name__ == '__main__':
    main()
