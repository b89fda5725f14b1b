#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A program that tells all that it can find out is run on two "hosts", as
# different from each other as can be made here. What it says must be the same;
# a line that differs names the leak.
#
# Usage: leaks.sh EMU GUEST
source tests/cli/lib.sh
guest=$OLDPWD/$2
cp "$guest" guest

# The same tree twice, but for what a copy of it would not have.
plain_tree() {
  mkdir -p "$1/sub"
  for name in a b c; do echo "$name" >"$1/$name"; done
  truncate -s 64K "$1/sparse"
  ln "$1/a" "$1/hard"
  ln -s a "$1/link"
  chmod 644 "$1"/[abc]; chmod 755 "$1" "$1/sub"
}
odd_tree() {
  mkdir -p "$1"
  ln -s a "$1/link"
  head -c 64K /dev/zero >"$1/sparse"
  for name in c b a; do echo "$name" >"$1/$name"; done
  mkdir "$1/sub"
  # A directory that was large once stays so on some file systems.
  for i in {1..300}; do : >"$1/sub/$i"; done
  rm "$1"/sub/*
  ln "$1/a" "$1/hard"
  chmod 644 "$1"/[abc]; chmod 755 "$1" "$1/sub"
  touch -d 2001-02-03 "$1/a" "$1/sub"
  touch -h -d 2002-03-04 "$1/link"
  python3 -c 'import os, sys
try: os.setxattr(sys.argv[1], "user.origin", b"elsewhere")
except OSError: pass' "$1/b"
}

# host DIRECTORY OUTPUT COMMAND...: the guest on the tree that lies there now.
observe() {
  local output=$1
  shift
  "$@" "$emu" run -v "$scratch/tree:/tree" -v "$scratch/guest:/guest" -w / \
    /guest /tree >"$output" 2>"$output.err" </dev/null || fail "a run: $(cat "$output.err")"
}

plain_tree tree
observe first
mv tree before
odd_tree tree
mkdir -p "$scratch/elsewhere/with/a/longer/path" extra{1..20}
cpus=$(taskset -cp $$ | sed 's/.*: //; s/.*[-,]//')
nice -n 10 timeout 60 sh -c 'while :; do :; done' &
load=$!
as_other=()
if ((EUID == 0)); then
  chown -R 65534:65534 tree
  as_other=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
(
  cd "$scratch/elsewhere/with/a/longer/path" || exit 1
  umask 077
  ulimit -Sn 600 && ulimit -Ss 4096 && ulimit -Sc 0
  trap '' USR2 WINCH
  export TZ=Asia/Tokyo LC_ALL=de_DE.UTF-8 LANG=ja_JP HOME=/nowhere FOO=bar \
    USER=somebody SHELL=/bin/dash COLUMNS=7 LINES=9 \
    GLIBC_TUNABLES=glibc.malloc.check=3
  exec 7</etc/passwd 9<.
  observe "$scratch/second" nice -n 3 setsid -w setarch -R taskset -c "$cpus" \
    "${as_other[@]}"
  exit "$failures"
) || failures=$((failures + 1))
kill "$load"
wait "$load" 2>/dev/null

diff first second >differences || fail "$(head -n 30 differences)"
(($(wc -l <first) > 400)) || fail 'the guest said too little'
finish
