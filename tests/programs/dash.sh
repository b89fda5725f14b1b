#!/bin/dash
# SPDX-License-Identifier: Apache-2.0
# dash, and busybox linked statically.
set -u
i=0; while [ $i -lt 5 ]; do i=$((i + 1)); echo $i; done | awk '{s+=$1} END {print s}'
trap 'echo trapped' INT; kill -INT $$
(echo in; exit 3) || echo "out $?"
cat <<E | sort -r
b
a
c
E
busybox sh -c 'for i in 1 2 3; do echo $i | busybox sed s/2/two/; done; exit 4'; echo "$?"
busybox ls -la / >/dev/null && busybox echo busybox
busybox seq 10 | busybox tail -n 3 | busybox tac
busybox tar cf t.tar --exclude t.tar . 2>/dev/null; busybox test -s t.tar && rm t.tar
busybox ash -c 'echo $$ >pid; [ $(cat pid) -gt 0 ] && echo pid ok; rm pid'
busybox find /etc/passwd; busybox md5sum /dev/null; busybox sleep 0.01
echo "text" | busybox gzip | busybox zcat | busybox wc -c
sleep 0.05 & wait $!; echo "waited $?"
