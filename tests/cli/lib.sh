# SPDX-License-Identifier: Apache-2.0
#
# For tests of the command line: sourced with the path of emu as $1. A fresh
# directory, removed at the end, is the working directory.

set -u
emu=$PWD/$1
scratch=$(mktemp -d /tmp/cli.XXXXXXXX)
chmod 755 "$scratch"
trap 'chmod -R u+rwx "$scratch"; rm -rf -- "$scratch"' EXIT
cd "$scratch" || exit 1
unset SOURCE_DATE_EPOCH
failures=0

fail() {
  echo "FAILED: $*" >&2
  failures=$((failures + 1))
}

# run ARGS...: runs emu; its results are in $status, $out and $err.
run() {
  "$emu" "$@" >"$scratch/.out" 2>"$scratch/.err" </dev/null
  status=$?
  out=$(cat "$scratch/.out")
  err=$(cat "$scratch/.err")
  command="emu $*"
}

expect_status() {
  [[ $status == "$1" ]] || fail "$command: status $status, not $1; $err"
}
expect_out() {
  [[ $out == "$1" ]] || fail "$command: said '$out', not '$1'; $err"
}
# One line, which starts with "emu: " and matches the pattern.
expect_message() {
  [[ $err == "emu: "$1 && $err != *$'\n'* ]] ||
    fail "$command: message '$err', not 'emu: $1'"
}
# expect STATUS PATTERN ARGS...: a run that emu itself ends.
expect() {
  local wanted=$1 pattern=$2
  shift 2
  run "$@"
  expect_status "$wanted"
  # shellcheck disable=SC2053
  [[ $err == emu:\ $pattern && $err != *$'\n'* ]] ||
    fail "$command: message '$err', not 'emu: $pattern'"
}

# From here on emu is a copy of the test's own, so that its processes are known.
own_emu() {
  mkdir "$scratch/.own"
  cp -- "$emu" "$scratch/.own/emu"
  emu=$scratch/.own/emu
}
# Every process of that copy has ended, or does so now by itself, and no file has
# come to the working directory but those whose names are given.
expect_nothing_left() {
  local left
  for _ in $(seq 50); do
    left=$(find /proc -mindepth 2 -maxdepth 2 -name exe -lname "$emu" 2>/dev/null)
    [[ -z $left ]] && break
    sleep 0.1
  done
  [[ -z $left ]] || fail "$command: processes are left: $left"
  left=$(ls -A "$scratch" | grep -vxF -e .own -e .out -e .err "${@/#/-e}")
  [[ -z $left ]] || fail "$command: files are left: $left"
}

finish() {
  ((failures == 0)) || echo "$failures failed" >&2
  exit $((failures > 0))
}
