#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Recordings, and what a replay of them shows on a host that has become another.
source tests/cli/lib.sh

# same NAME [OPTIONS] PROGRAM...: records it with standard input from $input, and
# replays it with another environment, directory, umask and limits; the root of
# the host is as good as any. What the guest said and how it ended are the same.
input=/dev/null
# Where everybody can execute it.
cp -- "$emu" "$scratch/.emu" && chmod 755 "$scratch/.emu"
as_nobody=()
if ((EUID == 0)); then
  as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all)
fi
same() {
  local name=$1 before after
  shift
  "$emu" record -o "$name.trace" "$@" <"$input" >"$name.out1" 2>"$name.err1"
  before=$?
  chmod 644 "$name.trace"
  (cd /usr && umask 077 && ulimit -n 64 && exec env -i TZ=Asia/Tokyo \
    LANG=xx TERM=vt52 COLUMNS=7 SOURCE_DATE_EPOCH=1 "${as_nobody[@]}" \
    taskset -c 0 "$scratch/.emu" replay "$scratch/$name.trace") \
    </dev/null >"$name.out2" 2>"$name.err2"
  after=$?
  [[ $before == "$after" ]] || fail "$name: status $before, in the replay $after; $(head -5 "$name.err2")"
  cmp "$name.out1" "$name.out2" || fail "$name: another output; $(head -5 "$name.err2")"
}
# said NAME TEXT: standard output of both.
said() { [[ $(cat "$1.out1") == "$2" ]] || fail "$1: said '$(cat "$1.out1")'"; }

same hello echo hello; said hello hello
same status sh -c 'exit 7'
same killed sh -c 'kill -9 $$'
same none /no/such/program
same no-exec /etc/passwd
same deadlock sh -c 'mkfifo /tmp/f; cat /tmp/f'
same entropy --seed random od -An -tx1 -N16 /dev/urandom
same epoch --epoch now date +%s%N
same hosttime --time host sh -c 'date +%s%N; sleep 0.3; date +%s%N'
same who -u 33:44 -w /usr --hostname other --cpus 3 -e A=$'\xff\x01' sh -c 'id; pwd; hostname; nproc; env'
same closed sh -c 'echo text >&2; cat; ls /proc/self/fd' <&-
same stderr sh -c 'echo to stderr >&2'
[[ $(cat stderr.err2) == 'to stderr' ]] || fail 'standard error is not replayed'

# What people look at is in the recording.
same exec sh -c '/bin/echo one two; :'
"$emu" trace dump exec.trace >dump
grep -q 'execve("/bin/echo", \["/bin/echo", "one", "two"\], 0x[0-9a-f]* /\* [0-9]* vars \*/' dump ||
  fail "dump: $(grep execve dump)"
grep -qF 'write(1, "one two\n", 8) = 8 data=' dump || fail "dump: $(grep write dump)"
same exec2 sh -c '/bin/echo ene two; :'
run trace diff exec.trace exec2.trace; expect_status 1
[[ $out == *'same again, but for times, from event '* ]] || fail "diff: $out"

# Input that comes in pieces, with pauses.
mkfifo pieces
(for i in 1 2 3; do echo "piece $i"; sleep 0.2; done) >pieces &
input=pieces same stdin sh -c 'while read -r line; do echo "got $line"; done'
said stdin $'got piece 1\ngot piece 2\ngot piece 3'
input=/dev/null

# Files: what they were when they were first opened, whatever became of them.
mkdir -p data/sub
echo one >data/a; head -c 5000000 /dev/urandom >data/big; ln data/a data/hard; ln -s a data/link
for i in {1..300}; do echo "$i" >"data/sub/$i"; done
mkdir tree; cp -a data tree/
same files sh -c 'cd data; cat a link; stat -c "%h %s %a" a hard; md5sum big; cat sub/* | md5sum; ls -l --time-style=+ | sort; tail -c 9 big | od -c'
same bind -v "$scratch/data:/in/deep" sh -c 'cat /in/deep/a; echo more >>/in/deep/a; cat /in/deep/a; ls /in/deep/sub | wc -l'
tar -C / -cf image.tar --dereference bin/dash bin/cat lib64/ld-linux-x86-64.so.2 lib/x86_64-linux-gnu/libc.so.6 2>/dev/null
same tar --root image.tar /bin/dash -c 'echo "$PATH"; echo /*; cat /bin/dash | wc -c' 2>/dev/null
rm -rf data image.tar tree
(cd / && exec "$emu" replay "$scratch/files.trace") >again 2>&1; cmp files.out1 again || fail 'a replay without the files'
(cd / && exec "$emu" replay "$scratch/bind.trace") >again 2>&1; cmp bind.out1 again || fail 'a replay without the bind'

