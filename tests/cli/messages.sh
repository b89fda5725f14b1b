#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What goes wrong before a program runs: one line and the right exit status.
source tests/cli/lib.sh

expect 125 'no command*'
expect 125 'no such command: "bogus"*' bogus
expect 125 'no program to run*' run
expect 125 'unknown option --bogus*' run --bogus true
expect 125 '--memory: "lots" is not a size*' run --memory lots true
expect 125 '--volume: "/x" is not HOST:GUEST*' run -v /x true
expect 125 '-v: open("/none")*No such file*' run -v /none:/x true
expect 125 '--root: open("none")*No such file*' run --root none true
echo 'not a tar' >text
expect 125 '--root: text cannot be read as a tar archive*' run --root text true
mkfifo fifo
expect 125 '--root: fifo is neither*' run --root fifo true
expect 125 '-u: user "nobody-here" is not in*' run -u nobody-here true
expect 125 '--export /x:/none/y:*' run --export /x:/none/y true
expect 125 'open("/none/trace")*' run --strace=/none/trace true
expect 125 'the guest has no directory "/none"*' run -w /none true
expect 125 '"tcsh" is not one of bash, zsh and fish' completion tcsh
SOURCE_DATE_EPOCH=soon expect 125 "the environment's SOURCE_DATE_EPOCH*" run true

expect 127 '"no-such-program" is not found in the guest'\''s PATH*' run no-such-program
expect 127 '"./none" is not found in the guest' run ./none
printf '#!/no/such/interpreter\n' >script
chmod 755 script
expect 127 '"./script" needs "/no/such/interpreter"*' run ./script
expect 126 '"/etc" may not be executed*directory' run /etc
echo 'echo hello' >plain
chmod 644 plain
expect 126 '"./plain" may not be executed by uid 1000*' run ./plain
chmod 755 plain
expect 126 '"./plain" is neither an ELF program nor a script*' run ./plain
: >empty
chmod 755 empty
expect 126 '"./empty" is empty' run ./empty
head -c 100 /bin/true >cut
chmod 755 cut
expect 126 '"./cut" is an ELF file that is cut short' run ./cut
cp /bin/true other
printf '\xb7\x00' | dd of=other bs=1 seek=18 conv=notrunc 2>/dev/null
chmod 755 other
expect 126 '"./other" is a program for aarch64*' run ./other

run --version
expect_status 0
[[ $out == 'emu '[0-9]* ]] || fail "version: $out"
run run --help
expect_status 0
[[ $out == *--export* && $out == *WARNING* ]] || fail 'help does not teach'
"$emu" run --help >/dev/full 2>.err
[[ $? == 125 && $(cat .err) == 'emu: cannot write'* ]] || fail 'full output'
finish
