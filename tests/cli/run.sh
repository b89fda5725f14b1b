#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What options do to a program.
source tests/cli/lib.sh

run run sh -c 'exit 7'; expect_status 7
run run sh -c 'kill -TERM $$'; expect_status 143
run run sh -c 'kill -KILL $$'; expect_status 137
run run echo hello; expect_status 0; expect_out hello
run run -- echo --stats; expect_out --stats
[[ $(echo piped | "$emu" run cat) == piped ]] || fail 'standard input'
run run sh -c 'echo to stderr >&2'; [[ $err == 'to stderr' ]] || fail "stderr: $err"

run run id -u; expect_out 1000
run run -u 0 id -u; expect_out 0
run run -u 33:44 id -g; expect_out 44
run run pwd; expect_out "$scratch"
run run -w / pwd; expect_out /
run run hostname; expect_out emu
run run --hostname other hostname; expect_out other
run run nproc; expect_out 1
run run --cpus 3 nproc; expect_out 3
run run date -u +%F; expect_out 2027-01-01
run run --epoch 2001-02-03 date -u +%F; expect_out 2001-02-03
SOURCE_DATE_EPOCH=86400 run run date -u +%F; expect_out 1970-01-02
run run sh -c 'echo $HOME $LANG'; expect_out "$(getent passwd 1000 | cut -d: -f6 | grep . || echo /home/user) C.UTF-8"
A=1 run run -e A -e B=2 sh -c 'echo $A $B $PATH'
[[ $out == '1 2 /usr/local/sbin:'* ]] || fail "environment: $out"
B=3 run run --env-host sh -c 'echo $B'; expect_out 3
run run whoami; [[ -n $out && $status == 0 ]] || fail "whoami: $out $err"
run run sleep 3600; expect_status 0

random() { "$emu" run "$@" head -c 8 /dev/urandom | od -An -tx1; }
[[ $(random) == "$(random)" ]] || fail 'the default seed is not fixed'
[[ $(random --seed 1) == "$(random --seed 1)" ]] || fail 'a seed is not fixed'
[[ $(random --seed 1) != "$(random --seed 2)" ]] || fail 'seeds do not differ'
[[ $(random --seed random) != "$(random --seed random)" ]] || fail 'no entropy'

run run sh -c 'echo x >new && cat new'; expect_out x
[[ ! -e new ]] || fail 'the host was written to'
mkdir data; echo content >data/file
run run -v "$scratch/data:/inside/deep" cat /inside/deep/file; expect_out content
run run -v "$scratch/data/file:/one" cat /one; expect_out content
run run -v "$scratch/data:/d:rw" sh -c 'cd /d; echo more >>file; echo new >made; mkdir sub; mv made sub/; chmod 600 sub/made; ln -s file link; ln file hard; rm -f none; cat file'
expect_out $'content\nmore'
[[ $(cat data/file) == $'content\nmore' && $(cat data/sub/made) == new ]] || fail 'writes through a bind'
[[ $(stat -c %a data/sub/made) == 600 && $(readlink data/link) == file && data/hard -ef data/file ]] || fail 'modes and links through a bind'
run run -v "$scratch/data:/d" sh -c 'echo lost >/d/file; rm -r /d/sub; cat /d/file'; expect_out lost
[[ $(wc -l <data/file) == 2 && -d data/sub ]] || fail 'a read-only bind was written to'
run run --tmpfs /t sh -c 'ls /t; echo y >/t/f; cat /t/f'; expect_out y

run run --export "$scratch/made:result" sh -c 'mkdir made; echo 1 >made/a; ln -s a made/b; exit 3'
expect_status 3
[[ $(cat result/a) == 1 && $(readlink result/b) == a ]] || fail 'export of a tree'
run run --export /none:nothing true; expect_status 125
[[ ! -e nothing ]] || fail 'something was exported from nothing'
[[ -z $(ls -A | grep emu-export) ]] || fail 'exports left something behind'

run run --timeout 0.5 sh -c 'while :; do :; done'; expect_status 124
run run --strace true
[[ $err == '1.000000 execve("/usr/bin/true", ["true"], '*') = 0'$'\n'*'exit_group(0) '*' = ?'*'+++ exited with 0 +++' ]] || fail "strace: $err"
run run --strace=trace echo hi; expect_out hi
grep -q '^2     1\.[0-9]* write(1, "hi\\n", 3)  *= 3$' trace || fail 'strace to a file'
run run --stats true
[[ $err == *'syscall'*'execve'* || $err == *' total'* ]] || fail "stats: $err"
if grep -qw cpuid_fault /proc/cpuinfo; then
  [[ $err != *CPUID* ]] || fail "stats: $err"
  run run --strict-processor true; expect_status 0
else
  [[ $err == *'CPUID is not trapped here'* ]] || fail "stats: $err"
  expect 125 'not reproducible: programs could find out what the processor is*' run --strict-processor true
  expect 125 'not reproducible: programs could find out what the processor is*' record -o strict.trace --strict-processor true
fi
run run --strict true; expect_status 0; [[ -z $err ]] || fail "strict: $err"

mkdir -p root/bin; cp /bin/busybox root/bin/sh && {
  run run --root root /bin/sh -c 'echo $0 $PWD'; expect_out '/bin/sh /'
  tar -C root -czf root.tar.gz .
  run run --root root.tar.gz /bin/sh -c 'echo /*'; expect_status 0
  [[ $out == *'/bin'* && $out == *'/proc'* ]] || fail "tar root: $out"
  # Owners and modes are the archive's own.
  ln -s sh root/bin/stat; touch root/suid; chmod 4755 root/suid
  tar -C root --owner=:1234 --group=:5678 -cf owned.tar .
  run run --root owned.tar /bin/stat -c '%u:%g %a' /suid
  expect_out '1234:5678 4755'
}

# Signals to emu reach the program; it may answer as it likes.
"$emu" run sh -c 'trap "echo got it; exit 9" TERM; echo ready; while :; do sleep 1; done' >said &
pid=$!
for _ in $(seq 100); do grep -q ready said && break; sleep 0.1; done
kill -TERM $pid; wait $pid
[[ $? == 9 && $(tail -n 1 said) == 'got it' ]] || fail "SIGTERM: $(cat said)"
finish
