#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs a guest program natively or under emu, in surroundings that are the same
# for both: a fresh directory of the guest's own as working directory and
# TMPDIR, a minimal environment, umask 022, no input, no open files beyond the
# standard three, default signals.
#
# Usage: run_guest.sh native user|root GUEST [GUEST_ARGS...]
#        run_guest.sh emu[:ACCESS] user|root GUEST EMU [GUEST_ARGS...]
#
# ACCESS is for emu's --memory-access.
#
# `user` is uid and gid 1000 where the caller may choose, as under emu;
# elsewhere a native guest runs as its caller.

set -euo pipefail

readonly mode=$1 user=$2 guest=$3
shift 3
if [[ $mode != native ]]; then
  readonly emu=$PWD/$1
  shift
fi
if [[ -n ${TESTBRIDGE_TEST_ONLY:-} ]]; then
  set -- "$@" "--gtest_filter=$TESTBRIDGE_TEST_ONLY"
fi

# Bazel's own directories may be closed to the guest's user.
scratch=$(mktemp -d /tmp/guest.XXXXXXXX)
trap 'rm -rf -- "$scratch"' EXIT
trap 'exit 143' TERM INT
chmod 755 "$scratch"
cp -- "$guest" "$scratch/"
readonly program=$scratch/${guest##*/} directory=$scratch/cwd
chmod 755 "$program"
mkdir -m 755 "$directory"

as_user=()
if [[ $user == root ]]; then
  if ((EUID != 0)) && [[ $mode == native ]]; then
    unshare -Ur true ||
      { echo 'needs root, or user namespaces to stand in for it' >&2; exit 1; }
    as_user=(unshare -Ur)
  fi
elif ((EUID == 0)) && [[ $mode == native ]]; then
  chown 1000:1000 "$directory"
  as_user=(setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all)
fi

variables=(
  PATH=/usr/sbin:/usr/bin:/sbin:/bin
  HOME="$directory"
  TMPDIR="$directory"
  LANG=C
)
if [[ $mode == native ]]; then
  command=(env --ignore-environment "${variables[@]}" "$program")
  command=("${as_user[@]}" "${command[@]}" "$@")
else
  command=("$emu" run -w "$directory")
  for variable in "${variables[@]}"; do command+=(-e "$variable"); done
  if [[ $user == root ]]; then command+=(-u 0); fi
  if [[ $mode == emu:* ]]; then command+=(--memory-access "${mode#emu:}"); fi
  command+=(-- "$program" "$@")
fi

cd "$directory"
umask 022
for fd in /proc/self/fd/*; do
  fd=${fd##*/}
  if ((fd > 2 && fd != 255)); then eval "exec $fd>&-"; fi
done
# As a child: the scratch directory is removed afterwards.
env --default-signal -- "${command[@]}" </dev/null &
wait $! && status=0 || status=$?
exit $status
