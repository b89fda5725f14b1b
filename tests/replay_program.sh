#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Records a script under emu, and replays it where nothing of this system is: in
# a root with emu and the recording alone, as another user. What the script said,
# how it ended and the files that it left must be the same.
#
# Usage: replay_program.sh EMU SCRIPT

set -euo pipefail

readonly emu=$PWD/$1 script=$2
scratch=$(mktemp -d /tmp/replay.XXXXXXXX)
trap 'chmod -R u+rwX -- "$scratch"; rm -rf -- "$scratch"' EXIT
trap 'exit 143' TERM INT
chmod 755 "$scratch"
readonly directory=$scratch/cwd jail=$scratch/jail
mkdir -m 755 "$directory" "$jail"
cp -- "$script" "$scratch/program.sh"
chmod 755 "$scratch/program.sh"

options=()
for variable in PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$directory" \
  TMPDIR="$directory" LANG=C.UTF-8 TZ=UTC PYTHONDONTWRITEBYTECODE=1; do
  options+=(-e "$variable")
done

umask 022
status=0
(cd "$directory" &&
  exec env --default-signal "$emu" record -o "$jail/trace" "${options[@]}" \
    --export "$directory:$scratch/recorded" -- "$scratch/program.sh") \
  </dev/null >"$scratch/recorded.out" 2>"$scratch/recorded.err" || status=$?
echo "$status" >"$scratch/recorded.status"
chmod 644 "$jail/trace"
rm -r "$directory" "$scratch/program.sh"

cp -- "$emu" "$jail/emu"
mkdir -m 1777 "$jail/out"
elsewhere=(env --chdir=/ --ignore-environment --default-signal "$jail/emu")
trace=$jail/trace exported=$jail/out/files
if ((EUID == 0)); then
  elsewhere=(env --ignore-environment --default-signal "$(command -v chroot)"
    --userspec=65534:65534 "$jail" /emu)
  trace=/trace exported=/out/files
fi
status=0
(umask 077 && ulimit -n 128 && exec "${elsewhere[@]}" replay \
  --export="$directory:$exported" -- "$trace") \
  </dev/null >"$scratch/replayed.out" 2>"$scratch/replayed.err" || status=$?
echo "$status" >"$scratch/replayed.status"

# What is in a directory, for comparison.
snapshot() {
  (cd "$1" && find . -mindepth 1 -printf '%P %y %m %l\n' | LC_ALL=C sort &&
    find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum)
}

failed=0
snapshot "$scratch/recorded" >"$scratch/recorded.files" || failed=1
snapshot "$jail/out/files" >"$scratch/replayed.files" || failed=1
for what in status out err files; do
  diff -u "$scratch/recorded.$what" "$scratch/replayed.$what" | head -n 60 ||
    failed=1
done
exit "$failed"
