#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the table of docs/performance.md from emu_bench's JSON on stdin.

  bazel-bin/bench/emu_bench --benchmark_format=json | bench/table.py
"""

import json
import sys

# case -> (most, what it is a multiple of); in the order of the table
LIMITS = {
    'start_static': (8, 'native'), 'start_dynamic': (7, 'native'),
    'getppid': (1.2, 'bare'), 'read_1': (1.4, 'bare'), 'write_1': (1.4, 'bare'),
    'stat': (1.8, 'bare'), 'open_fstat_close': (4.5, 'bare'),
    'pipe_ping_pong': (6, 'bare'), 'futex_ping_pong': (5, 'bare'),
    'read_1M': (3, 'native'), 'write_1M': (3, 'native'),
    'fork_wait': (2, 'native'), 'fork_exec_wait': (2.2, 'native'),
    'spawn_wait': (2.4, 'native'), 'thread_create_join': (8, 'native'),
    'mmap_touch_munmap': (None, ''),
    'compute': (1.03, 'native'), 'walk_memory': (1.03, 'native'),
    'bash_200_true': (2.4, 'native'), 'find_20000': (6, 'native'),
    'find_stat_20000': (11, 'native'), 'tar_md5sum': (6, 'native'),
    'python_imports': (1.7, 'native'), 'gcc_2000_lines': (1.7, 'native'),
}


def microseconds(value):
    return f'{value:,.2f}' if value < 100 else f'{value:,.0f}'


def main():
    times, ratios, memory = {}, {}, {}
    for run in json.load(sys.stdin)['benchmarks']:
        if (run.get('error_occurred') or
                run.get('aggregate_name', 'median') != 'median'):
            continue
        case, runner = run['name'].split('/')[:2]
        if 'MiB' in run:
            memory[case] = run['MiB']
            continue
        times.setdefault(case, {})[runner] = run['real_time']
        ratios[case, runner] = run.get('ratio')
    bare = times.pop('bare_loop', {}).get('tracer')
    others = [r for r in ('strace', 'proot', 'runsc')
              if any(r in t for t in times.values())]
    print(f'The bare SYSEMU loop: {microseconds(bare)} µs a call.\n' if bare else '')
    recorded = any('record' in t for t in times.values())
    print('| case | native µs | emu µs | emu ÷ native | emu ÷ bare | at most |'
          + (' record ÷ emu | replay ÷ emu |' if recorded else '')
          + ''.join(f' {r} ÷ native |' for r in others))
    print('| --- | --- | --- | --- | --- | --- |' + ' --- |' * (len(others) + 2 * recorded))
    place = {case: i for i, case in enumerate(LIMITS)}
    known = lambda cases: sorted(cases, key=lambda case: place.get(case, len(place)))
    for case in known(times):
        t = times[case]
        native, emu = t.get('native'), t.get('emu')
        most, of = LIMITS.get(case, (None, ''))
        ratio = lambda a, b: f'{a / b:.2f}' if a and b else '–'
        paired = lambda runner: ratio(ratios.get((case, runner)), 1)
        print(f'| {case} | {microseconds(native) if native else "–"}'
              f' | {microseconds(emu) if emu else "–"} | {ratio(emu, native)}'
              f' | {ratio(emu, bare)} | {f"{most} × {of}" if most else "–"} |'
              + (f' {paired("record")} | {paired("replay")} |' if recorded else '')
              + ''.join(f' {ratio(t.get(r), native)} |' for r in others))
    if memory:
        print('\n| emu\'s own memory in | MiB | at most |\n| --- | --- | --- |')
    for case in known(memory):
        print(f'| {case} | {memory[case]:.1f} | 30 and imported metadata |')


if __name__ == '__main__':
    main()
