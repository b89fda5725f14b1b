#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""emu as a job of a shell outside: stopped and continued whole, and the modes of
the terminal with it. And /dev/tty, when standard input is something else.

Usage: jobs.py EMU
"""

import os
import sys
import time

from session import PROMPT, Session

COOKED = b'icanon'
COMPUTE = 'echo go; i=0; while :; do i=$((i+1)); done'


def expect_modes(shell, what):
    """The modes of the terminal, as the shell outside hands them to its jobs."""
    shell.run('stty -a | tr " ;" "\\n\\n" | grep -x -e icanon -e -icanon',
              b'\r\n' + what + b'\r\n')


def suspend(shell):
    shell.type(b'\x1a')
    shell.expect(b'Stopped')
    shell.expect(PROMPT)


def test_computing(shell, emu):
    """The terminal is the host's: its Ctrl-Z and Ctrl-C come as signals."""
    shell.type(f"{emu} run sh -c '{COMPUTE}'\r".encode())
    shell.expect(b'\r\ngo\r\n')
    suspend(shell)
    expect_modes(shell, COOKED)
    shell.run('jobs', b'Stopped')
    shell.type(b'fg\r')
    shell.expect(b'fg\r\n')
    time.sleep(0.5)
    suspend(shell)
    shell.run('bg; jobs', b'Running')
    shell.type(b'fg\r')
    shell.expect(b'fg\r\n')
    time.sleep(0.5)
    shell.type(b'\x03')
    shell.expect(PROMPT)
    shell.run('echo status=$?', b'status=130\r\n')


def test_reading(shell, emu):
    """The terminal is the guest's: Ctrl-Z means its job, which is all of emu."""
    shell.type(f'{emu} run cat -u\r'.encode())
    shell.expect(b'cat -u\r\n')
    time.sleep(1)
    shell.type(b'one\r')
    shell.expect(b'one\r\none\r\n')
    suspend(shell)
    expect_modes(shell, COOKED)
    shell.type(b'fg\r')
    shell.expect(b'cat -u\r\n')
    time.sleep(0.5)
    shell.type(b'two\r')
    shell.expect(b'two\r\ntwo\r\n')
    suspend(shell)
    shell.type(b'fg\r')
    shell.expect(b'cat -u\r\n')
    time.sleep(0.5)
    shell.type(b'\x04')
    shell.expect(PROMPT)
    expect_modes(shell, COOKED)


def test_pipeline(shell, emu):
    """The others of the job stop too, and a program that stops itself does."""
    shell.type(f'{emu} run sh -c "cat -u; echo end" | cat -u\r'.encode())
    shell.expect(b'| cat -u\r\n')
    time.sleep(1)
    shell.type(b'one\r')
    shell.expect(b'one\r\none')
    suspend(shell)
    shell.type(b'fg\r')
    shell.expect(b'cat -u\r\n')
    time.sleep(0.5)
    shell.type(b'\x04')
    shell.expect(b'end')
    shell.expect(PROMPT)
    shell.type(f"{emu} run sh -c 'kill -STOP $$; echo on'\r".encode())
    shell.expect(b'Stopped')
    shell.expect(PROMPT)
    shell.type(b'fg\r')
    shell.expect(b'\r\non\r\n')
    shell.expect(PROMPT)


def test_inner_shell(shell, emu):
    """Jobs of a shell inside are that shell's."""
    shell.type(f'{emu} run -e PS1=INNER: bash --norc -i\r'.encode())
    shell.expect(b'INNER:')
    shell.type(f'{COMPUTE}\r'.encode())
    shell.expect(b'go\r\n')
    shell.type(b'\x03')
    shell.expect(b'INNER:')
    shell.type(f'({COMPUTE})\r'.encode())
    shell.expect(b'go\r\n')
    shell.type(b'\x1a')
    shell.expect(b'Stopped')
    shell.expect(b'INNER:')
    shell.type(b'kill %1; suspend\r')
    shell.expect(b'Stopped')
    shell.expect(PROMPT)
    shell.type(b'fg\r')
    shell.expect(b'INNER:')
    shell.type(b'exit 3\r')
    shell.expect(PROMPT)
    shell.run('echo status=$?', b'status=3\r\n')


def test_dev_tty(shell, emu):
    shell.type(f"echo piped | {emu} run sh -c "
               "'read y </dev/tty; read x; echo \"<$x-$y>\"; tty </dev/tty'\r"
               .encode())
    shell.expect(b'tty\'\r\n')
    time.sleep(1)
    shell.type(b'typed\r')
    shell.expect(b'<piped-typed>\r\n/dev/')
    shell.expect(PROMPT)
    # With no standard stream at the terminal.
    shell.type(f"{emu} run sh -c 'echo ask >/dev/tty; read y </dev/tty; "
               "echo $y' </dev/null >out 2>&1; echo got $(cat out)\r".encode())
    shell.expect(b'\r\nask\r\n')
    time.sleep(0.5)
    shell.type(b'answer\r')
    shell.expect(b'got answer\r\n')
    shell.expect(PROMPT)
    expect_modes(shell, COOKED)
    # Interrupted there.
    shell.type(f"echo x | {emu} run sh -c 'echo go; cat /dev/tty'\r".encode())
    shell.expect(b'\r\ngo\r\n')
    time.sleep(0.5)
    shell.type(b'\x03')
    shell.expect(PROMPT)
    # And none where emu has none.
    shell.run(f"setsid -w {emu} run sh -c ': </dev/tty' </dev/null 2>&1 | cat",
              b'/dev/tty: No such device or address')


def test_type_ahead(shell, emu):
    """What is typed is for whoever reads it."""
    shell.type(f"{emu} run sh -c 'echo go; for i in $(seq 100000); do :; done'"
               '\r'.encode())
    shell.expect(b'\r\ngo\r\n')
    shell.type(b'echo a$((40+2))b\r')
    shell.expect(b'a42b\r\n')
    shell.expect(PROMPT)


def main():
    emu = os.path.abspath(sys.argv[1])
    os.chdir(os.environ.get('TEST_TMPDIR', '/tmp'))
    os.environ.update({'PS1': PROMPT.decode(), 'TERM': 'dumb'})
    shell = Session(['/bin/bash', '--norc', '-i'])
    shell.expect(PROMPT)
    shell.run('bind "set enable-bracketed-paste off"')
    tests = [test_computing, test_reading, test_pipeline, test_inner_shell,
             test_dev_tty, test_type_ahead]
    for test in tests:
        test(shell, emu)
    shell.type(b'exit\r')
    shell.end()
    print(f'{len(tests)} passed, 0 failed')


if __name__ == '__main__':
    main()
