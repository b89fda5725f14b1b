#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What goes wrong before a program runs: one line and the right exit status.
source tests/cli/lib.sh

expect 125 'no command*'
expect 125 'no such command: "bogus" (to run that program: emu run bogus)' bogus
expect 125 'no such command: "rnu"; did you mean run?' rnu true
expect 125 'no such command: "hlep"; did you mean help?' hlep
expect 125 'unknown option "--hepl"; did you mean --help?' --hepl
expect 125 'unknown option "--root" (options of a run come behind the word run*' --root / run true
expect 125 'there is no help on "bogus"*' help bogus
expect 125 'the command is empty*' ''
expect 125 'no program to run*' run
expect 125 'no program to run*' run --
expect 125 'no program to run*' run --stats
expect 125 "the program's name is empty" run ''
expect 125 'unknown option --bogus (emu run --help explains the options)' run --bogus true
expect 125 'unknown option --memroy; did you mean --memory?' run --memroy 4G true
expect 125 'unknown option --worrkdir; did you mean --workdir?' run --worrkdir=/ true
expect 125 'unknown option -x*' run -x -- true
expect 125 '--memory needs a value: --memory SIZE' run --memory
expect 125 '-e needs a value: -e NAME*' run -e
expect 125 '--stats takes no value: "--stats=yes"' run --stats=yes true
expect 125 '-h takes no value*' run -hx true
expect 125 '--memory: "lots" is not a size*' run --memory lots true
expect 125 '--volume: "/x" is not HOST:GUEST*' run -v /x true
expect 125 "-v /none:/x: the host's side: "'open("/none")*No such file*' run -v /none:/x true
for value in -1 0 4X '' 99999999999999999999 1.5G ' 1G'; do
  expect 125 '--memory: *' run --memory "$value" true
done
for value in tomorrow '' 2030-13-01 1e9 2030-01-01T25:00:00Z; do
  expect 125 '--epoch: * is not a date, such as*' run --epoch "$value" true
done
for value in 5x '' -1 0 1h2 ; do
  expect 125 '--timeout: * is not a length of time, such as*' run --timeout "$value" true
done
expect 125 '--seed: *' run --seed -1 true
expect 125 '--time: "real" is neither "virtual" nor "host"*' run --time real true
expect 125 '--cpus: *from 1 to 64*' run --cpus 65 true
expect 125 '--pids-limit: *' run --pids-limit 0 true
expect 125 '--memory-access: "mem" is none of*' run --memory-access mem true
expect 125 '--workdir: "here" is not an absolute path*' run -w here true
expect 125 '--export: "/x" is not GUEST:HOST*' run --export /x true
expect 125 '--tmpfs: "x" is not an absolute path*' run --tmpfs x true
expect 125 '--hostname: *' run --hostname '' true
expect 125 '--env: "=x" is not NAME*' run -e =x true
expect 125 '--root: open("none")*No such file*' run --root none true
echo 'not a tar' >text
expect 125 '--root: text cannot be read as a tar archive*' run --root text true
tar -cf cut.tar -C /bin --dereference ls
head -c 20000 cut.tar >short.tar
expect 125 '--root: short.tar: Truncated tar archive*' run --root short.tar /ls
: >empty.tar
expect 125 '--root: *' run --root empty.tar true
if ((EUID != 0)); then
  chmod 0 cut.tar
  expect 125 '--root: open("cut.tar"): Permission denied' run --root cut.tar true
fi
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

# What is given twice: the last one counts.
run run --hostname one --hostname two hostname
expect_out two
# A directory on the way, a program that is none of the PATH's.
expect 127 '"/etc/passwd/x" is not found in the guest' run /etc/passwd/x
printf 'echo one\n' >textfile
chmod 755 textfile
expect 126 '"./textfile" is neither an ELF program nor a script that starts with #!*' run ./textfile

run --version
expect_status 0
[[ $out == 'emu '[0-9]* ]] || fail "version: $out"
run run --help
expect_status 0
[[ $out == *--export* && $out == *WARNING* ]] || fail 'help does not teach'
"$emu" run --help >/dev/full 2>.err
[[ $? == 125 && $(cat .err) == 'emu: cannot write'* ]] || fail 'full output'
finish
