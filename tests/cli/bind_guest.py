# SPDX-License-Identifier: Apache-2.0
"""For tests whose guests are programs in Python that use a directory of the host
as it is (-v A:B:rw). Each case has a fresh directory, seen by the guest at /b, and
what the guest did there is looked at from the host. The program's argument is emu.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap

EMU = os.path.abspath(sys.argv[1])
PRELUDE = '''
import ctypes, errno, fcntl, mmap, os, stat, sys
def fails(error, call, *args, **named):
    try:
        call(*args, **named)
    except OSError as e:
        assert e.errno == error, (errno.errorcode[e.errno], call, args)
        return
    raise AssertionError(('succeeded', call, args))
def put(path, text):
    with open(path, 'w') as f: f.write(text)
def get(path):
    with open(path) as f: return f.read()
def tell(word):
    print(word, flush=True)
    assert sys.stdin.readline().strip() == word
os.chdir('/b')
'''
cases = []


def case(function):
    cases.append(function)
    return function


def put(path, text):
    with open(path, 'w') as file:
        file.write(text)


def get(path):
    with open(path) as file:
        return file.read()


class Guest:
    """A guest program that runs in the bind, its steps shared with the host."""

    def __init__(self, code, *options, prefix=()):
        self.process = subprocess.Popen(
            [*prefix, EMU, 'run', '-v', '.:/b:rw', *options, '--', 'python3',
             '-c', PRELUDE + textwrap.dedent(code)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)

    def at(self, word):
        """The guest has come to tell(word); it waits until go(word)."""
        line = self.process.stdout.readline().strip()
        if line != word:
            raise AssertionError(f'{line!r}, not {word!r}: '
                                 + self.process.communicate()[1])

    def go(self, word):
        self.process.stdin.write(word + '\n')
        self.process.stdin.flush()

    def done(self):
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, out + err


def run(code, *options, **named):
    Guest(code, *options, **named).done()


def run_cases():
    failed = 0
    previous = os.umask(0o022)
    for function in cases:
        scratch = tempfile.mkdtemp(prefix='binds.', dir='/tmp')
        os.chdir(scratch)
        try:
            function()
        except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f'FAILED: {function.__name__}: {error!r}', file=sys.stderr)
        finally:
            os.chdir('/')
            for directory, _, _ in os.walk(scratch):
                os.chmod(directory, 0o700)
            shutil.rmtree(scratch)
    os.umask(previous)
    print(f'{len(cases) - failed} of {len(cases)} passed')
    sys.exit(failed > 0)
