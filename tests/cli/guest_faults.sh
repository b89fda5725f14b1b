#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What guests do wrong is the guest's error and never emu's: the status that
# Linux would give, at most one line of emu's own, and nothing left behind.
source tests/cli/lib.sh
own_emu

# Deadlocks: each task with what it waits in, and for what.

run run python3 -c 'import os; r, w = os.pipe(); os.fork(); os.read(r, 1)'
expect_status 125
[[ $err =~ ^'emu: deadlock: every task waits, and nothing will ever wake one'$'\n'\
'  python3[2/2]: waits in read(3, '[^$'\n']*'on descriptor 3 (pipe:['[0-9]+'])'[^$'\n']*$'\n'\
'  python3[3/3]: waits in read(3, '[^$'\n']*'on descriptor 3 (pipe:['[0-9]+'])'[^$'\n']*$ ]] ||
  fail "a deadlock of two readers: $err"
expect_nothing_left
run run python3 -c '
import threading
a = threading.Lock()
a.acquire()
t = threading.Thread(target=a.acquire)
t.start()
t.join()'
expect_status 125
[[ $err == 'emu: deadlock: '*'python3[2/2]: waits in futex('*'python3[2/3]: waits in futex('* ]] ||
  fail "a deadlock of threads: $err"
run run python3 -c 'import signal; signal.pause()'
expect_status 125
[[ $err == 'emu: deadlock: '*'waits in pause()'* ]] || fail "pause: $err"
run run sh -c 'mkfifo f; cat f'
expect_status 125
[[ $err == 'emu: deadlock: '*'waits in open'*'cat['* || $err == *'cat['*'waits in open'* ]] ||
  fail "a FIFO that nobody writes to: $err"
expect_nothing_left

# As many processes as --pids-limit, and then EAGAIN.

run run --pids-limit 20 python3 -c '
import os, signal
children = []
try:
    while True:
        pid = os.fork()
        if pid == 0:
            signal.pause()
        children.append(pid)
except BlockingIOError:
    print(len(children))
for pid in children:
    os.kill(pid, signal.SIGKILL)'
expect_status 0
((out >= 17 && out <= 20)) || fail "--pids-limit 20: $out children; $err"
run run --pids-limit 50 --timeout 2 sh -c 'f() { while :; do f & done; }; f 2>/dev/null'
[[ $status == 124 || $status == 2 ]] || fail "a fork bomb: status $status; $err"
expect_nothing_left

# Memory: refused when asked for, and taken without asking, the OOM killer.

run run --memory 128M python3 -c '
blocks = []
try:
    while True:
        blocks.append(bytearray(1 << 20))
except MemoryError:
    pass
held = len(blocks)
del blocks
print(64 < held <= 128)'
expect_status 0
expect_out True

# touch FLAGS BYTES: maps them and writes to every page.
readonly touch='
import mmap, sys
flags, size = int(sys.argv[1], 0), int(sys.argv[2])
memory = mmap.mmap(-1, size, flags=flags)
for start in range(0, size, 1 << 24):
    memory[start:start + (1 << 24):4096] = bytes(1 << 12)
print("all touched")'
readonly killed="emu: out of memory: 1 process was killed; --memory*
emu: not reproducible: process * was ended by the host*"
for flags in 0x4022 0x4021; do  # NORESERVE, ANONYMOUS, PRIVATE or SHARED
  run run --memory 128M python3 -c "$touch" $flags $((1 << 32))
  expect_status 137
  expect_out ''
  # shellcheck disable=SC2053
  [[ $err == $killed ]] || fail "$command: said '$err'"
  run run --memory 128M python3 -c "$touch" $flags $((1 << 26))
  expect_status 0
  expect_out 'all touched'
done
expect_nothing_left
# A file's holes, through a mapping.
run run --memory 128M python3 -c '
import mmap, os
fd = os.open("sparse", os.O_RDWR | os.O_CREAT)
os.truncate(fd, 1 << 32)
memory = mmap.mmap(fd, 1 << 32)
for start in range(0, 1 << 32, 1 << 24):
    memory[start:start + (1 << 24):4096] = bytes(1 << 12)'
