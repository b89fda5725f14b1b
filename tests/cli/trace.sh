#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What emu trace says of files, good ones and others.
source tests/cli/lib.sh

# A recording that was cut short behind its options, "{}".
hex=89454d550d0a1a0a03000000ea616d4c010000000200000002000000010000000000000000000000165c7027e1cd4913e31ad6a75561974e7b7d
printf "$(sed 's/../\\x&/g' <<<"$hex")" >cut
run trace info cut; expect_status 0
[[ $out == *'ended          cut short'* && $out == *'events         0'* ]] || fail "info: $out"
run trace info --json cut cut; expect_status 0
[[ $(grep -c '"complete": false' <<<"$out") == 2 ]] || fail "info of two: $out"
run trace dump cut; expect_status 0; expect_out ''
run trace files cut; expect_status 0; expect_out ''
run trace diff cut cut; expect_status 0; expect_out 'the same 0 events'
run trace stats --json cut; expect_status 0
run trace export -o cut.json cut; expect_status 0; expect_out ''
[[ $(tr -d '\n' <cut.json) == '{"displayTimeUnit":"ns","traceEvents":[]}' ]] || fail "export: $(cat cut.json)"

expect 125 'emu trace does what?*' trace
expect 125 'emu trace knows no "bogus"*' trace bogus
expect 125 'emu trace dump takes one recording*' trace dump
expect 125 'emu trace diff takes two recordings*' trace diff cut
expect 125 'unknown option --bogus*' trace info --bogus cut
expect 125 '--tid: "x" is not*' trace dump --tid x cut
expect 125 'open("none"): No such file*' trace info none
expect 125 '.: not a regular file' trace info .
mkfifo fifo
expect 125 'fifo: not a regular file' trace dump fifo
: >empty
expect 125 'empty: the file is empty' trace info empty
expect 125 '/bin/true: this is not a recording of emu' trace info /bin/true
head -c 50 cut >shorter
expect 125 'shorter: the recording was cut short*' trace info shorter
{ head -c 30 cut; printf x; tail -c +32 cut; } >damaged
expect 125 'damaged: the recording is damaged at byte 16' trace info damaged
expect 125 'cut holds no file "/x"*' trace files --extract /x cut
expect 125 'cut: the recording names a content*' trace files --extract 0 cut
expect 125 'open("/none/out"): No such file*' trace export -o /none/out cut

run trace --help; expect_status 0
[[ $out == *'emu trace dump FILE'* ]] || fail "help: $out"
for what in info dump diff files stats export; do
  run trace $what --help; expect_status 0
  [[ $out == *"Usage: emu trace $what"* ]] || fail "help of $what: $out"
done
"$emu" trace info cut >/dev/full 2>.err
[[ $? == 125 && $(cat .err) == 'emu: write("standard output"): No space'* ]] || fail "full: $(cat .err)"
# A reader that is gone before anything is written.
{ sleep 0.3; "$emu" trace info cut 2>.err; echo $? >.status; } | true
[[ $(cat .status) == 125 && $(cat .err) == 'emu: write("standard output"): Broken pipe' ]] || fail "closed: $(cat .err)"
# A verification does not need one.
"$emu" verify -n 2 -- seq 100000 2>.err | head -1 >/dev/null
[[ ${PIPESTATUS[0]} == 0 && $(cat .err) == 'emu: deterministic: 2 runs of '* ]] || fail "verify: $(cat .err)"
finish
