#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# find, grep, sed, gawk, tar and the compressors, on a tree of their own.
set -eu
mkdir -p tree/{a,b,c}/{x,y}
for d in tree/*/*; do for i in 1 2 3; do seq $i 20 >"$d/f$i.txt"; done; done
ln -s ../a/x/f1.txt tree/b/link; touch -d '2001-02-03' tree/a/old; chmod 600 tree/a/old
find tree -type f | sort | wc -l; find tree -name 'f2*' -size -2 | sort | head -n 3
find tree -type l -printf '%p -> %l\n'; find tree ! -newermt 2002-01-01; find tree -perm 600
find tree -type f -exec grep -c 7 {} + | sort | head -n 2; find tree -empty; find tree -depth | sort | tail -n 1
grep -rn '^19$' tree | sort | head -n 3; grep -E '(1|2)0' -o tree/a/x/f1.txt; grep -L zzz tree/a/x/* || echo "grep says $?"
sed -n '2,4p;$=' tree/a/x/f1.txt; sed -i.bak 's/^1\([0-9]\)$/<\1>/' tree/c/y/f1.txt; head -n 12 tree/c/y/f1.txt | tail -n 2
gawk '{s[$1%3]+=$1} END {n=asorti(s,k); for(i=1;i<=n;i++) print k[i], s[k[i]]}' tree/a/x/f1.txt
gawk 'BEGIN {"echo from pipe" | getline x; print toupper(x); printf "%.3f\n", atan2(0,-1); print strftime("%Y", 0, 1)}'
tar -C tree --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf t.tar a b c; sha256sum t.tar
for c in gzip xz zstd; do $c -k -q t.tar -c >"t.$c"; $c -dc "t.$c" | cmp - t.tar && echo "$c ok"; done
tar tf t.tar | wc -l; mkdir out; tar -C out -xf t.tar; diff -r tree/a out/a && echo same
tar -C tree -cz a | tar -tz | sort | head -n 2; xz -T2 -9e <t.tar | xz -dc | md5sum
gzip -n t.tar; zcat t.tar.gz | head -c 100 | wc -c; zstd -q --rm t.tar.gz -o z.zst; ls
rm -r out t.gzip t.xz t.zstd z.zst; printf 'a\0b\0' | xargs -0 -n1 -P2 echo | sort
