#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Hosts that forbid, lack or limit things: one line that says what to do, or a
# run like any other; nothing left behind.
readonly forbid=$PWD/tests/cli/forbid.py
source tests/cli/lib.sh
own_emu
readonly kEperm=1 kEnosys=38
readonly kPtrace=101 kProcessVm=310,311

# run_by COMMAND... -- ARGS...: as run, with emu started by a command.
run_by() {
  local by=()
  while [[ $1 != -- ]]; do by+=("$1"); shift; done
  shift
  "${by[@]}" "$emu" "$@" >"$scratch/.out" 2>"$scratch/.err" </dev/null
  status=$?
  out=$(cat "$scratch/.out")
  err=$(cat "$scratch/.err")
  command="${by[*]} emu $*"
}
# with LIMIT... -- ARGS...: as run, under limits of the shell's ulimit.
with() {
  run_by bash -c 'ulimit "${@:1:2}" && exec "${@:3}"' bash "$@"
}
# Nobody in particular, where we may become that.
anyone=(env)
if ((EUID == 0)); then
  anyone=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi

# ptrace.

for error in $kEperm $kEnosys; do
  run_by "$forbid" $error $kPtrace -- run true
  expect_status 125
  expect_message 'ptrace is not permitted here*--cap-add=SYS_PTRACE*ptrace_scope*'
  expect_nothing_left
done

# Ways to guests' memory: the next best one is taken; one asked for is not.

readonly files='ls /usr/bin | wc -l; head -c 100000 /usr/bin/perl | md5sum'
run run sh -c "$files"
readonly right=$out
for error in $kEperm $kEnosys; do
  run_by "$forbid" $error $kProcessVm -- run sh -c "$files"
  expect_status 0
  expect_out "$right"
  for verb in run 'record -o trace'; do
    run_by "$forbid" $error $kProcessVm -- $verb --memory-access=vm true
    expect_status 125
    expect_message 'copying guest memory in the way asked for: *'
  done
done
for access in auto vm proc words; do
  for verb in run 'record -o trace'; do
    run $verb --memory-access $access sh -c "$files"
    expect_out "$right"
  done
done
rm -f trace

# Standard streams: closed, full, a pipe that nobody reads.

"$emu" run yes 2>.err | head -n 1 >.out
ended=("${PIPESTATUS[@]}")
yes 2>/dev/null | head -n 1 >/dev/null
[[ ${ended[*]} == "${PIPESTATUS[*]}" ]] || fail "a closed pipe: ${ended[*]}"
[[ -z $(cat .err) && $(cat .out) == y ]] || fail "a closed pipe: $(cat .err)"
run_by sh -c 'exec "$@" >&-' sh -- run echo hi
expect_status 1
[[ $err == 'echo: '*'Bad file descriptor' ]] || fail "no standard output: $err"
run_by sh -c 'exec "$@" <&-' sh -- run sh -c 'cat; ls /proc/self/fd | head -n 1'
[[ $err == 'cat: '*'Bad file descriptor'* && $out == 0 ]] ||
  fail "no standard input: $out, $err"
run_by sh -c 'exec "$@" 2>&-' sh -- run sh -c 'echo hi'
expect_status 0
expect_out hi
run_by sh -c 'exec "$@" <&- >&- 2>&-' sh -- run --stats --strace sh -c 'exit 3'
expect_status 3
run_by sh -c 'exec "$@" >/dev/full' sh -- run sh -c 'echo hi'
expect_status 1
[[ $err == *'error'* ]] || fail "full standard output: $err"
run_by setsid -w -- run sh -c 'echo hi; (: </dev/tty) 2>&1'
[[ $out == hi*'/dev/tty'* ]] || fail "no terminal: $out; $err"
expect_nothing_left

# Disks that are full or may not be written to.

run run --strace=/dev/full sh -c 'echo hi'
expect_status 125
expect_out hi
expect_message 'write("/dev/full"): No space left on device'
if unshare -rm true 2>/dev/null; then
  mkdir disk
  export emu
  run_by unshare -rm sh -c 'mount -t tmpfs -o size=64k none disk &&
    "$@"; echo $? $(ls -A disk) >&2' sh -- \
    run --export /usr/bin/perl:disk/perl --strace=disk/trace sh -c 'echo hi'
  [[ $err == 'emu: --export /usr/bin/perl:disk/perl: '*'No space left on device'*$'\n''125 trace' ]] ||
    fail "a full disk: $err"
  run_by unshare -rm sh -c 'mount -t tmpfs -o ro none disk && exec "$@"' sh -- \
    run --export /etc/hostname:disk/name true
  expect_status 125
  expect_message '--export /etc/hostname:disk/name: *Read-only file system*'
  cp "$emu" emu
  run_by env TMPDIR=/none -- run sh -c 'f=/tmp/emu.$$; echo x >$f && cat $f'
  expect_out x
  rmdir disk
  rm emu
fi
expect_nothing_left

# Limits.

with -n 10 -- run true
expect_status 125
expect_message 'the host lets emu open 10 files only; raise ulimit -Hn to 64 or more'
with -Sn 10 -- run sh -c 'ls / | wc -l'
expect_status 0
with -n 64 -- run bash -c 'for i in 1 2 3 4; do ls / | sort | wc -l; done'
expect_status 0
with -v 30000 -- run true
expect_status 125
expect_message '*raise ulimit -v*Cannot allocate memory'
with -v 200000 -- run sh -c 'echo hi | cat'
expect_out hi
with -f 10 -- run sh -c 'echo hi'
expect_status 125
expect_message '*raise ulimit -f*File too large'
if ((EUID == 0)); then
  # A user of whom nothing else runs.
  uid=$((RANDOM + 100000))
  run_by bash -c 'ulimit -u 1 && exec "$@"' bash setpriv --reuid=$uid \
    --regid=$uid --clear-groups -- run true
  expect_status 125
  expect_message 'clone(*Resource temporarily unavailable'
fi
with -c 0 -- run sh -c 'kill -SEGV $$'
expect_status 139
expect_nothing_left

# A user like any other.

run_by "${anyone[@]}" -- run id -u
expect_out 1000
run_by "${anyone[@]}" -- run --strace=/none/x true
expect_status 125
expect_message 'open("/none/x"): No such file or directory'
run_by "${anyone[@]}" -- run -u 0 sh -c 'echo x >/etc/new && cat /etc/new'
expect_out x
run_by "${anyone[@]}" -- run --stats python3 -c 'print(sum(range(10)))'
expect_out 45
if ((EUID == 0)); then
  mkdir -m 700 secret
  run_by "${anyone[@]}" -- run -v "$scratch/secret:/s" ls /s
  expect_status 2
  [[ $err == *'Permission denied' ]] || fail "another's files: $err"
  run_by "${anyone[@]}" -- run --export "/etc/hostname:secret/name" true
  expect_status 125
  expect_message '--export *: Permission denied'
  rmdir secret
fi
expect_nothing_left

# A trace's last line is there when emu is killed.

"$emu" run --time host --strace=trace sleep 1000 &
pid=$!
for _ in $(seq 100); do grep -qs nanosleep trace && break; sleep 0.1; done
kill -KILL $pid
wait $pid 2>/dev/null
[[ $(tail -n 1 trace) == '2     '*' clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1000, tv_nsec=0}, '* ]] ||
  fail "the trace ends with $(tail -n 1 trace)"
rm trace
expect_nothing_left
finish
