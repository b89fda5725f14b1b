#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs a script three times under different conditions of the host: every system
# call, its data and its virtual time must be the same.
#
# Usage: verify_program.sh EMU SCRIPT

set -euo pipefail

readonly emu=$PWD/$1 script=$2
# What others do in the host's /tmp meanwhile is none of its inputs.
scratch=$(mktemp -d /var/tmp/verify.XXXXXXXX)
trap 'chmod -R u+rwX -- "$scratch"; rm -rf -- "$scratch"' EXIT
trap 'exit 143' TERM INT
chmod 755 "$scratch"
readonly directory=$scratch/cwd
mkdir -m 755 "$directory"
cp -- "$script" "$scratch/program.sh"
chmod 755 "$scratch/program.sh"

options=()
for variable in PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$directory" \
  TMPDIR="$directory" LANG=C.UTF-8 TZ=UTC PYTHONDONTWRITEBYTECODE=1; do
  options+=(-e "$variable")
done

cd "$directory"
status=0
"$emu" verify -n 3 --tmpfs /tmp "${options[@]}" -- "$scratch/program.sh" \
  </dev/null >/dev/null 2>"$scratch/err" || status=$?
if ((status != 0)) || ! grep -q '^emu: deterministic: 3 runs of ' "$scratch/err" ||
  grep 'not reproducible' "$scratch/err"; then
  tail -n 60 "$scratch/err"
  exit 1
fi
