#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs a script natively and then under emu, each in a fresh directory of the
# same name, and compares: standard output, standard error, exit status, and
# every file that is there afterwards (name, type, permissions, content).
#
# Usage: run_program.sh EMU SCRIPT [EMU_OPTIONS...]

set -euo pipefail

readonly emu=$PWD/$1 script=$2
options=("${@:3}")
scratch=$(mktemp -d /tmp/program.XXXXXXXX)
trap 'chmod -R u+rwX -- "$scratch"; rm -rf -- "$scratch"' EXIT
trap 'exit 143' TERM INT
chmod 755 "$scratch"
readonly directory=$scratch/cwd
cp -- "$script" "$scratch/program.sh"
chmod 755 "$scratch/program.sh"

variables=(
  PATH=/usr/sbin:/usr/bin:/sbin:/bin
  HOME="$directory"
  TMPDIR="$directory"
  LANG=C.UTF-8
  TZ=UTC
  PYTHONDONTWRITEBYTECODE=1
)

# What is in a directory, for comparison.
snapshot() {
  (cd "$1" && find . -mindepth 1 -printf '%P %y %m %l\n' | LC_ALL=C sort &&
    find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum)
}

new_directory() {
  mkdir -m 755 "$directory"
  if ((EUID == 0)) && [[ $1 == native ]]; then chown 1000:1000 "$directory"; fi
}

as_user=()
if ((EUID == 0)); then
  as_user=(setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all)
fi

umask 022
new_directory native
status=0
(cd "$directory" &&
  exec "${as_user[@]}" env --ignore-environment --default-signal \
    "${variables[@]}" "$scratch/program.sh") \
  </dev/null >"$scratch/native.out" 2>"$scratch/native.err" || status=$?
echo "$status" >"$scratch/native.status"
snapshot "$directory" >"$scratch/native.files"
chmod -R u+rwX "$directory"
rm -rf "$directory"
if [[ -n ${NATIVE_ONLY:-} ]]; then
  cat "$scratch"/native.{out,err,status,files}
  exit "$status"
fi

new_directory emu
for variable in "${variables[@]}"; do options+=(-e "$variable"); done
status=0
(cd "$directory" &&
  exec env --default-signal "$emu" run "${options[@]}" \
    --export "$directory:$scratch/exported" -- "$scratch/program.sh") \
  </dev/null >"$scratch/emu.out" 2>"$scratch/emu.err" || status=$?
echo "$status" >"$scratch/emu.status"
failed=0
if [[ -n $(ls -A "$directory") ]]; then
  echo "the host's directory was written to"
  failed=1
fi
snapshot "$scratch/exported" >"$scratch/emu.files" || failed=1

for what in status out err files; do
  diff -u "$scratch/native.$what" "$scratch/emu.$what" | head -n 60 || failed=1
done
exit "$failed"