expect_status 137
# Pages that forks share count once; those that they copy, each time.
readonly forks='
import os, sys
memory = bytearray(b"1") * (50 << 20)
r, w = os.pipe()
ready, not_ready = os.pipe()
for child in range(3):
    if os.fork() == 0:
        if sys.argv[1] == "write":
            memory[::4096] = bytes(len(memory) // 4096)
        for _ in range(10000000):
            pass
        os.close(not_ready)
        os.read(r, 1)
        os._exit(0)
os.close(not_ready)
os.read(ready, 1)  # its end: each is ready or has ended
for child in range(3):
    os.write(w, b"x")
print(sum(1 for child in range(3) if os.wait()[1] == 9))'
run run --memory 128M python3 -c "$forks" read
expect_out 0
run run --memory 128M python3 -c "$forks" write
expect_status 0
((out >= 1 && out <= 3)) || fail "copies of forks: $out killed; $err"
[[ $err == 'emu: out of memory: '* ]] || fail "copies of forks: $err"
# The others go on.
run run --memory 128M sh -c "python3 -c '$touch' 0x4022 $((1 << 32)); echo \$?; ls / >/dev/null"
expect_status 0
[[ $out == *137 ]] || fail "the status of what was killed: $out"
# The host decides when: such a run is not reproducible, but its recording is.
run run --strict --memory 128M python3 -c "$touch" 0x4022 $((1 << 32))
expect_status 125
run record -o killed.trace --memory 128M sh -c \
  "python3 -c '$touch' 0x4022 $((1 << 32)); echo \$?; ls / | wc -l; exit 5"
expect_status 5
[[ $out == *137* ]] || fail "the status of what was killed: $out"
recorded=$out
run replay killed.trace
expect_status 5
expect_out "$recorded"
rm killed.trace
expect_nothing_left

# Files are kept in memory: ENOSPC, and room again for what is removed.

run run --memory 128M -u 0 sh -c '
head -c 256M /dev/urandom >/big; echo $?
ls -l / >/dev/null && df / | grep -c 100%
rm /big; echo again >/small && cat /small'
expect_status 0
expect_out $'1\n1\nagain'
[[ $err == *'No space left on device'* ]] || fail "a full disk: $err"
run run --memory 128M --tmpfs /t sh -c 'cat /dev/zero >/t/zeroes; echo $?; ls /t'
expect_out $'1\nzeroes'
run run --memory 32M -u 0 python3 -c '
import errno, os
os.mkdir("/many")
try:
    for n in range(1000000):
        open("/many/%d" % n, "w").close()
except OSError as e:
    print(errno.errorcode[e.errno])'
expect_out ENOSPC
run run --memory 32M -u 0 python3 -c '
import errno, os
fd = os.open("/f", os.O_RDWR | os.O_CREAT)
try:
    os.posix_fallocate(fd, 0, 1 << 40)
except OSError as e:
    print(errno.errorcode[e.errno])
os.truncate(fd, 1 << 40)
print(os.fstat(fd).st_size, os.fstat(fd).st_blocks)'
expect_out $'ENOSPC\n1099511627776 0'
expect_nothing_left

# Descriptors: as many as the limit, and none at all.

run run python3 -c '
import os
os.closerange(0, 1 << 20)
os.mkdir("d")
assert os.open("d", os.O_RDONLY) == 0
os._exit(7)'
expect_status 7
expect_nothing_left
run run sh -c 'ulimit -n 20; python3 -c "
import os
n = 0
try:
    while True:
        n = os.dup(0)
except OSError as e:
    print(n, e.strerror)"'
expect_out '19 Too many open files'

# Ends by signals, of which emu says nothing.

for signal in ABRT KILL SEGV TRAP; do
  run run sh -c "kill -$signal \$\$"
  expect_status $((128 + $(kill -l $signal)))
  [[ -z $err ]] || fail "$command: said $err"
done
run run python3 -c 'import ctypes; ctypes.string_at(1)'
expect_status 139
expect_nothing_left

# A guest that traces, or is emu itself, is told so.

run run "$emu" run true
expect_status 125
expect_message 'ptrace is not permitted here*'
finish
