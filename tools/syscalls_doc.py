#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints docs/syscalls.md, made of the table that emu dispatches by.

  tools/syscalls_doc.py kernel/syscalls/table.inc \\
      arch/x86_64/syscall_numbers.inc > docs/syscalls.md
"""

import re
import sys

HEADER = """\
# System calls

Made from kernel/syscalls/table.inc by tools/syscalls_doc.py. Numbers are
x86-64's. A call that is refused is answered with the errno shown, counted, and
named by `--stats`; a number that is not here is ENOSYS, and named as well.
"""


def rows(table):
    """name -> (family, what is said of it), in the table's order."""
    text = re.sub(r'^//.*?\n(?=//\n|$)', '', table, count=0)
    family = ''
    found = {}
    pattern = re.compile(
        r'^// ([a-z_0-9]+\.cc)'
        r'|^(SYSCALL|PARTIAL|REFUSED)\((\w+),((?:[^()"]|"(?:[^"\\]|\\.)*")*)\)',
        re.M)
    for match in pattern.finditer(text):
        if match[1]:
            family = match[1]
            continue
        kind, name = match[2], match[3]
        note = ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', match[4]))
        if kind == 'SYSCALL':
            said = 'served'
        elif kind == 'PARTIAL':
            said = f'served, but: {note}'
        else:
            said = f'{match[4].split(",")[0].strip()}: {note}'
        found[name] = (family if kind != 'REFUSED' else '', said)
    return found


def main():
    table = rows(open(sys.argv[1]).read())
    numbers = re.findall(r'^NR\((\d+), (\w+)\)', open(sys.argv[2]).read(), re.M)
    print(HEADER)
    print('| number | name | handler | |')
    print('| --- | --- | --- | --- |')
    for number, name in numbers:
        family, said = table[name]
        print(f'| {number} | {name} | {family} | {said} |')


if __name__ == '__main__':
    main()
