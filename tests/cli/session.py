# SPDX-License-Identifier: Apache-2.0
"""A program on a terminal of its own, as the tests of this folder drive it."""

import os
import pty
import select
import time

PROMPT = b'READY>'


class Session:
    """A program on a terminal of its own, driven by what it prints."""

    def __init__(self, command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv(command[0], command)
        self.seen = self.passed = b''

    def type(self, text):
        while text:
            readable, writable, _ = select.select([self.fd], [self.fd], [], 30)
            if readable:
                self.seen += os.read(self.fd, 4096)
            elif writable:
                text = text[os.write(self.fd, text[:1024]):]
            else:
                raise SystemExit(f'{text[:40]!r} cannot be typed')

    def expect(self, text, seconds=30):
        """Waits until `text` is printed, and forgets all up to it, but for what
        came before it: `passed`."""
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
        self.passed, self.seen = self.seen.split(text, 1)

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
