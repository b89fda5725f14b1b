#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Some fifty of the coreutils.
set -eu
mkdir -p a/b/c && cd a
seq 1 100 >numbers
printf '%s\n' pear apple fig apple >fruit
sort fruit >sorted && uniq -c sorted && comm -12 sorted <(sort -u fruit)
head -n 3 numbers && tail -n 2 numbers && wc -l numbers
cut -c1 fruit && paste fruit sorted && join <(nl -ba sorted | sort -k2) \
  <(sort sorted) -1 2 -2 1 | head -n 3
tr a-z A-Z <fruit && rev <fruit
tac fruit && nl fruit && fold -w 2 fruit && fmt -w 10 fruit
expand <(printf 'a\tb\n') && unexpand -a <(printf '        b\n') | od -c
od -An -tx1 fruit | head -n 2 && base64 fruit && base32 fruit && basenc --base16 fruit
md5sum fruit && sha1sum fruit && sha256sum fruit && sha512sum fruit && b2sum fruit
cksum fruit && sum fruit
split -l 30 numbers part. && ls part.* && cat part.* | cmp - numbers
csplit -s numbers 50 && ls xx* && rm xx*
cp -r b copy && cp -p fruit copy/ && cp -l fruit hard && ln -s fruit soft
ln fruit hard2 && stat -c '%n %s %h %a %F' fruit soft hard2
readlink soft && realpath --relative-to=.. soft && basename /x/y.c .c && dirname /x/y
mv hard2 moved && touch -d '2020-01-02 03:04:05' moved && stat -c %y moved
install -m 640 fruit installed && chmod u+x,g-r installed && stat -c %a installed
truncate -s 12345 big && stat -c '%s' big && dd if=/dev/zero of=dd bs=512 count=4 status=none
stat -c %s dd && du -b --apparent-size dd && shred -u dd && test ! -e dd
mkfifo pipe && (echo through >pipe &) && cat pipe && rm pipe
mktemp -u XXXXXX | wc -c && tee t1 t2 <fruit >/dev/null && cmp t1 t2
expr 6 \* 7 && factor 1234567890 && seq -s, 1 2 9 && numfmt --to=iec 1048576
echo "$(pwd)" | grep -c cwd/a && printenv HOME | grep -c cwd && env -i A=1 env
id -u && id -g && test "$(whoami 2>/dev/null || echo none)" != root
date -u -d @86400 +%F && sleep 0.01 && timeout 5 true && nice -n 5 true
(timeout 0.1 sleep 10 || echo timed out $?) && nohup true 2>/dev/null
echo a b c | xargs -n1 echo | sort -r && yes | head -n 2 && printf '%05d %s\n' 42 x
pathchk -p ok && (pathchk -p "$(printf 'x%.0s' {1..300})" 2>/dev/null || echo too long)
ptx -G <<<'hello world' | head -n 1
tsort <<<'a b b c' && shuf -i 1-10 --random-source=numbers | sort -n | tail -n1
pr -l 10 fruit | head -n 3 >/dev/null && ls -l fruit | cut -c1-10 && ls -a && dir
(cd b && rmdir c && ls) && unlink soft && link fruit linked && sync && true
[ -f fruit ] && (false || echo false) && uname -s && arch && nproc --all >/dev/null
df . >/dev/null && stty size 2>/dev/null || echo no terminal
tty || echo not a tty: $?
logname || echo no login name
exit 3