# Read and mapped in one: a file as from a package, which is lent; two that others may
# write to, which are copied, to different places; and a small one.
mkdir kinds; head -c 200000 /dev/urandom >kinds/lent; head -c 700000 /dev/urandom >kinds/copied
cat kinds/copied{,,} >kinds/large; head -c 3000 kinds/lent >kinds/small
touch -d @1700000000 kinds/*; chmod 644 kinds/lent kinds/small; chmod 666 kinds/copied kinds/large
same kinds python3 -c '
import hashlib, mmap, os
for name in "lent", "copied", "large", "small":
  f = open("kinds/" + name, "rb")
  read = f.read()
  for flags in mmap.MAP_PRIVATE, mmap.MAP_SHARED:
    assert mmap.mmap(f.fileno(), 0, flags, mmap.PROT_READ)[:] == read
  assert os.pread(f.fileno(), 9, 2990) == read[2990:2999]
  print(name, len(read), hashlib.md5(read).hexdigest())'
[[ $("$emu" trace files kinds.trace) == *' 200000 '*kinds/lent* ]] || fail 'the lent file is not in the recording'
rm -rf kinds
(cd / && exec "$emu" replay "$scratch/kinds.trace") >again 2>&1; cmp kinds.out1 again || fail 'a replay without the kinds of files'

# More than stays in memory: it is read, and mapped, from the recording.
mkdir much; for i in {0..37}; do head -c 4000000 /dev/urandom >much/$i; done; head -c 50000 much/3 >much/small
same much python3 -c '
import hashlib, mmap
digest = lambda b: hashlib.md5(b).hexdigest()
files = [open("much/" + name, "rb") for name in ["small", *map(str, range(38))]]
first = [digest(f.read()) for f in files]
for f, d in zip(files, first):
  f.seek(0)
  assert digest(f.read()) == d
for f, d in zip(files[:3], first):
  assert digest(mmap.mmap(f.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ)[:]) == d
files[4].seek(3999990)
print(first, files[4].read(100))'
[[ $(cat much.out1) == "['$(md5sum much/small | cut -d" " -f1)',"* ]] || fail "much: $(cat much.err1)"
rm -rf much
(cd / && exec "$emu" replay "$scratch/much.trace") >again 2>&1; cmp much.out1 again || fail 'a replay of much'
rm much.trace

head -c 100000 /dev/zero >late; touch -d @1700000000 late; chmod 644 late
"$emu" record -o late.trace python3 -c '
import sys
f = open("late", "rb"); f.read(1); print("open", flush=True); sys.stdin.readline(); print(len(f.read()))' \
  < <(while [[ ! -s late.out ]]; do sleep 0.05; done; echo x >>late; echo go) >late.out 2>late.err &
recorder=$!
wait $recorder || fail "late: $?"
[[ $(cat late.err) == *'late changed on the host during the run'* ]] || fail "late: $(cat late.err)"

# A writable bind: the host's files change in the recording, not in the replay.
mkdir rw; chmod 777 rw; echo hello >rw/a; chmod 666 rw/a
same rw -v "$scratch/rw:/d:rw" sh -c 'cd /d; cat a; echo more >>a; cat a; mkdir sub; echo x >sub/x; mv a sub/b; ln -s b sub/l; cat sub/l; stat -c "%a %s" sub/b; truncate -s 3 sub/b; cat sub/b; ln sub/x sub/y; rm sub/x; touch -d @5 sub/y; stat -c %Y sub/y; ls sub; rmdir nothing; cat nothing'
[[ $(cat rw/sub/b) == hel ]] || fail "the bind has '$(cat rw/sub/b)'"
echo hello >rw/a; chmod 666 rw/a
"$emu" replay rw.trace >/dev/null 2>&1; [[ $(cat rw/a) == hello ]] || fail 'a replay changed the host'
same mapped -v "$scratch/rw:/d:rw" python3 -c '
import mmap
f = open("/d/a", "r+b")
m = mmap.mmap(f.fileno(), 0)
m[0:2] = b"QQ"
print(m[:], open("/d/a").read())
f.write(b"ZZ"); f.flush()
print(m[:])'
said mapped $'b\'QQllo\\n\' QQllo\n\nb\'ZZllo\\n\''

# Threads in an order drawn from a seed; many processes; virtual time.
same threads --seed 7 python3 -c '
import threading
order = []
def run(i):
  for _ in range(30):
    order.append(i)
    threading.Event().wait(0.001 * i)
threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
print(order)'
same processes sh -c 'for i in 1 2 3 4 5 6 7 8 9; do (sleep $i; echo $i) & done; wait; date'
same pipes sh -c 'seq 3000 | sort -rn | head -n 1; seq 100000 | md5sum'

# The recorded run's trouble with its output is the replay's, which has none.
"$emu" record -o pipe.trace sh -c 'trap "" PIPE; while echo line; do :; done 2>/dev/null; echo end >&2' 2>pipe.err1 | head -n 1 >/dev/null
run replay pipe.trace; expect_status 0; [[ $err == end ]] || fail "EPIPE: $err"
"$emu" replay hello.trace >&- 2>pipe.err2; [[ $? == 125 && $(cat pipe.err2) == 'emu: cannot write what the recorded run wrote'* ]] || fail "closed output: $(cat pipe.err2)"
"$emu" replay hello.trace >/dev/full 2>pipe.err2; [[ $? == 125 ]] || fail 'a full output'

# What a person may want to see of a replay.
run replay --strace=calls hello.trace; expect_status 0; expect_out hello
grep -q 'write(1, "hello\\n", 6)' calls || fail 'the calls of a replay'
run record -o made.trace sh -c 'mkdir made; echo 1 >made/x'; expect_status 0
run replay --export "$scratch/made:result" made.trace; expect_status 0
[[ $(cat result/x) == 1 ]] || fail 'an export of a replay'

# Where recordings are written.
run record true; expect_status 0; [[ -s emu.trace && $(stat -c %a emu.trace) == 600 ]] || fail 'emu.trace'
expect 125 'emu.trace is there already*' record true
run record -o emu.trace true; expect_status 0
expect 125 '*No such file or directory*' record -o no/such/directory true
expect 125 'no program to run: emu record*' record -o x
expect 125 'no recording to replay*' replay
expect 125 '*missing.trace*' replay missing.trace
expect 125 '*' replay /etc/passwd
expect 125 '*' replay "$scratch"

# A damaged one; one that was cut short; one of another program.
size=$(stat -c %s files.trace)
head -c $((size * 2 / 3)) files.trace >cut.trace
expect 125 'the recording was cut short and ends here*' replay cut.trace
{ head -c $((size / 2)) files.trace; printf 'X'; tail -c +$((size / 2 + 2)) files.trace; } >bad.trace
expect 125 '*' replay bad.trace
if ((EUID == 0)) && mkdir tiny && mount -t tmpfs -o size=2m tmpfs tiny 2>/dev/null; then
  run record -o tiny/trace sh -c 'md5sum /usr/bin/* >/dev/null; echo done'
  expect_out done; expect_status 125
  [[ $err == *'is cut short'*'No space left on device'* ]] || fail "a full disk: $err"
  expect 125 'the recording was cut short and ends here*' replay tiny/trace
  umount tiny
fi

# A program that hangs and is ended: where it was is not looked for.
hang=(perl -e '$| = 1; print "hung\n"; 1 while 1')
run record --timeout 1s -o hang.trace "${hang[@]}"; expect_status 124
begin=$SECONDS
run replay hang.trace; expect_out hung; expect_status 124
"$emu" record -o hang.trace "${hang[@]}" >hang.out &
recorder=$!
until grep -q hung hang.out; do sleep 0.1; done
kill -TERM $recorder; wait $recorder
run replay hang.trace; expect_out hung; expect_status 143
((SECONDS - begin <= 10)) || fail "replays of hung programs took $((SECONDS - begin)) s"

# emu killed in the middle: all that was there a second before is in the file.
"$emu" record -o killed.trace sh -c 'i=0; while :; do echo $i; i=$((i+1)); sleep 0.1; done' >killed.out1 &
recorder=$!
sleep 4; kill -9 $recorder; wait $recorder 2>/dev/null
run replay killed.trace; expect_status 125
[[ $err == 'emu: the recording was cut short and ends here, behind event '* ]] || fail "killed: $err"
lines=$(wc -l <.out)
((lines > 10)) || fail "only $lines lines of the killed run are there"
cmp <(head -n "$lines" killed.out1) .out || fail 'another output of the killed run'

# A signal ends the replay, and is none of the guest's.
"$emu" record -o long.trace sh -c 'trap "echo trapped" INT; i=0; while [ $i -lt 300000 ]; do i=$((i+1)); /bin/true; [ $i -lt 1500 ] || break; done; echo end' >/dev/null
env --default-signal=INT "$emu" replay long.trace >signalled 2>&1 &
replayer=$!
sleep 0.2; kill -INT $replayer; wait $replayer; status=$?
[[ $status == 130 && $(cat signalled) == 'emu: the replay was ended by a signal' ]] || fail "SIGINT: $status $(cat signalled)"

finish
